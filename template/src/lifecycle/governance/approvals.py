"""Which versions people approved: plain files under git in releases/, read without the registry.

releases/<version>.yaml is the decision on a version: who approved or rejected it, when and why,
and the hash of its files. releases/aliases.yaml names the champion and the challenger. The command
`models` writes them; the server, the release and the checks of a merge request read them. Folders
in releases/ belong to whoever makes them and are ignored here. A file is read again only after it
changed, so asking twice a second costs little.

A module adds an alias by

    @extends("alias")
    def alias() -> tuple[str, str]

which returns a name and what a version with that alias is used for. People then assign it with
`models alias`, to approved versions only, and `version_of` returns the version that has it.
"""

import re
from pathlib import Path
from typing import Any

from ..development.fingerprint import folder, model_sha256, remembered
from ..extensions import extensions
from ..project import Failure, name, read_yaml, root

FORMAT = 1  # of the files in releases/
ALIASES = {"champion": "answers requests", "challenger": "is tried against the champion"}
DECISIONS = {"approve": "approved", "reject": "rejected"}
FIELDS = (
    "version",
    "decision",
    "who",
    "why",
    "when",
    "self_approved",
    "model_sha256",
    "data_md5",
    "commit",
    "audit_head",
)
NAME = re.compile(r"[0-9A-Za-z][\w.-]*")


def champion() -> str | None:
    """The version that answers, if there is one; raises Failure if it may not (see `check`)."""
    return version_of("champion")


def challenger() -> str | None:
    """The version that is tried against the champion; raises Failure if it may not answer."""
    return version_of("challenger")


def approved() -> list[str]:
    """The approved versions, oldest first, whether their files are here or not."""
    return [version for version in decided() if decision(version)["decision"] == "approved"]


def version_of(alias: str) -> str | None:
    """The version that has an alias, None if no version has it; raises Failure as `check` does."""
    version = aliases().get(alias)
    if version is not None:
        check(version)
    return version


def check(version: str, files: bool = True) -> None:
    """Raise Failure unless the version is approved and its files are those that were approved.

    With files=False they may be missing; those that are here are compared all the same."""
    if not decision_path(version).exists() or decision(version)["decision"] != "approved":
        todo = f"{name()} models approve {version} --reason WHY"
        raise Failure(f"{version} is not approved: `{todo}`")
    if not folder(version).is_dir():
        if not files:
            return
        raise Failure(f"models/{version} is not here: `{name()} models fetch {version}`")
    if model_sha256(version) != decision(version)["model_sha256"]:
        raise Failure(
            f"models/{version} is not what was approved: delete the folder, then "
            f"`{name()} models fetch {version}`"
        )


def aliases_path() -> Path:
    """Where the aliases are written."""
    return root() / "releases" / "aliases.yaml"


def known_aliases() -> dict[str, str]:
    """Every alias, and what a version with that alias is used for."""
    return ALIASES | dict(alias() for alias in extensions("alias"))


def aliases() -> dict[str, str]:
    """The version of each alias that is assigned."""
    path = aliases_path()
    return remembered(path, read_aliases) if path.exists() else {}


def read_release_file(path: Path) -> dict[str, Any]:
    """What a file in releases/ holds; raises Failure if a newer template wrote it."""
    found = read_yaml(path)
    if found.pop("format", FORMAT) != FORMAT:
        raise Failure(f"{path} was written by a newer template: climb to it first")
    return found


def read_aliases(path: Path) -> dict[str, str]:
    found = read_release_file(path)
    known = known_aliases()
    for alias, version in found.items():
        if alias not in known:
            raise Failure(f"{path}: there is no alias {alias!r}, only {', '.join(known)}")
        if not isinstance(version, str) or not NAME.fullmatch(version):
            raise Failure(f"{path}: {alias}: {version!r} is no version of a model")
    return found


def decided() -> list[str]:
    """The versions on which there is a decision, oldest first."""
    files = (root() / "releases").glob("*.yaml")
    return sorted(path.stem for path in files if path.name != "aliases.yaml")


def decision(version: str) -> dict[str, Any]:
    """The decision on a version; raises Failure if there is none, or its file is incomplete."""
    if not decision_path(version).exists():
        raise Failure(f"nothing was decided on {version}")
    return remembered(decision_path(version), read_decision)


def read_decision(path: Path) -> dict[str, Any]:
    found = read_release_file(path)
    if missing := [field for field in FIELDS if field not in found]:
        raise Failure(f"{path} lacks {', '.join(missing)}: `{name()} models` writes these files")
    if found["version"] != path.stem or found["decision"] not in DECISIONS.values():
        raise Failure(f"{path} does not say whether {path.stem} is approved or rejected")
    return found


def decision_path(version: str) -> Path:
    """Where the decision on a version is written."""
    if not NAME.fullmatch(version):
        raise Failure(f"{version!r} is no version of a model")
    return root() / "releases" / f"{version}.yaml"
