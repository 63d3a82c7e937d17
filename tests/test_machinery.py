"""The tests of src/lifecycle hold for a project of every framework, tracker and level, not for the default alone."""

import sys

import pytest

from tests import ladder
from tests.lifecycle import rendered

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


def test_a_lower_level_leaves_out_the_tests_of_higher_ones_and_no_other() -> None:
    left_out = {level: rendered.above(level) for level in range(3)}
    assert "development/test_tune.py" in left_out[1] and "development/test_reproducible.py" not in left_out[1]
    assert {"development/test_reproducible.py", *left_out[1]} <= set(left_out[0])
    assert left_out[2] == []
