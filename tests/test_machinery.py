"""The tests of src/lifecycle hold for a project of every framework, tracker and level, not for the default alone."""

import sys

import pytest

from mlops_ladder.levels import read
from tests import ladder

FOLDER = ladder.ROOT / "tests" / "lifecycle"
# `make check` and the rest of the suite run them for the defaults.
CHOICES = [
    "problem_type=regression framework=xgboost",
    "framework=lightgbm tracking=wandb ci=gitlab",
    "level=1",
    "level=0",
]


@pytest.mark.parametrize(
    "answers", [pytest.param(answers, marks=pytest.mark.xdist_group(answers)) for answers in CHOICES]
)
def test_the_code_passes_its_tests_for_other_choices(answers: str) -> None:
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", FOLDER.relative_to(ladder.ROOT)]
    done = ladder.run(command, ladder.ROOT, check=False, ANSWERS=answers)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_every_test_of_a_dimension_is_the_proof_of_a_capability() -> None:
    """Or a lower level would run it: tests/lifecycle/rendered.py leaves out what higher levels are proven by."""
    proofs = " ".join(capability.proof for capability in read(ladder.ROOT / "levels"))
    tests = [path.relative_to(ladder.ROOT).as_posix() for path in FOLDER.glob("*/**/test_*.py")]
    assert tests
    assert [test for test in tests if test not in proofs] == []
