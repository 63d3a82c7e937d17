"""What must hold after a climb, worked out without git: from what the template gave and gives, what people made of it,
and what came out. Hunks are difflib's, so that git is not judged by its own opinion."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from tests.climbs.hunks import framed, lines_of, spoken, touching
from tests.climbs.life import ANSWERS, Tree, is_seed, is_text


@dataclass(frozen=True)
class Case:
    """A climb that was done. `moved` names for each file that people moved where the template had put it."""

    base: Tree
    ours: Tree
    theirs: Tree
    result: Tree
    moved: dict[str, str]
    unmerged: frozenset[str]
    reported: frozenset[str]
    upward: bool

    def origin(self, path: str) -> str:
        """Where the template knows a file of the user's; a copy, or what was moved onto another, stands for itself."""
        old = self.moved.get(path, path)
        return path if old in self.ours or path in self.base else old

    def sides(self, path: str) -> tuple[bytes | None, bytes, bytes | None]:
        """What the template gave, what people made of it, and what it gives; all with the user's line endings."""
        ours, origin = self.ours[path], self.origin(path)
        given = self.base.get(origin), self.theirs.get(origin)
        base, theirs = (spoken(content, ours) for content in given)
        return base, ours, theirs

    def arriving(self, path: str) -> bytes | None:
        """What the template newly brings to a path where the user has a file."""
        return None if path in self.base else spoken(self.theirs.get(path), self.ours[path])


def differences(one: Tree, other: Tree) -> list[str]:
    """The paths in which two trees differ."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def faults(case: Case) -> list[str]:
    """Every promise that the climb broke."""
    found = [fault for path in sorted(case.ours) for fault in _of_users_file(case, path)]
    for path in sorted(case.base.keys() - case.ours.keys()):
        if path in case.result and path not in case.unmerged:
            found.append(f"{path}: was deleted or moved by the user, and is back")
    for path in sorted(case.theirs.keys() - case.base.keys() - case.ours.keys()):
        if case.result.get(path) != case.theirs[path]:
            found.append(f"{path}: is new, and not as in a fresh copy")
    for path in sorted(case.unmerged - case.ours.keys()):
        if not cause(case, path):
            found.append(f"{path}: a conflict without cause")
    for path in sorted(case.result.keys() - case.ours.keys() - case.theirs.keys()):
        found.append(f"{path}: nobody brought it")
    return found


def _of_users_file(case: Case, path: str) -> Iterator[str]:
    base, ours, theirs = case.sides(path)
    result = case.result.get(path)
    if path == ANSWERS:
        if result != theirs:
            yield f"{path}: is not the template's"
        return
    if result is None:
        if ours != base and path not in case.reported:
            yield f"{path}: an edited file is gone"
        elif case.upward and theirs is not None:
            yield f"{path}: a file is gone"
        return
    if gone := lost(case, path):
        yield f"{path}: lines of the user's are lost: {list(gone)[:3]}"
    if path in case.unmerged:
        if not cause(case, path):
            yield f"{path}: a conflict without cause"
        return
    if case.upward and is_seed(case.origin(path)) and base not in (None, ours) and result != ours:
        yield f"{path}: a seed of the user's was changed"
    yield from _of_clean_file(case, path, base, ours, theirs, result)


def _of_clean_file(
    case: Case, path: str, base: bytes | None, ours: bytes, theirs: bytes | None, result: bytes
) -> Iterator[str]:
    arrived = case.arriving(path)
    if arrived is not None:
        if not arrived == ours == result:
            yield f"{path}: both brought it, with different text, and nothing shows"
    elif base == theirs or base is None or theirs in (None, ours):
        if result != ours:
            yield f"{path}: the template has no change here, yet it is not as the user left it"
    elif result == ours and path != case.origin(path) and (ours != base or _twins(case, path)):
        return  # A moved file that is no longer alike, or has a twin, need not be followed.
    elif base == ours:
        if result != theirs:
            yield f"{path}: was not touched, and is not as in a fresh copy"
    else:
        yield from _of_merged_text(path, base, ours, theirs, result)


def _of_merged_text(path: str, base: bytes, ours: bytes, theirs: bytes, result: bytes) -> Iterator[str]:
    """Neighbours that either side made are neighbours still, and no line came or went that neither side changed."""
    there = set(pairwise(framed(result)))
    for whose, text in (("user", ours), ("template", theirs)):
        if torn := set(pairwise(framed(text))) - set(pairwise(framed(base))) - there:
            yield f"{path}: lines that the {whose} put together are apart: {sorted(torn, key=str)[0]}"
    if not touching(base, ours, theirs):
        counts = Counter(lines_of(base))
        sums = Counter(lines_of(ours)), Counter(lines_of(theirs)), Counter(lines_of(result))
        for line in set().union(counts, *sums):
            mine, its, now = (count[line] for count in sums)
            if now != mine + its - counts[line]:
                yield f"{path}: the line {line!r} stands {now} times, not {mine + its - counts[line]}"


def lost(case: Case, path: str) -> Counter[bytes]:
    """The lines that the user added to a file, or changed in it, and that are gone."""
    # In a conflict git ends the last line of a side, before its marker.
    base, ours, _ = case.sides(path)
    words, before, now = (Counter(map(bytes.rstrip, lines_of(text))) for text in (ours, base, case.result.get(path)))
    return words - before - now


def blocked(ours: Tree, theirs: Tree) -> bool:
    """Whether a file of the user's stands where a folder comes, or a folder where a file comes."""
    coming = theirs.keys() - ours.keys()
    return any(_above(new) & ours.keys() for new in coming) or any(_above(own) & coming for own in ours)


def cause(case: Case, path: str) -> str | None:
    """Why a file may conflict."""
    if path not in case.ours:
        changed = case.theirs.get(path) not in (None, case.base.get(path))
        parts = [new for new, old in case.moved.items() if old == path and case.ours.get(new) != case.base.get(path)]
        return "moved with edits" if changed and parts else None
    base, ours, theirs = case.sides(path)
    if case.arriving(path) not in (None, ours):
        return "both brought it"
    if base is None or theirs is None or ours in (base, theirs) or base == theirs:
        return None
    if not all(map(is_text, (base, ours, theirs))):
        return "not text"
    return "same or adjoining lines" if touching(base, ours, theirs) else None


def _twins(case: Case, path: str) -> bool:
    """Whether git cannot know what was moved where: the template has the same text twice, or the user does."""
    origin = case.origin(path)
    content = case.base[origin]
    if sum(case.origin(other) == origin for other in case.ours) > 1:
        return True
    return sum(text == content for text in case.base.values()) > 1 or not content


def _above(path: str) -> set[str]:
    return {str(folder) for folder in PurePosixPath(path).parents}
