"""The file of the server's keys, secrets/api_keys.json: who holds one, and the hash of it.

    {"format": 1, "keys": {"website": {"sha256": "...", "created": "2026-11-27T09:00:00+00:00"}}}

A key may have `roles`, a list, and a moment when it `expires`, ISO with a time zone. Files of the
first form, without a format and with the holders on top, are read as well.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..project import Failure, root, write_atomically

FORMAT = 1  # of the file; the first one had no number, and held nothing but the keys


@dataclass(frozen=True)
class Key:
    """What is kept of a key: its hash, since when, until when, and what its holder may do."""

    sha256: str
    created: str | None = None
    expires: str | None = None  # ISO, with a time zone
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError if this is no key."""
        roles = isinstance(self.roles, list | tuple) and all(map(str.isascii, self.roles))
        if not isinstance(self.sha256, str) or not roles:
            raise ValueError("sha256 must be text, and roles a list of names")
        if self.expires and datetime.fromisoformat(self.expires).tzinfo is None:
            raise ValueError(f"{self.expires} needs a time zone")

    def is_valid(self) -> bool:
        """Whether it has not expired."""
        return not self.expires or datetime.now(UTC) < datetime.fromisoformat(self.expires)


Keys = dict[str, Key]


def keys_path() -> Path:
    """Where the hashes are kept."""
    return root() / (os.environ.get("API_KEYS_FILE") or "secrets/api_keys.json")


def read() -> Keys:
    """The keys by the names of their holders.

    Raises Failure if the file is broken, or if a newer release of the template wrote it."""
    path = keys_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        number = content.get("format", 0)
        if isinstance(number, dict):
            number = 0  # somebody of that name has a key in a file without a number
        if number > FORMAT:
            raise Failure(f"{path} was written by a newer release: update the project first")
        kept = content["keys"] if number else content
        return {holder: Key(**key) for holder, key in kept.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Failure(f"{path} cannot be read ({error!r}): restore it, or delete it") from None


def write(keys: Keys) -> None:
    """Keep the hashes where only this user can read them."""
    path = keys_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {
        holder: {name: value for name, value in asdict(key).items() if value}
        for holder, key in keys.items()
    }
    write_atomically(path, json.dumps({"format": FORMAT, "keys": kept}, indent=2) + "\n")
    path.chmod(0o600)
