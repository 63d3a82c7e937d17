"""What to do with a conflict, according to whose file it is; a user's file is never given up for the template's."""

from collections.abc import Sequence

from mlops_ladder.levels import Capability
from mlops_ladder.merge import BOTH_BROUGHT, REMOVED, Conflict
from mlops_ladder.ownership import is_seed, matches

SHARED = ("pyproject.toml", ".gitignore", ".dvc/config", ".github/CODEOWNERS", ".gitlab/CODEOWNERS")
ADVICE = {
    "own": "It was yours before the template brought a file of this name. Keep it (`git checkout --ours -- {path}`), "
    "save the template's under another name (`git show {theirs} > NAME`), and take over by hand what you need.",
    "seed": "It is yours. Keep your text (`git checkout --ours -- {path}`), read what the template changes "
    "(`git diff CHERRY_PICK_HEAD^ CHERRY_PICK_HEAD -- :/{origin}`), and take over by hand what you like.",
    "shared": "Keep your lines and the template's new ones, each in its own part; remove the markers.",
    "pyproject.toml": "Keep your lines; between the comments that name the template, also take every new line of the "
    "template's, or the new rung misses its packages. Remove the markers, then run `uv lock`.",
    REMOVED: "If you have no use for it, keep it removed: `git rm -- {path}`. If its code lives on elsewhere, write "
    "what the template changed into it there (`git diff CHERRY_PICK_HEAD^ CHERRY_PICK_HEAD -- :/{origin}`).",
    "managed": "Keep both: the new text stands below `=======`; write your change into it, and remove the markers and "
    "the old text. Code of your own is safer in a module beside it, which no climb touches.",
}


def kind(conflict: Conflict, capabilities: Sequence[Capability], seeds: Sequence[str]) -> str:
    """Whose file it is: own, seed, shared or managed."""
    path = conflict.origin
    if conflict.why == BOTH_BROUGHT:
        return "own"
    if is_seed(path, seeds):
        return "seed"
    if path in SHARED:
        return "shared"
    return "managed" if any(claims(capability, path) for capability in capabilities) else "own"


def claims(capability: Capability, path: str) -> bool:
    """Whether a file of the template belongs to a capability."""
    return matches(path, [file.name for file in capability.files])


def advice(conflict: Conflict, whose: str, prefix: str) -> str:
    """One or two sentences for a person, with the commands to type in the project's folder."""
    names = {
        "path": conflict.path,
        "origin": prefix + conflict.origin,
        "theirs": f"CHERRY_PICK_HEAD:{prefix}{conflict.origin}",
    }
    key = REMOVED if conflict.why == REMOVED else conflict.path if conflict.path == "pyproject.toml" else whose
    return ADVICE[key].format(**names)
