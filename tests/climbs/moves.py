"""What people do to the paths of a project: habits like those of edits.py, for files deleted, moved, split or early."""

from pathlib import PurePosixPath

from hypothesis import strategies as st

from tests.climbs.life import ANSWERS, Life, is_text


def delete_file(life: Life) -> str | None:
    if path := life.pick():
        life.remove(path)
    return path and f"deleted {path}"


def delete_folder(life: Life) -> str | None:
    if not (path := life.pick(lambda path: "/" in path)):
        return None
    folder = life.one(list(PurePosixPath(path).parents)[:-1])
    for name in life.folder(str(folder)):
        life.remove(name)
    return f"deleted {folder}/"


def rename_file(life: Life) -> str | None:
    if not (path := life.pick()):
        return None
    old = PurePosixPath(path)
    new = life.one([old.with_name(f"our_{old.name}"), PurePosixPath("ours") / old.name, old.parent / "ours" / old.name])
    if not life.free(str(new)):
        return None
    life.move(path, str(new))
    return f"moved {path} to {new}"


def move_folder(life: Life) -> str | None:
    if not (path := life.pick(lambda path: "/" in path)):
        return None
    folder = life.one(list(PurePosixPath(path).parents)[:-1])
    names = life.folder(str(folder))
    new = f"ours/{folder.name}"
    if ANSWERS in names or not all(life.free(new + name.removeprefix(str(folder))) for name in names):
        return None
    for name in names:
        life.move(name, new + name.removeprefix(str(folder)))
    return f"moved {folder}/ to {new}/"


def copy_file(life: Life) -> str | None:
    if not (path := life.pick()):
        return None
    new = str(PurePosixPath(path).with_name(f"copy_of_{PurePosixPath(path).name}"))
    if not life.free(new):
        return None
    life.copy(path, new)
    return f"copied {path} to {new}"


def split_file(life: Life) -> str | None:
    """Make two files of one that grew too long."""
    path = life.pick()
    if not path or len(lines := life.lines(path)) < 4:
        return None
    old, at = PurePosixPath(path), life.draw(st.integers(1, len(lines) - 1))
    parts = {str(old.with_name(f"first_{old.name}")): lines[:at], str(old.with_name(f"second_{old.name}")): lines[at:]}
    if not all(map(life.free, parts)):
        return None
    for new, part in parts.items():
        life.copy(path, new)
        life.files[new] = b"".join(part)
    life.remove(path)
    return f"split {path} before line {at + 1}"


def move_onto_coming(life: Life) -> str | None:
    """Give a file the very path that the climb will bring."""
    path, new = life.pick(), coming(life)
    if not path or not new:
        return None
    life.move(path, new)
    return f"moved {path} to {new}, which is coming"


def make_early(life: Life) -> str | None:
    """Have a file already at a path that the climb will bring: the same, nearly the same, or another."""
    if not (path := coming(life)):
        return None
    kind = life.one(["the same", "a longer", "another"])
    text = {"the same": life.goal[path], "a longer": life.goal[path] + life.line(path), "another": life.text(path)}
    life.files[path] = text[kind]
    return f"made {kind} file at {path}, which is coming"


def stand_in_the_way(life: Life) -> str | None:
    """Have a file where a folder is coming, or a folder where a file is coming."""
    if not (path := coming(life)):
        return None
    at = life.one([f"{path}/ours.md", *map(str, list(PurePosixPath(path).parents)[:-1])])
    if not life.free(at):
        return None
    life.files[at] = life.text(at)
    return f"added {at}, in the way of {path}"


def coming(life: Life) -> str | None:
    """A text file that the climb will bring."""
    paths = [
        path for path in sorted(life.goal) if path not in life.born and life.free(path) and is_text(life.goal[path])
    ]
    return life.one(paths) if paths else None
