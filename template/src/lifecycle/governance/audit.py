"""Show who did what to which model, or verify that nobody changed the record afterwards.

Each act is a line of releases/audit.jsonl that holds the hash of the line before it: no line can be
edited, added, removed or moved without breaking the chain. A chain that was cut off, or written
anew from some line on, is whole in itself. It is found because git holds what was committed on
the main line, and because every committed decision names the head of the chain at its time.
`verify` ends with exit code 1 and names the first wrong line.

Examples:
  {name} audit show
  {name} audit verify
"""

import getpass
import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import repository
from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name, root, table
from ..repository import git_bytes, try_git

TRAIL = "releases/audit.jsonl"
FIELDS = ("seq", "time", "who", "action", "version", "details", "prev")
GENESIS = "0" * 64  # what the first line has for a predecessor


def trail() -> Path:
    """The record of all acts, a JSON object a line."""
    return root() / TRAIL


def record(action: str, version: str, **details: Any) -> str:
    """Add an act to the trail; returns its hash, the new head of the chain.

    Processes take turns. Raises Failure if the line cannot be added, and then adds nothing."""
    with turn("audit", 10):
        try:
            trail().parent.mkdir(parents=True, exist_ok=True)
            return append(action, version, details)
        except OSError as error:
            raise Failure(f"{TRAIL} cannot be written: {error}") from None


@contextmanager
def turn(what: str, seconds: float) -> Iterator[None]:
    """Let one process at a time do something; raises Failure if another does not come to an end."""
    from filelock import FileLock, Timeout

    lock = root() / "logs" / f"{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=seconds):
            yield
    except Timeout:
        raise Failure(f"another process has held {lock} for {seconds} seconds: try again") from None


def append(action: str, version: str, details: dict[str, Any]) -> str:
    """Write the next line through to the disk, or cut off again what was written of it."""
    known = entries()
    entry = {
        "seq": len(known) + 1,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": who(),
        "action": action,
        "version": version,
        "details": json.loads(json.dumps(details, default=str)),
        "prev": known[-1]["hash"] if known else GENESIS,
    }
    line = sealed(entry) + b"\n"
    with trail().open("ab", buffering=0) as file:
        size = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError("there is no room for a whole line")
            os.fsync(file.fileno())
        except OSError:
            os.truncate(trail(), size)
            raise
    return digest(entry)


def digest(entry: dict[str, Any]) -> str:
    """The hash of an act; it covers the hash of the act before."""
    body = {field: entry[field] for field in FIELDS}
    return sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


def sealed(entry: dict[str, Any]) -> bytes:
    """The one line that an act can be written as."""
    body = {field: entry[field] for field in FIELDS}
    return json.dumps({**body, "hash": digest(entry)}, separators=(",", ":")).encode()


def who() -> str:
    """Who acts: $AUDIT_ACTOR (for machines), the person whom git knows, or the system's user."""
    return os.environ.get("AUDIT_ACTOR") or repository.person() or getpass.getuser()


def entries() -> list[dict[str, Any]]:
    """The acts, oldest first; raises Failure if a line is torn or is no act."""
    content = trail().read_bytes() if trail().exists() else b""
    *lines, rest = content.split(b"\n")
    found = [parsed(line) for line in lines]
    if rest or None in found:
        raise Failure(f"{TRAIL}: {fault(content)}")
    return [entry for entry in found if entry]


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line as an act, or None if it is not one exactly as `sealed` writes it."""
    try:
        entry = json.loads(line)
        return entry if sealed(entry) == line else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def fault(content: bytes) -> str | None:
    """The first line of a trail that breaks the chain, and how; None if it is whole."""
    *lines, rest = content.split(b"\n")
    previous = GENESIS
    for number, line in enumerate(lines, 1):
        entry = parsed(line)
        if entry is None:
            return f"line {number} was altered"
        if (entry["seq"], entry["prev"]) != (number, previous):
            return f"line {number} does not follow the one before: lines were added, cut or moved"
        previous = entry["hash"]
    if rest:
        return (
            f"line {len(lines) + 1} was cut off while it was written: delete what is there of it, "
            "and repeat the command that wrote it"
        )
    return None


def betrayed(content: bytes) -> str | None:
    """The first line that is not as git holds it: cut off or written anew; None if all are."""
    for commit, kept in committed():
        if not content.startswith(kept):
            pairs = zip(kept.split(b"\n"), content.split(b"\n"), strict=False)
            number = next((n for n, (old, new) in enumerate(pairs, 1) if old != new), 1)
            return f"line {number} is not the one that commit {commit[:10]} holds"
    held = [json.loads(line)["hash"] for line in content.split(b"\n")[:-1]]
    named = try_git("grep", "-h", "audit_head:", "HEAD", "--", "releases/*.yaml") or ""
    for line in named.splitlines():
        if (head := line.partition(":")[2].strip(" '\"")) not in held:
            return f"line {len(held) + 1} is gone: a committed decision names the head {head[:10]}"
    return None


def committed() -> Iterator[tuple[str, bytes]]:
    """The trail in each commit of the main line that changed it, oldest first."""
    log = try_git("log", "--first-parent", "--reverse", "--format=%H", "--", TRAIL) or ""
    commits = log.split()
    asked = "".join(f"{commit}:./{TRAIL}\n" for commit in commits).encode()
    answer = (commits and git_bytes("cat-file", "--batch", stdin=asked)) or b""
    for commit in commits:
        header, _, answer = answer.partition(b"\n")
        if header.endswith(b"missing"):
            continue
        size = int(header.rsplit(b" ", 1)[1])
        yield commit, answer[:size]
        answer = answer[size + 1 :]


def wrong() -> str | None:
    """The first wrong line of the trail and what is wrong with it; None if nothing is."""
    content = trail().read_bytes() if trail().exists() else b""
    return fault(content) or betrayed(content)


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """G2b: the trail is whole, and git holds its head."""
    verify = f"{name()} audit verify"
    acts = trail().read_bytes() if trail().exists() else b""
    if problem := wrong():
        yield Evidence("G2b", "missing", f"{TRAIL}: {problem}", verify)
    elif not acts:
        yield Evidence("G2b", "missing", "no act is recorded", f"{name()} models register")
    elif acts not in (kept for _, kept in committed()):
        detail = "git does not hold the last acts: cutting them off would not be noticed"
        yield Evidence("G2b", "missing", detail, "git add releases && git commit")
    else:
        number = acts.count(b"\n")
        yield Evidence("G2b", "proven", f"{number} acts are recorded, whole and held by git")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["show", "verify"])
    return lambda arguments: show() if arguments.action == "show" else verify()


def show() -> dict[str, Any]:
    """Print the acts, oldest first."""
    from rich.console import Console

    found = entries()
    rows = [{key: act[key] for key in FIELDS[:5]} | act["details"] for act in found]
    Console(markup=False).print(table(rows))
    return {"acts": found}


def verify() -> dict[str, Any]:
    """Say whether the trail is whole."""
    problem = wrong()
    acts = trail().read_bytes().count(b"\n") if trail().exists() else 0
    anchored = max((kept.count(b"\n") for _, kept in committed()), default=0)
    print(f"{TRAIL}: {problem or f'{acts} acts, whole; git holds {anchored} of them'}")
    return {"problem": problem, "acts": acts, "anchored": anchored, "exit_code": int(bool(problem))}
