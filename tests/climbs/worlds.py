"""Projects as the template gives them, rendered once by version and answers, and as git repositories."""

import io
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import copier
from filelock import FileLock

from tests import ladder
from tests.climbs import versions
from tests.climbs.life import Tree

NAME = {"project_name": "Living project"}
IDENTITY = {"user.name": "Test", "user.email": "test@example.com"}
NEIGHBOURS = {"README.md": b"# All our models\n", "services/other/params.yaml": b"seed: 1\n", ".gitignore": b"*.log\n"}


@dataclass(frozen=True)
class World:
    """What a project is made from: a version of the template, and answers other than the defaults."""

    version: str
    level: int
    switches: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return " ".join([f"{self.version} level {self.level}", *(f"{name}={value}" for name, value in self.switches)])

    @property
    def answers(self) -> dict[str, Any]:
        """The answers as Copier takes them."""
        return {**NAME, "level": self.level, **dict(self.switches)}


@dataclass
class Worlds:
    """Renderings in a folder that processes share."""

    folder: Path
    _trees: dict[World, Tree] = field(default_factory=dict, repr=False)
    _blobs: dict[str, bytes] = field(default_factory=dict, repr=False)

    def source(self) -> Path:
        """The template with its releases."""
        return self._made("source", versions.releases)

    def rendering(self, world: World) -> Path:
        """The folder with what the template gives."""

        def render(folder: Path) -> None:
            copier.run_copy(
                str(self.source()), str(folder), data=world.answers, vcs_ref=world.version, defaults=True, quiet=True
            )

        return self._made(str(world), render)

    def tree(self, world: World) -> Tree:
        """The files that the template gives."""
        if world not in self._trees:
            self._trees[world] = ladder.tree(self.rendering(world))
        return self._trees[world]

    def start(self, world: World, prefix: str) -> Path:
        """A repository whose one commit is the project as it was born, in its folder."""

        def commit(folder: Path) -> None:
            shutil.copytree(self.rendering(world), folder / prefix, dirs_exist_ok=True)
            for name, text in NEIGHBOURS.items() if prefix else ():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(text)
            ladder.commit(folder, "Start")
            for key, value in {
                "user.name": "Test",
                "user.email": "test@example.com",
                "commit.gpgsign": "false",
            }.items():
                ladder.git(folder, "config", key, value)
            ladder.git(folder, "gc", "--quiet")
            shutil.rmtree(folder / ".git" / "hooks", ignore_errors=True)

        return self._made(f"{world} in {prefix.replace('/', ' ') or 'the root'}", commit)

    def project(self, world: World, prefix: str, files: Tree, folder: Path, shallow: bool = False) -> None:
        """A repository with two commits: the project as it was born, and as people made it."""
        born = self.tree(world)
        shutil.copytree(self.start(world, prefix), folder)
        for name in born.keys() - files.keys():
            (folder / prefix / name).unlink()
            left = takewhile(lambda parent: not any(parent.iterdir()), (folder / prefix / name).parents)
            for parent in left:
                parent.rmdir()
        for name, content in files.items():
            if born.get(name) != content:
                (folder / prefix / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / prefix / name).write_bytes(content)
        ladder.commit(folder, "Live in it")
        if shallow:
            whole = folder.rename(folder.with_name(f"{folder.name}-whole"))
            ladder.run(["git", "clone", "--quiet", "--depth=1", whole.as_uri(), folder], whole)
            shutil.copy2(whole / ".git" / "config", folder / ".git" / "config")

    def committed(self, repository: Path, treeish: str) -> Tree:
        """The files of a commit."""
        listed = ladder.run(["git", "ls-tree", "-r", "-z", treeish], repository).stdout.split("\0")[:-1]
        return self.contents(repository, {entry.split("\t", 1)[1]: entry.split()[2] for entry in listed})

    def contents(self, repository: Path, names: Mapping[str, str]) -> Tree:
        """Files by the hashes of their contents; what was read once is remembered."""
        missing = [sha for sha in dict.fromkeys(names.values()) if sha not in self._blobs]
        if missing:
            self._blobs.update(_blobs(repository, missing))
        return {name: self._blobs[sha] for name, sha in names.items()}

    def _made(self, name: str, make: Any) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        done = self.folder / ladder.slug(name)
        if not done.exists():
            with FileLock(f"{done}.lock"):
                if not done.exists():
                    draft = done.with_suffix(".draft")
                    shutil.rmtree(draft, ignore_errors=True)
                    draft.mkdir()
                    make(draft)
                    draft.rename(done)
        return done


def _blobs(repository: Path, hashes: list[str]) -> Mapping[str, bytes]:
    asked = "\n".join(hashes).encode()
    command = ["git", "cat-file", "--batch"]
    stream = io.BytesIO(subprocess.run(command, cwd=repository, input=asked, capture_output=True, check=True).stdout)
    read = {}
    for sha in hashes:
        size = int(stream.readline().split()[2])
        read[sha] = stream.read(size)
        stream.read(1)
    return read
