"""The word linter: it reports ruled-out words in prose, with the place, and leaves code and names alone."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[2]


def linter() -> ModuleType:
    """Import docs/words.py, whose folder is not a package."""
    spec = spec_from_file_location("words", PROJECT / "docs/words.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


words = linter()


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.md", "fine\nThe key is made anew.\n", "a.md:2: "),
        ("a.yml", "label: the users whom it serves\n", "a.yml:1: "),
        ("a.py", "x = 1  # it has to be one\n", "a.py:1: "),
        ("a.py", 'x = """\nmade anew\n"""\n', "a.py:2: "),
        ("a.py", '"""What a module holds."""\n', "a.py:1: docstring opens"),
        ("a.py", 'class A:\n    x: int\n    """Whether it runs."""\n', "a.py:3: docstring opens"),
    ],
)
def test_a_problem_is_reported_with_its_place(tmp_path: Path, name: str, text: str, place: str) -> None:
    (tmp_path / name).write_text(text)

    (problem,) = words.problems(tmp_path / name)

    assert place in problem


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "A key is recreated, see `anew` and [the page](anew.md).\n"),
        ("a.md", "    made anew  # a block of code\n"),
        ("a.md", "```\nmade anew\n```\n"),
        ("a.py", 'def anew() -> None:\n    """Recreate the key."""\n'),
    ],
)
def test_code_and_names_are_not_reported(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    assert list(words.problems(tmp_path / name)) == []


def test_a_whole_run_is_clean_and_covers_the_readme() -> None:
    run = subprocess.run([sys.executable, "docs/words.py"], cwd=PROJECT, capture_output=True, text=True)

    assert (run.returncode, run.stdout) == (0, "")
    assert PROJECT / "README.md" in {
        file for pattern in words.RULES["clean"] for file in PROJECT.glob(pattern)
    }


def test_no_exemption_outlives_its_file() -> None:
    assert [name for name in words.RULES["exempt"] if not (PROJECT / name).exists()] == []
