"""What a program imports: each start of the engine waits for it."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_a_stack_that_is_not_on_aws_does_not_import_its_sdks() -> None:
    script = "import components, sys; print([m for m in ('pulumi_aws', 'pulumi_eks') if m in sys.modules])"
    run = [sys.executable, "-c", script]

    assert subprocess.run(run, cwd=PROJECT, capture_output=True, text=True, check=True).stdout == "[]\n"
