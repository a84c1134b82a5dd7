"""What the engine's Python host hands to a program."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from axon.toolchain.language_host import host
from axon.toolchain.language_host.host import Host

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


# Starts the host as the engine does, and says its process and that it serves.
ENGINE = """\
import subprocess, sys
host = subprocess.Popen([sys.executable, sys.argv[1], ""], stdout=subprocess.PIPE)
host.stdout.readline()
print(host.pid, flush=True)
host.wait()
"""


def test_the_host_of_an_engine_that_is_killed_ends() -> None:
    command = [sys.executable, "-c", ENGINE, host.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout
        pid = int(engine.stdout.readline())
        engine.kill()

    deadline = time.monotonic() + 30
    try:
        while _runs(pid):
            assert time.monotonic() < deadline, "it runs on"
            time.sleep(0.05)
    finally:
        if _runs(pid):
            os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
