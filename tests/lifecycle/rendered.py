"""A project around template/src/lifecycle, so that its code runs where it lies."""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from tests import ladder

SOURCE = ladder.ROOT / "template" / "src" / "lifecycle"


def answers() -> dict[str, str]:
    """What the environment asks for, on level 2 unless it says otherwise."""
    asked = dict(pair.split("=", 1) for pair in os.environ.get("ANSWERS", "").split())
    return {"project_name": "Living project", "level": "2", **asked}


def project() -> Path:
    """Render a project that has the code of template/ by a link, once for its text; put it on the path."""
    wanted = answers()
    digest = hashlib.sha256(repr(sorted(wanted.items())).encode())
    for name in ladder.run(["git", "ls-files", "-co", "--exclude-standard"], ladder.ROOT).stdout.splitlines():
        path = ladder.ROOT / name
        if name.startswith(("template/", "levels/", "copier.yml")) and SOURCE not in path.parents and path.is_file():
            digest.update(name.encode() + path.read_bytes())
    place = Path(tempfile.gettempdir()) / "mlops-ladder" / digest.hexdigest()[:16]
    place.parent.mkdir(exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not place.exists():
            _make(place, wanted)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(place / "src"), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(place / "src"))
    return place


def _make(place: Path, wanted: dict[str, str]) -> None:
    """Render, and link the code."""
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        ladder.clone(Path(scratch) / "template")
        draft = ladder.render(Path(scratch) / "template", Path(scratch) / "project", wanted)
        shutil.rmtree(draft / "src" / "lifecycle")
        (draft / "src" / "lifecycle").symlink_to(SOURCE)
        ladder.commit(draft, "Start")
        draft.rename(place)
