"""Lines, and where changes of them meet, by difflib."""

import re
from difflib import SequenceMatcher

Range = tuple[int, int]


def touching(base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether a change of one side overlaps or adjoins one of the other's, in one way of lining them up."""
    mine, its = _hunks(base, ours), _hunks(base, theirs)
    return any(a[0] <= b[1] and b[0] <= a[1] for a in mine for b in its)


def _hunks(base: bytes, other: bytes) -> list[Range]:
    """The ranges of the base's lines that a change takes up, as far as it can slide among equal lines."""
    old, new = lines_of(base), lines_of(other)
    ranges = []
    for flipped in (False, True):
        a, b = (old[::-1], new[::-1]) if flipped else (old, new)
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if kind != "equal":
                low, high = _reach(a, i1, i2, b[j1:j2])
                ranges.append((len(a) - high, len(a) - low) if flipped else (low, high))
    return ranges


def _reach(lines: list[bytes], start: int, end: int, put: list[bytes]) -> Range:
    """A pure insertion or deletion may as well stand further up or down where the same lines repeat."""
    block = put if start == end else lines[start:end] if not put else []
    low, high = start, end
    while block and low > 0 and lines[low - 1] == block[(low - 1 - start) % len(block)]:
        low -= 1
    while block and high < len(lines) and lines[high] == block[(high - end) % len(block)]:
        high += 1
    return low, high


def spoken(content: bytes | None, ours: bytes) -> bytes | None:
    """Text with CRLF, where the user keeps the file so: only real changes meet."""
    if content is None or not ours.count(b"\n") == ours.count(b"\r\n") > 0:
        return content
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def lines_of(content: bytes | None) -> list[bytes]:
    """Lines as git sees them: a lone carriage return ends none."""
    return re.findall(rb"[^\n]*\n|[^\n]+", content or b"")


def framed(content: bytes) -> list[bytes | None]:
    return [None, *lines_of(content), None]
