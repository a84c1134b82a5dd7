"""What the engine's Python host hands to a program."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.language_host.host import Host

# Reads its config as program.py does, and keeps it for the test.
PYTHON = """\
#!/bin/sh
cat > "$(dirname "$0")/config"
exit {code}
"""


def run(folder: Path, config: dict[str, str], code: int = 0) -> Any:
    """Run a program, whose Python is the script above."""
    python = folder / "bin/python"
    python.parent.mkdir()
    python.write_text(PYTHON.format(code=code))
    python.chmod(0o755)
    info = SimpleNamespace(
        options={"virtualenv": "."},
        root_directory=str(folder),
        program_directory=str(folder),
        entry_point=".",
    )
    request = SimpleNamespace(
        info=info,
        project="axon",
        stack="test",
        monitor_address="",
        parallel=1,
        dryRun=True,
        organization="",
        config=config,
        configSecretKeys=["axon:models"],
    )
    return Host("").Run(request, None)


def test_a_config_may_be_larger_than_an_environment_variable(tmp_path: Path) -> None:
    config = {"axon:models": "x" * 500_000}

    answer = run(tmp_path, config)

    assert (answer.error, answer.bail) == ("", False)
    assert json.loads((tmp_path / "bin/config").read_text()) == [config, ["axon:models"]]


def test_a_program_that_fails_without_a_word_is_an_error(tmp_path: Path) -> None:
    assert run(tmp_path, {}, code=3).error == "the program exited with code 3"


def test_a_program_that_has_said_what_is_wrong_is_not_explained_again(tmp_path: Path) -> None:
    answer = run(tmp_path, {}, code=32)

    assert (answer.error, answer.bail) == ("", True)
