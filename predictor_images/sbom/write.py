"""Write the SBOM of an image as CycloneDX: its Python and Debian packages. Runs during the image's build.

`python3 write.py CYCLONEDX_PY FILE`: CYCLONEDX_PY generates the list of Python packages.
"""

import json
import subprocess
import sys
from pathlib import Path

_FORMAT = "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\n"


def main() -> None:
    """Write the SBOM."""
    tool, file = sys.argv[1:]
    python = "/opt/venv/bin/python"
    subprocess.run([tool, "environment", "--output-reproducible", "-o", file, python], check=True)
    listed = json.loads(Path(file).read_text())
    listed.setdefault("components", []).extend(_debian())
    Path(file).write_text(json.dumps(listed, indent=2) + "\n")


def _debian() -> list[dict[str, str]]:
    """Return the Debian packages of the base image; empty if it is not Debian."""
    try:
        run = subprocess.run(["dpkg-query", "-W", "-f", _FORMAT], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return []
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    installed = sorted(row[1:] for row in rows if row[0] == "installed")
    return [_component(*row) for row in installed]


def _component(name: str, version: str, architecture: str) -> dict[str, str]:
    # https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md
    purl = f"pkg:deb/debian/{name}@{version.replace(':', '%3A')}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    main()
