"""A new project: a folder with stack files and predictors of its own, which takes axon as a dependency."""

import json
from importlib.metadata import distribution
from pathlib import Path

from axon.new.model import NewError
from stacks.settings.project import CODE

_FILES = {
    "Pulumi.yaml": """\
name: axon
description: Machine-learning models as production APIs
runtime:
  name: python
  options:
    toolchain: uv
    virtualenv: .venv
stackConfigDir: stacks
""",
    "__main__.py": '''\
"""The stacks of this folder, made by axon's program."""

from axon.program import run

run()
''',
    "pyproject.toml": """\
[project]
name = "models"
version = "0"
requires-python = ">=3.11,<3.14"
dependencies = ["axon @ {source}"]

[tool.uv]
package = false
""",
    "stacks/Pulumi.local.yaml": """\
config:
  axon:cluster:
    kind: existing # the current context of your kubeconfig, or the cluster that `axon up` starts
  axon:images:
    registry: localhost:5000/axon
    base: localhost:5000/axon/python:3.11-bookworm
    mirror: localhost:5000/mirror # remove on a cluster that reaches the public registries
  axon:platform:
    charts: local/charts # remove on a machine that reaches the charts' own repositories
    gateway: {service_type: ClusterIP, replicas: 1}
""",
    "policies/registries.txt": """\
# Registries that images may come from, one a line, besides the stack's own.
""",
    ".gitignore": ".venv/\n__pycache__/\nlocal/charts/\nstacks/Pulumi.pr-*.yaml\n",
    ".github/workflows/report.yaml": """\
name: report
on: pull_request
permissions: {contents: read}

jobs:
  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with: {persist-credentials: false, fetch-depth: 0}
      - uses: astral-sh/setup-uv@d0cc045d04ccac9d8b7881df0226f9e82c39688e # v6.8.0
      - run: uv run axon check --stack local
""",
}


def new_project(folder: Path, source: str | None = None) -> list[str]:
    """Write a project's files into a folder; return their paths.

    `source` is where the project installs axon from, as pip writes it. Default: the commit or folder of this
    axon.

    Raises:
        NewError: when one of the files exists. Nothing was written.
    """
    if existing := [name for name in _FILES if (folder / name).exists()]:
        raise NewError(f"{folder} has {', '.join(existing)} already: choose an empty folder")
    source = source or installed_from()
    for name, text in _FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("{source}", source))
    return list(_FILES)


def installed_from() -> str:
    """Return the URL of this axon: a git repository at its commit, or a folder.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    text = distribution("axon").read_text("direct_url.json")
    found = json.loads(text) if text else {}
    if commit := found.get("vcs_info", {}).get("commit_id"):
        return f"git+{found['url']}@{commit}"
    return CODE.absolute().as_uri()
