"""The oracle is content with a good climb and sees each way in which one can go wrong."""

from dataclasses import replace

import pytest

from tests.climbs.hunks import touching
from tests.climbs.oracle import Case, cause, faults

TEN = b"".join(b"line %d\n" % number for number in range(10))
LONGER = TEN.replace(b"line 2\n", b"line 2\nthe template's\n")
EDITED = TEN.replace(b"line 7\n", b"line 7\nours\n")
BOTH = LONGER.replace(b"line 7\n", b"line 7\nours\n")
OLD = TEN.replace(b"line", b"row")
NEAR = TEN.replace(b"line 3\n", b"ours\n")
MARKED = b"<<<<<<< ours\n" + NEAR + b"=======\n" + LONGER + b">>>>>>> theirs\n"
GOOD = Case(
    base={"merged": TEN, "untouched": TEN, "seed": TEN, "deleted": TEN, "old": OLD, "clash": TEN},
    ours={"merged": EDITED, "untouched": TEN, "seed": b"ours\n", "own": b"ours\n", "new": OLD, "clash": NEAR},
    theirs={"merged": LONGER, "untouched": LONGER, "seed": TEN, "old": OLD + LONGER, "clash": LONGER, "fresh": TEN}
    | {"deleted": LONGER},
    result={"merged": BOTH, "untouched": LONGER, "seed": b"ours\n", "own": b"ours\n", "new": OLD + LONGER, "fresh": TEN}
    | {"clash": MARKED},
    moved={"new": "old"},
    unmerged=frozenset({"clash"}),
    reported=frozenset(),
    upward=True,
)


def test_a_good_climb_has_no_fault() -> None:
    assert faults(GOOD) == []
    assert cause(GOOD, "clash") == "same or adjoining lines"


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("merged", LONGER, "lines of the user's are lost"),
        ("merged", EDITED, "the template put together"),
        ("merged", LONGER.replace(b"line 4\n", b"line 4\nours\n"), "the user put together"),
        ("merged", BOTH + b"stray\n", "stands 1 times, not 0"),
        ("merged", None, "an edited file is gone"),
        ("untouched", TEN, "not as in a fresh copy"),
        ("untouched", None, "a file is gone"),
        ("seed", TEN, "lines of the user's are lost"),
        ("seed", b"ours\nand more\n", "not as the user left it"),
        ("own", b"ours\nand more\n", "not as the user left it"),
        ("new", OLD, "not as in a fresh copy"),
        ("old", LONGER, "is back"),
        ("deleted", LONGER, "is back"),
        ("fresh", None, "not as in a fresh copy"),
        ("fresh", LONGER, "not as in a fresh copy"),
        ("foreign", TEN, "nobody brought it"),
        ("clash", LONGER, "lines of the user's are lost"),
    ],
    ids=lambda value: value.split("\n")[0] if isinstance(value, str) else "",
)
def test_a_bad_climb_is_found_out(path: str, text: bytes | None, fault: str) -> None:
    result = {**GOOD.result, path: text}
    bad = replace(GOOD, result={name: content for name, content in result.items() if content is not None})
    found = faults(bad)
    assert [line for line in found if line.startswith(f"{path}: ") and fault in line], found
    assert all(line.startswith(f"{path}: ") for line in found)


def test_a_seed_stays_even_if_the_template_breaks_its_promise() -> None:
    seed = {"conf/tune.yaml": TEN}, {"conf/tune.yaml": EDITED}, {"conf/tune.yaml": LONGER}, {"conf/tune.yaml": BOTH}
    sides = [{**old, **new} for old, new in zip((GOOD.base, GOOD.ours, GOOD.theirs, GOOD.result), seed, strict=True)]
    changed = replace(GOOD, base=sides[0], ours=sides[1], theirs=sides[2], result=sides[3])
    assert faults(changed) == ["conf/tune.yaml: a seed of the user's was changed"]


def test_a_conflict_needs_a_cause() -> None:
    assert faults(replace(GOOD, unmerged=GOOD.unmerged | {"merged"})) == ["merged: a conflict without cause"]


def test_what_both_brought_must_show() -> None:
    early = replace(GOOD, ours={**GOOD.ours, "fresh": b"ours\n"}, result={**GOOD.result, "fresh": b"ours\n" + TEN})
    assert faults(early) == ["fresh: both brought it, with different text, and nothing shows"]
    assert faults(replace(early, unmerged=early.unmerged | {"fresh"})) == []


def test_what_the_template_drops_is_kept_or_reported() -> None:
    theirs = {path: text for path, text in GOOD.theirs.items() if path != "merged"}
    gone = replace(GOOD, theirs=theirs, result={path: GOOD.result[path] for path in GOOD.result if path != "merged"})
    down = replace(gone, upward=False)
    assert faults(down) == ["merged: an edited file is gone"]
    assert faults(replace(down, reported=frozenset({"merged"}))) == []
    assert faults(replace(down, result={**GOOD.result, "merged": EDITED})) == []


@pytest.mark.parametrize(("line", "near"), [(0, False), (1, False), (2, True), (3, True), (4, False), (9, False)])
def test_adjoining_lines_touch(line: int, near: bool) -> None:
    ours = TEN.replace(b"line %d\n" % line, b"ours\n")
    assert touching(TEN, ours, LONGER) is near


def test_line_endings_are_the_users() -> None:
    crlf = {path: text.replace(b"\n", b"\r\n") for path, text in (("ours", TEN), ("result", LONGER))}
    kept = replace(
        GOOD, ours={**GOOD.ours, "untouched": crlf["ours"]}, result={**GOOD.result, "untouched": crlf["result"]}
    )
    assert faults(kept) == []
