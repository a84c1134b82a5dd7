"""Documents: links lead somewhere, and the README's first model is one that axon accepts."""

import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from stacks.settings.model import Model

PROJECT = Path(__file__).parents[2]
_LIST = subprocess.run(["git", "ls-files", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True)
# Golden reports link to GitHub's own paths, and the template to a record that is yet to be written.
PAGES = [
    PROJECT / name
    for name in _LIST.stdout.split()
    if "/golden/" not in name and name != "docs/adr/template.md"
]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    return not file.exists() or bool(anchor and anchor not in anchors(file))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text())
    local = [target for target in targets if not target.startswith("http")]

    assert [target for target in local if leads_nowhere(page, target)] == []


def test_the_first_model_of_the_readme_is_valid() -> None:
    example = re.search(r"(?m)^    axon:models:\n(?:    .+\n)+", (PROJECT / "README.md").read_text())

    assert example is not None
    (model,) = yaml.safe_load(dedent(example[0]))["axon:models"].values()
    assert Model.model_validate(model).autoscaling.max_replicas == 20


def test_every_decision_is_in_the_index() -> None:
    folder = PROJECT / "docs/adr"
    records = {file.name for file in folder.glob("[0-9]*.md")}

    assert records == set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert [name for name in records if len((folder / name).read_text().splitlines()) > 40] == []
