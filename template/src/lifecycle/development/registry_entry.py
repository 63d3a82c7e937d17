"""What the registry says of a version: its hash, and where it comes from."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .. import repository
from ..project import Failure, root
from .fingerprint import model_sha256

FORMAT = 1  # of the tags; those without a number are of the first format


@dataclass(frozen=True)
class Entry:
    """A version in the registry."""

    version: str
    number: str  # MLflow counts the versions of a model
    run: str
    source: str
    tags: dict[str, str]

    @property
    def sha256(self) -> str:
        """The hash of the files that were registered."""
        return self.tags.get("model_sha256", "")


def entry(found: Any) -> Entry:
    """MLflow's object as ours; raises Failure if a newer release of the template registered it."""
    version, number = found.tags.get("version", ""), int(found.tags.get("format", FORMAT))
    if number > FORMAT:
        raise Failure(
            f"{version} was registered in format {number} and this project reads up to {FORMAT}: "
            "a newer release of the template did it, so update the project first"
        )
    return Entry(version, str(found.version), found.run_id, found.source, dict(found.tags))


def tags_of(facts: dict[str, Any], who: str) -> dict[str, str]:
    """What the registry says of a version with these facts, registered by `who`."""
    return {
        "format": str(FORMAT),
        "version": facts["version"],
        "model_sha256": model_sha256(facts["version"]),
        "data_md5": facts["data"]["md5"],
        "commit": facts.get("commit") or "",
        "dirty": str(facts.get("dirty", True)).lower(),
        "lock_sha256": lock_sha256(facts.get("commit")),
        "params": json.dumps(facts["params"]),
        "primary": facts["primary"],
        "metrics": json.dumps(facts["metrics"]),
        "who": who,
    }


def lock_sha256(commit: str | None) -> str:
    """The hash of uv.lock in a commit, or as it lies here; empty if there is none."""
    if commit and (held := repository.content(commit, "uv.lock")) is not None:
        return sha256(held).hexdigest()
    path = root() / "uv.lock"
    return sha256(path.read_bytes()).hexdigest() if path.exists() else ""
