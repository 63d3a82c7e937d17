"""Whether HEAD may be released under a tag; prints what CHANGELOG.md says of it, as the release's text.

Exit code 0: it may. 1: each reason against it is named, with how to mend it. 2: it cannot be looked at.
Run it before the tag is pushed: `copier update` goes to the newest tag at once.
"""

import argparse
import re
import sys
from collections.abc import Iterator

from packaging.version import Version
from versions import ROOT, GitError, git, releases, version


def section(tag: str) -> str:
    """What CHANGELOG.md says below the heading of this version, which a date may follow; empty without one."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(tag)}(?: [^\n]*)?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1].strip() if found else ""


def reasons(tag: str) -> Iterator[str]:
    """Why HEAD may not be released under this tag."""
    number = version(tag)
    if number is None or str(number) != tag or number.is_devrelease or number.local:
        yield f"{tag} is no version to release: take one such as 1.2.0 or 1.2.0rc1 (PEP 440, without a v)"
        return
    others = [other for other in releases() if other != tag]
    if others and Version(others[-1]) > number:
        yield f"{tag} is older than {others[-1]}, to which updates go: take a higher one"
    if tag in releases() and git("rev-parse", f"{tag}^{{commit}}") != git("rev-parse", "HEAD"):
        yield f"{tag} is another commit's tag: a release never moves, take a higher version"
    text = section(tag)
    if not text:
        yield f"CHANGELOG.md has no section for it: rename Unreleased to `## {tag}`"
    elif not re.search(r"^### Upgrading\n+(?!#)\S", text, re.M):
        yield f"CHANGELOG.md does not say how to upgrade to {tag}: write what people do below `### Upgrading`"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tag", help="the version, which is the tag")
    tag = parser.parse_args().tag
    try:
        found = list(reasons(tag))
    except GitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for reason in found:
        print(f"error: {reason}", file=sys.stderr)
    if not found:
        print(section(tag))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
