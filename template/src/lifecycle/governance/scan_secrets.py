"""Look for passwords, keys and tokens in the files that git keeps or would keep.

Tables in data/ and lock files are left out. Exit code 1 means that something was found:
CONTRIBUTING.md says what to do then.

Examples:
  {name} scan-secrets
  {name} scan-secrets --json
"""

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from ..extensions import extends
from ..maturity import Evidence, recent
from ..project import Failure, name, root, write_atomically
from ..repository import git_bytes

REPORT = "reports/secrets.json"


def files() -> list[str]:
    """The files that git keeps, and the new ones that it doesn't ignore."""
    listing = git_bytes("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listing is None:
        raise Failure(f"{root()} is not a git repository: run `git init` first")
    listed = os.fsdecode(listing).split("\0")
    return [file for file in listed if file and (root() / file).is_file()]


def scan(files: list[str]) -> list[dict[str, Any]]:
    """File, line and kind of every secret that .secrets.baseline doesn't know."""
    from detect_secrets import SecretsCollection
    from detect_secrets.core import baseline
    from detect_secrets.settings import transient_settings

    try:
        settings = json.loads((root() / ".secrets.baseline").read_text(encoding="utf-8"))
        with transient_settings({}):
            known = baseline.load(settings, ".secrets.baseline")
            found = SecretsCollection(root=str(root()))
            for file in files:
                found.scan_file(file)
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise Failure(
            f".secrets.baseline can't be read ({error}): bring it back with "
            "`git checkout .secrets.baseline`"
        ) from None
    return [
        {"file": file, "line": secret.line_number, "kind": secret.type}
        for file, secret in found - known
    ]


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    """No options."""

    def run(arguments: Namespace) -> dict[str, Any]:
        scanned = files()
        found = scan(scanned)
        for secret in found:
            print(f"{secret['file']}:{secret['line']}: {secret['kind']}")
        print(f"{len(scanned)} files, {len(found)} secrets")
        result = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": len(scanned),
            "found": found,
        }
        write_atomically(root() / REPORT, json.dumps(result, indent=2))
        return {**result, "exit_code": 1 if found else 0}

    return run


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """G1b: the files were scanned in the last 30 days, and nothing was found."""
    again = f"{name()} scan-secrets"
    path = root() / REPORT
    last = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if last is None or not recent(last["created"]):
        detail = "no scan for secrets in the last 30 days"
        yield Evidence("G1b", "missing", detail, again)
    elif last["found"]:
        detail = f"the last scan found {len(last['found'])} secrets"
        yield Evidence("G1b", "missing", detail, again)
    else:
        yield Evidence("G1b", "proven", f"scanned {last['created'][:10]}, no secret found")
