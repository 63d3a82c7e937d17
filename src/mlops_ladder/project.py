"""A generated project: where it lies, and what it was made from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlops_ladder.git import attempt
from mlops_ladder.refusal import Refusal

ANSWERS = ".copier-answers.yml"


@dataclass(frozen=True)
class Project:
    """A project in a git repository; `prefix` is its folder there, with a slash at the end, or nothing."""

    folder: Path
    repository: Path
    prefix: str
    answers: dict[str, Any]
    source: str
    version: str

    @property
    def level(self) -> int:
        return int(self.answers["level"])


def root(path: Path) -> Path:
    """The working tree of git that a folder belongs to."""
    if not path.is_dir():
        raise Refusal(f"{path} is not a folder; name the folder of a project.")
    top = attempt(path, "rev-parse", "--show-toplevel")
    if top.returncode:
        raise Refusal(f"{path.resolve()} is not in a git repository; run `git init`, then commit everything.")
    return Path(top.stdout.removesuffix("\n")).resolve()


def find(path: Path) -> Project:
    """The project in a folder; raises Refusal if there is none that can climb."""
    repository, folder = root(path), path.resolve()
    prefix = "" if folder == repository else folder.relative_to(repository).as_posix() + "/"
    recorded = _recorded(folder)
    answers = {key: value for key, value in recorded.items() if not key.startswith("_")}
    return Project(folder, repository, prefix, answers, str(recorded["_src_path"]), str(recorded["_commit"]))


def _recorded(folder: Path) -> dict[str, Any]:
    """What the answers file says."""
    try:
        recorded = yaml.safe_load((folder / ANSWERS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = next((f" {up} has one." for up in folder.parents if (up / ANSWERS).is_file()), "")
        raise Refusal(f"{folder} has no {ANSWERS}, so it is not a project's folder.{hint}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refusal(
            f"{ANSWERS} cannot be read ({' '.join(str(error).split())}); "
            f"bring it back from an older commit: `git checkout HEAD~1 {ANSWERS}`."
        ) from None
    for key in ("_src_path", "_commit", "level"):
        if not isinstance(recorded, dict) or key not in recorded:
            raise Refusal(f"{ANSWERS} does not say {key}; bring it back from an older commit.")
    return dict(recorded)
