"""Add, list and revoke the keys that callers of the server need.

A key is shown once, when it is added; pass it on through a channel that others cannot read. The
server notices a new or revoked key within a second and needs no restart. Callers send the key as
the header `X-API-Key`.

Only hashes are kept, in secrets/api_keys.json ($API_KEYS_FILE names another file), which git
ignores. The hash is a plain SHA-256 on purpose: slow, salted hashes protect passwords, which
people choose and attackers guess; a key here is 256 random bits, which nobody guesses however
fast the hash is, and it is checked on every request.

Examples:
    {name} keys add website
    {name} keys list
    {name} keys revoke website
"""

import hmac
import secrets
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name
from .access import Caller
from .key_file import Key, Keys, keys_path, read, write

if TYPE_CHECKING:
    from fastapi.requests import HTTPConnection

LOOK = 1.0  # seconds between two looks at the file


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def add(holder: str) -> str:
    """Make a key for a new holder and return it: this is the only time that it can be seen."""
    keys = read()
    if not holder.strip():
        raise Failure("say whose key it is: a name that is not empty")
    if holder in keys:
        raise Failure(f"{holder} has a key already: revoke it first, or choose another name")
    key = secrets.token_urlsafe(32)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write({**keys, holder: Key(digest(key), created)})
    return key


def revoke(holder: str) -> None:
    """Make a key worthless from the next request on."""
    keys = read()
    if holder not in keys:
        raise Failure(f"{holder} has no key; holders: {', '.join(keys) or 'none'}")
    write({key: kept for key, kept in keys.items() if key != holder})


def required() -> Keys:
    """The keys; raises Failure if there is none, because then nobody could be let in."""
    if not (keys := read()):
        raise Failure(f"nobody has a key yet: make one with `{name()} keys add NAME`")
    return keys


class KeyRing:
    """Whose key it is; looks once a second whether the file has changed."""

    def __init__(self) -> None:
        self.keys: list[tuple[Caller, Key]] = []
        self.seen: tuple[int, int, int] | None = None
        self.looked = float("-inf")

    def holder(self, key: str) -> str | None:
        """Whose key it is; None if it opens nothing."""
        caller = self.caller(key)
        return caller.name if caller else None

    def caller(self, key: str) -> Caller | None:
        """Every hash is compared, in constant time, so that its duration gives nothing away."""
        if monotonic() - self.looked > LOOK:
            self.looked = monotonic()
            self.refresh()
        asked, found = digest(key), None
        for caller, kept in self.keys:
            if hmac.compare_digest(asked, kept.sha256) and kept.is_valid():
                found = caller
        return found

    def refresh(self) -> None:
        """Read the file if it is another one; one that is gone or broken opens no door."""
        try:
            status = keys_path().stat()
            now = (status.st_ino, status.st_mtime_ns, status.st_size)
            if now != self.seen:
                self.keys = [(caller(holder, key), key) for holder, key in read().items()]
                self.seen = now
        except (OSError, Failure):
            self.keys, self.seen = [], None


def caller(holder: str, key: Key) -> Caller:
    """The holder of a key; whoever has no roles may ask for predictions."""
    return Caller(holder, frozenset(key.roles)) if key.roles else Caller(holder)


@cache
def ring() -> KeyRing:
    """The keys of this process."""
    return KeyRing()


@extends("authenticate")
def authenticate(request: "HTTPConnection") -> Caller | None:
    """The holder of the key that the request brings."""
    key = request.headers.get("X-API-Key")
    return None if key is None else ring().caller(key)


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["add", "list", "revoke"])
    parser.add_argument("holder", nargs="?", default="", metavar="NAME", help="whose key it is")
    return run


def run(arguments: Namespace) -> dict[str, Any]:
    if arguments.action == "add":
        key = add(arguments.holder)
        print(f"The key of {arguments.holder}, shown only now:\n\n    {key}\n")
        return {"name": arguments.holder, "key": key}
    if arguments.action == "revoke":
        revoke(arguments.holder)
        print(f"The key of {arguments.holder} is revoked.")
        return {"name": arguments.holder}
    holders = [{"name": holder, "created": key.created} for holder, key in read().items()]
    for holder in holders:
        print(f"{holder['created']}  {holder['name']}")
    if not holders:
        print(f"Nobody has a key yet: make one with `{name()} keys add NAME`.")
    return {"keys": holders}


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    holders = len(read())
    state = "proven" if holders else "missing"
    detail = f"{holders} holder{'s' * (holders != 1)} of an API key"
    yield Evidence("G1b", state, detail, f"{name()} keys add NAME")
