"""Line endings: to a file that people keep with CRLF the template speaks in CRLF, so that only real changes meet."""

from pathlib import Path

from mlops_ladder.git import attempt, git
from mlops_ladder.trees import Tree


def speak(repository: Path, ours: Tree, old: Tree, new: Tree, moved: dict[str, str]) -> None:
    """Change the line endings of the template's files in `old` and `new` to those that people gave them."""
    for path in sorted(new):
        here = moved.get(path, path)
        if here not in ours or new[path] == old.get(path) or new[path] == ours[here] or old.get(path) == ours[here]:
            continue
        if _crlf(_read(repository, ours[here][1])):
            for tree in (old, new):
                if path in tree:
                    tree[path] = (tree[path][0], _converted(repository, tree[path][1]))


def _crlf(content: bytes) -> bool:
    """Whether every line ends with CRLF."""
    return b"\0" not in content and content.count(b"\r\n") == content.count(b"\n") > 0


def _read(repository: Path, blob: str) -> bytes:
    return attempt(repository, "cat-file", "blob", blob).stdout.encode("utf-8", "surrogateescape")


def _converted(repository: Path, blob: str) -> str:
    text = _read(repository, blob).decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\n", "\r\n")
    return git(repository, "hash-object", "-w", "--no-filters", "--stdin", text=text).strip()
