"""What to do with a conflict, according to whose file it is; a user's file is never given up for the template's."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from mlops_ladder.levels import Capability
from mlops_ladder.merge import Conflict

SHARED = ("pyproject.toml", ".gitignore", ".dvc/config", ".github/CODEOWNERS", ".gitlab/CODEOWNERS")
ADVICE = {
    "own": "It was yours before the template brought a file of this name. Keep it (`git checkout --ours -- {path}`), "
    "save the template's under another name (`git show {theirs} > NAME`), and take over by hand what you need.",
    "seed": "It is yours. Keep your text (`git checkout --ours -- {path}`), read what the template changes "
    "(`git diff CHERRY_PICK_HEAD^ CHERRY_PICK_HEAD -- :/{origin}`), and take over by hand what you like.",
    "shared": "Keep your lines and the template's new ones, each in its own part; remove the markers.",
    "pyproject.toml": "Keep your lines; between the comments that name the template, also take every new line of the "
    "template's, or the new rung misses its packages. Remove the markers, then run `uv lock`.",
    "managed": "Keep both: the new text stands below `=======`; write your change into it, and remove the markers and "
    "the old text. Code of your own is safer in a module beside it, which no climb touches.",
}


def patterns(levels: Path) -> list[str]:
    """The files that belong to a project from its birth on: nothing changes them but people."""
    listed = levels / "seeds.txt"
    return listed.read_text(encoding="utf-8").split() if listed.is_file() else []


def kind(conflict: Conflict, capabilities: Sequence[Capability], seeds: Sequence[str]) -> str:
    """Whose file it is: own, seed, shared or managed."""
    path = conflict.origin
    if "both sides brought" in conflict.why:
        return "own"
    if any(_matches(path, pattern) for pattern in seeds):
        return "seed"
    if path in SHARED:
        return "shared"
    return "managed" if any(claims(capability, path) for capability in capabilities) else "own"


def claims(capability: Capability, path: str) -> bool:
    """Whether a file of the template belongs to a capability."""
    return any(_matches(path, file.name) for file in capability.files)


def advice(conflict: Conflict, whose: str, prefix: str) -> str:
    """One or two sentences for a person, with the commands to type in the project's folder."""
    names = {
        "path": conflict.path,
        "origin": prefix + conflict.origin,
        "theirs": f"CHERRY_PICK_HEAD:{prefix}{conflict.origin}",
    }
    text = ADVICE.get(conflict.path, ADVICE[whose]) if whose == "shared" else ADVICE[whose]
    return text.format(**names)


def _matches(path: str, pattern: str) -> bool:
    return fnmatch(path, pattern) and path.count("/") == pattern.count("/")
