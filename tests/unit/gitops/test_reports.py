"""The reports of every kind of change, as a reviewer reads them: golden/*.md.

`python -m tests.unit.gitops.test_reports` writes them anew; read the difference before you commit it.
"""

import re
from pathlib import Path

import pytest

from axon.report.markdown import LIMIT, marker, to_markdown
from axon.report.report import Exit
from tests.unit.gitops.kinds import KINDS

GOLDEN = Path(__file__).parent / "golden"
EXITS = {
    "removed-model": Exit.DESTRUCTIVE,
    "renamed-model": Exit.DESTRUCTIVE,
    "another-cluster-name": Exit.DESTRUCTIVE,
    "kubernetes-version": Exit.DESTRUCTIVE,
    "one-replica-in-production": Exit.FORBIDDEN,
    "latest-image-in-production": Exit.FORBIDDEN,
    "over-budget": Exit.FORBIDDEN,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_reported_as_its_golden_file_says(kind: str) -> None:
    assert to_markdown(KINDS[kind]().report()) == (GOLDEN / f"{kind}.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_the_job_ends_as_the_change_deserves(kind: str) -> None:
    assert KINDS[kind]().report().exit == EXITS.get(kind, Exit.SAFE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_comment_can_be_found_again_and_posted(kind: str) -> None:
    world = KINDS[kind]()
    text = to_markdown(world.report())

    assert text.startswith(marker(world.stack) + "\n")
    assert len(text) <= LIMIT


def test_every_golden_file_has_its_kind() -> None:
    assert {file.stem for file in GOLDEN.glob("*.md")} == KINDS.keys()


def test_the_pictures_of_the_docs_are_of_reports() -> None:
    docs = (Path(__file__).parents[3] / "docs/gitops.md").read_text()
    pictures = re.findall(r"\(images/(.+)\.png\)", docs)

    assert pictures
    assert [name for name in pictures if not (GOLDEN / f"{name}.md").exists()] == []


if __name__ == "__main__":
    for name, make in KINDS.items():
        (GOLDEN / f"{name}.md").write_text(to_markdown(make().report()))
