"""The audit trail: releases/audit.jsonl, one act a line, oldest first.

A line is a JSON object: who did what (`action`: register, approve and so on) to which version of
the model, when and with which details, after which line (`prev`, its hash). Its own hash covers
all that. It is written in one canonical way, so that any changed byte is an altered line.
"""

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import repository
from ..project import Failure, root

TRAIL = "releases/audit.jsonl"
FORMAT = 1
FIELDS = ("format", "seq", "time", "who", "action", "version", "details", "prev")
GENESIS = "0" * 64  # what the first line has for a predecessor


def trail_path() -> Path:
    """Where the acts are recorded."""
    return root() / TRAIL


def content() -> bytes:
    """The trail, byte for byte; empty if nothing was recorded yet."""
    return trail_path().read_bytes() if trail_path().exists() else b""


def record(action: str, version: str, **details: Any) -> str:
    """Add an act to the trail; returns its hash, the new head of the chain.

    Processes take turns. Raises Failure if the line cannot be added, and then adds nothing."""
    with turn("audit", 10):
        try:
            trail_path().parent.mkdir(parents=True, exist_ok=True)
            return append(action, version, details)
        except OSError as error:
            raise Failure(f"{TRAIL} cannot be written: {error}") from None


@contextmanager
def turn(what: str, seconds: float) -> Iterator[None]:
    """Hold a lock that only one process has at a time; raises Failure if another keeps it."""
    from filelock import FileLock, Timeout

    lock = root() / "logs" / f"{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=seconds):
            yield
    except Timeout:
        raise Failure(f"another process has held {lock} for {seconds} seconds: try again") from None


def append(action: str, version: str, details: dict[str, Any]) -> str:
    """Append a line and flush it to the disk; if that fails, remove what was written of it."""
    known = entries()
    entry = {
        "format": FORMAT,
        "seq": len(known) + 1,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": who(),
        "action": action,
        "version": version,
        "details": json.loads(json.dumps(details, default=str)),
        "prev": known[-1]["hash"] if known else GENESIS,
    }
    line = serialized(entry) + b"\n"
    with trail_path().open("ab", buffering=0) as file:
        size = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError("there is no room for the line")
            os.fsync(file.fileno())
        except OSError:
            os.truncate(trail_path(), size)
            raise
    return digest(entry)


def digest(entry: dict[str, Any]) -> str:
    """The hash of an act; it covers the hash of the act before."""
    body = {field: entry[field] for field in FIELDS}
    return sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


def serialized(entry: dict[str, Any]) -> bytes:
    """The only line that an act may be written as."""
    body = {field: entry[field] for field in FIELDS}
    return json.dumps({**body, "hash": digest(entry)}, separators=(",", ":")).encode()


def who() -> str:
    """Who acts: $AUDIT_ACTOR (for machines), the person whom git knows, or the system's user."""
    return os.environ.get("AUDIT_ACTOR") or repository.person() or getpass.getuser()


def entries() -> list[dict[str, Any]]:
    """The acts, oldest first; raises Failure if a line is torn or is no act."""
    *lines, rest = content().split(b"\n")
    found = [parsed(line) for line in lines]
    if rest or None in found:
        raise Failure(f"{TRAIL}: {fault(content())}")
    return [entry for entry in found if entry]


def acts(action: str, version: str | None = None) -> list[dict[str, Any]]:
    """The acts of one kind, on one version or on any, oldest first."""
    found = [entry for entry in entries() if entry["action"] == action]
    return [entry for entry in found if version in (None, entry["version"])]


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line as an act, or None if it is not one exactly as `serialized` writes it."""
    try:
        entry = json.loads(line)
        known = entry["format"] == FORMAT and serialized(entry) == line
        return entry if known else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def fault(text: bytes) -> str | None:
    """The first line of a trail that breaks the chain, and how; None if the chain is intact."""
    *lines, rest = text.split(b"\n")
    previous = GENESIS
    for number, line in enumerate(lines, 1):
        entry = parsed(line)
        if entry is None:
            return f"line {number} {newer(line) or 'was altered'}"
        if (entry["seq"], entry["prev"]) != (number, previous):
            return f"line {number} does not follow the one before: lines were added, cut or moved"
        previous = entry["hash"]
    if rest:
        return (
            f"line {len(lines) + 1} was cut off while it was written: delete what is there of it, "
            "and repeat the command that wrote it"
        )
    return None


def newer(line: bytes) -> str | None:
    """What to do about a line that a newer template wrote; None if it is of a known format."""
    try:
        written = json.loads(line)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if isinstance(written, int) and written > FORMAT:
        return "was written by a newer template: climb to it first"
    return None
