"""A closing list of what was not proven, because a tool was missing."""

from collections import Counter

import pytest

from tests.tools import MARK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the tests that `tools.need` skipped, by tool."""
    reasons = (
        report.longrepr[2] for report in terminalreporter.getreports("skipped") if isinstance(report.longrepr, tuple)
    )
    missing = Counter(reason.partition(MARK)[2] for reason in reasons if MARK in reason)
    if missing:
        terminalreporter.section("not proven here")
        for tool, tests in sorted(missing.items()):
            terminalreporter.line(f"{tool} is missing: {tests} tests did not run (scripts/install-tools)")
