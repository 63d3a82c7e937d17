"""Folders and commits as git trees: made and listed without touching anybody's working tree or index."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mlops_ladder.git import fields, git

# Path in the project -> (mode, object); what git stores of a file.
Tree = dict[str, tuple[str, str]]


def listed(repository: Path, commit: str, prefix: str) -> Tree:
    """The files of a commit below a folder (`prefix` ends with a slash, or is empty)."""
    found = {}
    for line in fields(git(repository, "ls-tree", "-r", "-z", "--full-tree", f"{commit}:{prefix}")):
        about, path = line.split("\t", 1)
        mode, _, blob = about.split()
        found[path] = (mode, blob)
    return found


def stored(repository: Path, folder: Path) -> Tree:
    """The files of a folder, stored byte for byte: no attribute, filter or .gitignore has a say."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = "".join(f"{path}\n" for path in paths)
    blobs = git(repository, "hash-object", "-w", "--no-filters", "--stdin-paths", text=names).split()
    modes = ("100755" if os.access(path, os.X_OK) and os.name == "posix" else "100644" for path in paths)
    relative = (path.relative_to(folder).as_posix() for path in paths)
    return dict(zip(relative, zip(modes, blobs, strict=True), strict=True))


def planted(repository: Path, head: str, prefix: str, gone: Iterable[str], files: Tree) -> str:
    """HEAD's tree with `files` in place of `gone` below the prefix; returns the tree's name."""
    with tempfile.TemporaryDirectory() as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
        git(repository, "read-tree", head, env=env)
        lines = [f"0 {'0' * len(head)}\t{prefix}{path}\0" for path in gone]
        lines += [f"{mode} {blob}\t{prefix}{path}\0" for path, (mode, blob) in files.items()]
        git(repository, "update-index", "-z", "--index-info", text="".join(lines), env=env)
        return git(repository, "write-tree", "--missing-ok", env=env).strip()


def commit(repository: Path, tree: str, message: str, *parents: str) -> str:
    """A commit that no branch knows yet."""
    links = [part for parent in parents for part in ("-p", parent)]
    return git(repository, "commit-tree", tree, *links, "-F", "-", text=message).strip()
