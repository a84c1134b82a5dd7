"""The report of each edit in edits.py, as a reviewer reads it: golden/*.md.

The program runs before and after each edit, offline and within a second or two. To regenerate all of them,
after a change of the program or of the report's words:

    python -m tests.unit.gitops.test_reports

or only some: `python -m tests.unit.gitops.test_reports compute paused`. Read the diff before you commit it.
"""

import re
import sys
from pathlib import Path

import pytest

from axon.report.markdown import LIMIT, marker, to_markdown
from axon.report.report import Exit
from tests.unit.gitops.edits import EDITS, scenario

GOLDEN = Path(__file__).parent / "golden"
EXITS = {
    "removed-model": Exit.DESTRUCTIVE,
    "built-model-to-image": Exit.DESTRUCTIVE,
    "renamed-model": Exit.DESTRUCTIVE,
    "another-cluster-name": Exit.DESTRUCTIVE,
    "kubernetes-version": Exit.DESTRUCTIVE,
    "one-replica-in-production": Exit.FORBIDDEN,
    "latest-image-in-production": Exit.FORBIDDEN,
    "over-budget": Exit.FORBIDDEN,
    "removed-model-in-production": Exit.FAILED,
    "removed-model-with-kept-images": Exit.DESTRUCTIVE,
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_reported_as_in_its_golden_file(name: str) -> None:
    assert to_markdown(scenario(name).report()) == (GOLDEN / f"{name}.md").read_text()


@pytest.mark.parametrize("name", EDITS)
def test_the_exit_code_is_that_of_the_highest_risk(name: str) -> None:
    assert scenario(name).report().exit == EXITS.get(name, Exit.SAFE)


@pytest.mark.parametrize("name", EDITS)
def test_a_comment_can_be_found_again_and_posted(name: str) -> None:
    change = scenario(name)
    text = to_markdown(change.report())

    assert text.startswith(marker(change.stack) + "\n")
    assert len(text) <= LIMIT


def test_each_golden_file_has_an_edit() -> None:
    assert {file.stem for file in GOLDEN.glob("*.md")} == EDITS.keys()


def test_the_pictures_of_the_docs_are_of_reports() -> None:
    docs = (Path(__file__).parents[3] / "docs/gitops.md").read_text()
    pictures = re.findall(r"\(images/(.+)\.png\)", docs)

    assert pictures
    assert [name for name in pictures if not (GOLDEN / f"{name}.md").exists()] == []


if __name__ == "__main__":
    for name in sys.argv[1:] or EDITS:
        (GOLDEN / f"{name}.md").write_text(to_markdown(scenario(name).report()))
