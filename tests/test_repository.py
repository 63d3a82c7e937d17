"""The template's own repository keeps to what it asks of projects."""

import sys
from pathlib import Path

import pytest
import yaml

from tests import ladder

BIN = Path(sys.executable).parent
CHECKS = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "mypy": ["mypy"],
    "shellcheck": ["shellcheck", "scripts/install-tools", "scripts/test", ".ci/run"],
    "yamllint": ["yamllint", "--strict", "copier.yml", "levels", ".pre-commit-config.yaml"],
    "hooks": ["prek", "validate-config", ".pre-commit-config.yaml"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_linters_are_content(check: str) -> None:
    tool, *arguments = CHECKS[check]
    ladder.run([BIN / tool, *arguments], ladder.ROOT)


def test_hooks_need_no_other_repository() -> None:
    config = yaml.safe_load((ladder.ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {source["repo"] for source in config["repos"]} == {"local"}


def test_organization_is_empty_here() -> None:
    assert (ladder.ROOT / "organization.yml").read_text(encoding="utf-8") == ""


@pytest.mark.xdist_group("together")
def test_a_parallel_run_keeps_groups_of_tests_together(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput"):
        pytest.skip("not a parallel run")
    assert request.node.nodeid.endswith("@together")
