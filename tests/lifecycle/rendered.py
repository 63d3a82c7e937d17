"""A project around template/src/lifecycle, so that its code runs where it lies."""

import ast
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from mlops_ladder.levels import read
from tests import ladder

SOURCE = ladder.ROOT / "template" / "src" / "lifecycle"


def answers() -> dict[str, str]:
    """What the environment asks for, on level 2 unless it says otherwise."""
    asked = dict(pair.split("=", 1) for pair in os.environ.get("ANSWERS", "").split())
    return {"project_name": "Living project", "level": "2", **asked}


def project() -> Path:
    """Render a project that has the code of template/ by links, once for its text; put it on the path."""
    wanted = answers()
    digest = hashlib.sha256(repr((str(SOURCE), sorted(wanted.items()))).encode())  # the links lead there
    for name in ladder.run(["git", "ls-files", "-co", "--exclude-standard"], ladder.ROOT).stdout.splitlines():
        path = ladder.ROOT / name
        if name.startswith(("template/", "levels/", "copier.yml")) and path.is_file():
            digest.update(name.encode() + (b"" if SOURCE in path.parents else path.read_bytes()))
    place = Path(tempfile.gettempdir()) / "mlops-ladder" / digest.hexdigest()[:16]
    place.parent.mkdir(exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not place.exists():
            _make(place, wanted)
    sys.path.insert(0, str(place / "src"))
    return place


def environment(place: Path) -> dict[str, str]:
    """The environment of these tests: what they start finds the project's code too."""
    paths = filter(None, [str(place / "src"), os.environ.get("PYTHONPATH")])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def above(level: int) -> list[str]:
    """The test files, relative to tests/lifecycle, that belong to a higher level by levels/:
    they prove its capabilities only, or they import its modules."""
    capabilities, here = read(ladder.ROOT / "levels"), Path(__file__).parent
    claims = {file.name: capability.level for capability in capabilities for file in capability.files}
    found = []
    for path in here.rglob("test_*.py"):
        test = path.relative_to(here).as_posix()
        proven = [capability.level for capability in capabilities if f"tests/lifecycle/{test}" in capability.proof]
        used = [claims[name] for name in _imported(path) if name in claims]
        if max([min(proven, default=0), *used]) > level:
            found.append(test)
    return found


def _imported(path: Path) -> Iterator[str]:
    """The files of src/lifecycle that a test may mean by its imports."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("lifecycle"):
            module = f"src/{(statement.module or '').replace('.', '/')}"
            yield f"{module}.py"
            yield from (f"{module}/{name.name}.py" for name in statement.names)


def _make(place: Path, wanted: dict[str, str]) -> None:
    """Render, and put a link in the place of each module, so that a project has those of its level and choices."""
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        ladder.clone(Path(scratch) / "template")
        draft = ladder.render(Path(scratch) / "template", Path(scratch) / "project", wanted)
        package = draft / "src" / "lifecycle"
        for path in [path for path in package.rglob("*") if path.is_file()]:
            path.unlink()
            path.symlink_to(SOURCE / path.relative_to(package))
        ladder.commit(draft, "Start")
        draft.rename(place)
