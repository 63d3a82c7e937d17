"""Work of the user's own is spread over workers, with what is shared sent once."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle import project
from lifecycle.development import compute
from lifecycle.project import Failure

pytestmark = pytest.mark.skipif(project.settings()["compute"] != "local", reason="a cluster has a test of its own")
MODULE = """
import os

def place(table, row):
    return table[row], os.getpid(), os.environ["OMP_NUM_THREADS"]

def double(number):
    return 2 * number

def refuse(number):
    raise ValueError(f"not {number}")

def die(number):
    os._exit(1)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A module that a user might add."""
    (tmp_path / "own_candidates.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_candidates

    yield own_candidates
    del sys.modules["own_candidates"]


def test_a_function_of_the_user_is_mapped_over_items_in_their_order(own: object, workspace: Path) -> None:
    found = list(compute.map(own.place, range(5), shared=[10, 11, 12, 13, 14], workers=2))  # type: ignore[attr-defined]
    assert [value for value, _, _ in found] == [10, 11, 12, 13, 14]
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for _, _, threads in found} == {os.environ.get("OMP_NUM_THREADS", "1")}
    assert list(compute.map(own.double, [1, 2], workers=1)) == [2, 4]  # type: ignore[attr-defined]


def test_an_error_is_the_callers_and_a_lost_worker_is_named(own: object, workspace: Path) -> None:
    with pytest.raises(ValueError, match="not 1"):
        list(compute.map(own.refuse, [1], workers=1))  # type: ignore[attr-defined]
    with pytest.raises(Failure, match="a worker was lost"):
        list(compute.map(own.die, [1], workers=1))  # type: ignore[attr-defined]
