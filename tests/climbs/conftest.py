"""What the tests of climbs share."""

import random
from pathlib import Path

import pytest

from tests.climbs.worlds import Worlds


@pytest.fixture(scope="session")
def worlds(shared: Path) -> Worlds:
    """Renderings that all tests, and all workers of a parallel run, share."""
    return Worlds(shared / "worlds")


@pytest.fixture
def first_seed(request: pytest.FixtureRequest) -> int:
    """Another one at each run, or the one that is asked for."""
    asked = request.config.getoption("--hypothesis-seed")
    return int(asked) if asked else random.randrange(2**31)
