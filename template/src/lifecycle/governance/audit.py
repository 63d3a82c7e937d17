"""Show who did what to which model, or verify that nobody changed the record afterwards.

Each act is a line of releases/audit.jsonl that holds the hash of the line before it: no line can be
edited, added, removed or moved without breaking the chain. A chain that was truncated, or rewritten
from some line on, is intact in itself. It is found out because git keeps what was committed on
the main branch, and because every committed decision names the head of the chain at its time.
`verify` ends with exit code 1 and names the first wrong line.

Examples:
  {name} audit show
  {name} audit verify
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import name, table
from ..repository import git_bytes, try_git
from .trail import TRAIL, content, entries, fault


def rewritten(text: bytes) -> str | None:
    """The first line that differs from what git holds, or is missing; None if none does."""
    for commit, kept in committed():
        if not text.startswith(kept):
            pairs = zip(kept.split(b"\n"), text.split(b"\n"), strict=False)
            number = next((n for n, (old, new) in enumerate(pairs, 1) if old != new), 1)
            return f"line {number} is not the one that commit {commit[:10]} holds"
    held = [json.loads(line)["hash"] for line in text.split(b"\n")[:-1]]
    named = try_git("grep", "-h", "audit_head:", "HEAD", "--", ":(glob)releases/*.yaml") or ""
    for line in named.splitlines():
        if (head := line.partition(":")[2].strip(" '\"")) not in held:
            return f"line {len(held) + 1} is gone: a committed decision names the head {head[:10]}"
    return None


def committed() -> Iterator[tuple[str, bytes]]:
    """The trail in each commit of the main branch that changed it, oldest first."""
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


def problem() -> str | None:
    """The first wrong line of the trail and what is wrong with it; None if nothing is."""
    text = content()
    return fault(text) or rewritten(text)


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """G2b: the trail is intact, and git holds its last line."""
    verify = f"{name()} audit verify"
    acts = content()
    if found := problem():
        yield Evidence("G2b", "missing", f"{TRAIL}: {found}", verify)
    elif not acts:
        yield Evidence("G2b", "missing", "no act is recorded", f"{name()} models register")
    elif acts not in (kept for _, kept in committed()):
        detail = "git does not hold the last acts: nobody would notice if they were removed"
        yield Evidence("G2b", "missing", detail, "git add releases && git commit")
    else:
        number = acts.count(b"\n")
        yield Evidence("G2b", "proven", f"{number} acts are recorded, intact and held by git")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["show", "verify"])
    return lambda arguments: show() if arguments.action == "show" else verify()


def show() -> dict[str, Any]:
    """Print the acts, oldest first."""
    from rich.console import Console

    found = entries()
    rows = [
        {key: act[key] for key in ("seq", "time", "who", "action", "version")} | act["details"]
        for act in found
    ]
    Console(markup=False).print(table(rows))
    return {"acts": found}


def verify() -> dict[str, Any]:
    """Say whether the trail is intact."""
    found = problem()
    acts = content().count(b"\n")
    anchored = max((kept.count(b"\n") for _, kept in committed()), default=0)
    print(f"{TRAIL}: {found or f'{acts} acts, intact; git holds {anchored} of them'}")
    return {"problem": found, "acts": acts, "anchored": anchored, "exit_code": int(bool(found))}
