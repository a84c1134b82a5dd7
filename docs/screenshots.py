"""Screenshots of comments for docs/gitops.md: `python docs/screenshots.py`, with Chromium on PATH."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from markdown_it import MarkdownIt

DOCS = Path(__file__).parent
GOLDEN = DOCS.parent / "tests/unit/gitops/golden"
# The comment of each picture, and the height in pixels.
PICTURES = {"several-at-once": 590, "third-zone": 500}
STYLE = """
body { font: 14px/1.5 'DejaVu Sans', sans-serif; width: 900px; margin: 16px 24px; color: #1f2328; }
table { border-collapse: collapse; margin: 0 0 16px; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }
tr:nth-child(2n) { background: #f6f8fa; }
code, pre { font: 12px 'DejaVu Sans Mono', monospace; background: #f6f8fa; border-radius: 6px; }
pre { padding: 16px; overflow: hidden; } pre code { background: none; }
h3 code { font-size: inherit; } .minus { background: #ffebe9; } .plus { background: #dafbe1; }
html { overflow: hidden; }
h3 { border-bottom: 1px solid #d1d9e0; padding-bottom: 6px; }
"""
# A new profile each time, and no background requests.
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--no-first-run", "--disable-background-networking"]


def picture(name: str, height: int) -> None:
    """Render a comment approximately as GitHub does, and write it to docs/images."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    rendered = markdown.render((GOLDEN / f"{name}.md").read_text())
    colored = re.sub(r"(?m)(^|(?<=<code class=\"language-diff\">))([-+]) .*$", _colored, rendered)
    page = f"<style>{STYLE}</style>{colored}"
    with TemporaryDirectory() as folder:
        html = Path(folder) / "comment.html"
        html.write_text(f"<!doctype html><meta charset=utf-8>{page}")
        where = [f"--user-data-dir={folder}/profile", f"--window-size=960,{height}"]
        shot = f"--screenshot={DOCS / 'images' / f'{name}.png'}"
        subprocess.run([*CHROMIUM, *where, shot, html.as_uri()], check=True, capture_output=True)


def _colored(line: re.Match[str]) -> str:
    return f'<span class="{"plus" if line[2] == "+" else "minus"}">{line[0]}</span>'


if __name__ == "__main__":
    (DOCS / "images").mkdir(exist_ok=True)
    for name, height in PICTURES.items():
        picture(name, height)
