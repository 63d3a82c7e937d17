"""Which versions people approved: plain files under git in releases/, read without any registry.

releases/<version>.yaml is the decision on a version: who approved or rejected it, when and why,
and the hash of its files. releases/aliases.yaml names the champion and the challenger. The command
`models` writes them; the server, the release and the checks of a merge request read them. A file
is read again only when it changed, so asking twice a second costs little.
"""

import re
from pathlib import Path
from typing import Any

from ..development.fingerprint import folder, model_sha256, remembered
from ..project import Failure, name, read_yaml, root

ALIASES = ("champion", "challenger")
DECISIONS = ("approved", "rejected")
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
    return checked("champion")


def challenger() -> str | None:
    """The version that is tried against the champion; raises Failure if it may not answer."""
    return checked("challenger")


def approved() -> list[str]:
    """The approved versions, oldest first, whether their files are here or not."""
    return [version for version in decided() if decision(version)["decision"] == "approved"]


def checked(alias: str) -> str | None:
    """The version that an alias names, after `check`."""
    version = aliases().get(alias)
    if version is not None:
        check(version)
    return version


def check(version: str) -> None:
    """Raise Failure unless the version is approved and its files are those that were approved."""
    if not file(version).exists() or decision(version)["decision"] != "approved":
        todo = f"{name()} models approve {version} --reason WHY"
        raise Failure(f"{version} is not approved: `{todo}`")
    if not folder(version).is_dir():
        raise Failure(f"models/{version} is not here: `{name()} models fetch {version}`")
    if model_sha256(version) != decision(version)["model_sha256"]:
        raise Failure(
            f"models/{version} is not what was approved: delete the folder, then "
            f"`{name()} models fetch {version}`"
        )


def aliases() -> dict[str, str]:
    """{champion: VERSION, challenger: VERSION}, or a part of it."""
    path = root() / "releases" / "aliases.yaml"
    return remembered(path, read_aliases) if path.exists() else {}


def read_aliases(path: Path) -> dict[str, str]:
    found = read_yaml(path)
    for alias, version in found.items():
        if alias not in ALIASES or not isinstance(version, str) or not NAME.fullmatch(version):
            raise Failure(f"{path}: {alias}: {version!r} is no line `champion: VERSION`")
    return found


def decided() -> list[str]:
    """The versions on which there is a decision, oldest first."""
    files = (root() / "releases").glob("*.yaml")
    return sorted(path.stem for path in files if path.name != "aliases.yaml")


def decision(version: str) -> dict[str, Any]:
    """What was decided on a version; raises Failure if nothing was, or the file is not whole."""
    if not file(version).exists():
        raise Failure(f"nothing was decided on {version}")
    return remembered(file(version), read_decision)


def read_decision(path: Path) -> dict[str, Any]:
    found = read_yaml(path)
    if missing := [field for field in FIELDS if field not in found]:
        raise Failure(f"{path} lacks {', '.join(missing)}: `{name()} models` writes these files")
    if found["version"] != path.stem or found["decision"] not in DECISIONS:
        raise Failure(f"{path} does not say that {path.stem} is approved or rejected")
    return found


def file(version: str) -> Path:
    """Where the decision on a version is written."""
    if not NAME.fullmatch(version):
        raise Failure(f"{version!r} is no version of a model")
    return root() / "releases" / f"{version}.yaml"
