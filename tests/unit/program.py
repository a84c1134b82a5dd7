"""The program `axon`, run in the process of a test."""

import os
import sys
from unittest import mock

from axon.cli import main


def exit_code(*words: str) -> int:
    """Run a command, and return its exit code."""
    with mock.patch.dict(os.environ), mock.patch.object(sys, "argv", ["axon", *words]):
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0
