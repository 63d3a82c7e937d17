"""What a version is, as one hash over its files: whoever holds the hash knows the model again."""

from collections.abc import Callable
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, TypeVar

from ..project import root

T = TypeVar("T")
REMEMBERED: dict[Path, tuple[Any, Any]] = {}


def folder(version: str) -> Path:
    """Where the files of a version are."""
    return root() / "models" / version


def model_sha256(version: str) -> str:
    """One SHA-256 over the names and contents of a version's files, computed when one changed."""
    return str(remembered(folder(version), hashed))


def hashed(path: Path) -> str:
    """The hash of a list: each file's name and its own hash, in the order of the names."""
    whole = sha256()
    for file in files(path):
        with file.open("rb") as opened:
            content = file_digest(opened, "sha256").hexdigest()
        whole.update(f"{file.relative_to(path).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def files(path: Path) -> list[Path]:
    """A file itself, or the files in a folder by name."""
    if not path.is_dir():
        return [path]
    return sorted(found for found in path.rglob("*") if found.is_file())


def remembered(path: Path, read: Callable[[Path], T]) -> T:
    """What `read` makes of a file or folder, kept until it changes on the disk.

    The time of the last change of the inode is looked at, because `touch` can set the other one."""
    stats = [(str(file), file.stat()) for file in files(path)]
    seen = [(at, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for at, s in stats]
    if path not in REMEMBERED or REMEMBERED[path][0] != seen:
        REMEMBERED[path] = seen, read(path)
    value: T = REMEMBERED[path][1]
    return value
