"""What can be seen from here of the continuous integration."""

import os
from collections.abc import Iterator

from ..extensions import extends
from ..maturity import Evidence
from ..project import root
from ..repository import try_git


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """P1a: the hooks are on, and the commits go where a pipeline sees them."""
    if os.environ.get("CI"):
        yield Evidence("P1a", "proven", "the pipeline is running this", "")
        return
    folder = try_git("rev-parse", "--path-format=absolute", "--git-path", "hooks")
    if not folder or not (root() / folder / "pre-commit").is_file():
        yield Evidence("P1a", "missing", "no hook runs before a commit", "uv run prek install")
        return
    pushed = try_git("log", "-1", "--remotes", "--since=30.days", "--format=%cr")
    if not pushed:
        detail = "nothing was pushed in the last 30 days"
        yield Evidence("P1a", "missing", detail, "git push")
        return
    yield Evidence("P1a", "unseen", f"pushed {pushed}; the result is seen where it runs", "")
