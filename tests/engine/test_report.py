"""The report of a pull request, from the real engine's preview: no cluster and no AWS are asked."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from axon.report.findings import Risk
from axon.report.markdown import to_markdown
from axon.report.preview import UNKNOWN, read_preview
from axon.report.report import Exit, make_report
from tests.doubles import Account
from tests.stacks import environment_of_tests, of_file, stack

pytestmark = pytest.mark.engine


def without_platform(name: str) -> dict[str, Any]:
    """The settings of a stack file, without the add-ons, whose charts a machine may lack."""
    return {**of_file(name), "platform": {"install": False}}


def test_a_stack_from_nothing_is_reported_as_new_and_keeps_every_policy(tmp_path: Path) -> None:
    account = Account(tmp_path / "account")
    doubled = account.environment(environment_of_tests())
    with stack(tmp_path / "axon", f"dev-{uuid.uuid4().hex[:6]}", without_platform("dev"), doubled) as made:
        document = json.loads(made.pulumi("preview", "--json").stdout)
        report = make_report(made.name, "main", read_preview(document), "", made.file.read_text())

    text = to_markdown(report)
    subjects = {finding.subject for finding in report.findings}
    assert {"iris-classifier", "node group cpu-spot", "network", "cluster", "model store"} <= subjects
    assert (report.risk, report.exit) == (Risk.NONE, Exit.SAFE)
    assert [violation.message for violation in report.violations] == []
    assert "| iris-classifier | new, at /iris-classifier, 1 to 4 replicas | none |" in text
    assert UNKNOWN not in text
    assert account.record() == []
