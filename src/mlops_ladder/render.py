"""What a version of the template gives for a set of answers, by Copier; and what that version asks."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops_ladder.git import attempt, git
from mlops_ladder.project import ANSWERS
from mlops_ladder.refusal import Refusal

SHORTHANDS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}


def fetch(source: str, folder: Path) -> Path:
    """Clone the template once, so that both renderings come from one state of it; nothing is checked out yet."""
    address = source
    for short, long in SHORTHANDS.items():
        address = long + address.removeprefix(short) if address.startswith(short) else address
    if attempt(Path.home(), "clone", "--quiet", "--no-checkout", "--", address, str(folder)).returncode:
        raise Refusal(
            f"The template cannot be fetched from {source}. If it moved, write its new address after `_src_path:` in "
            f"{ANSWERS}, commit, and try again; else see that you can reach it: `git ls-remote {address}`."
        )
    return folder


def revision(template: Path, version: str) -> str:
    """The commit of a version, or nothing if there is no such version."""
    return attempt(template, "rev-parse", "--verify", "--quiet", f"{version}^{{commit}}").stdout.strip()


def check_out(template: Path, version: str, recorded: str) -> None:
    """Put a version of a fetched template into its folder; the recorded one must be there too, to compare with."""
    if not revision(template, recorded):
        raise Refusal(
            f"The template has no version {recorded}, which the project was made from; perhaps it was never pushed. "
            f"Write after `_commit:` in {ANSWERS} a version with the same files, commit, and try again."
        )
    if not revision(template, version):
        tags = attempt(template, "tag", "--sort=-version:refname").stdout.split()[:5]
        known = f"its newest versions are {', '.join(tags)}" if tags else "it has no tagged versions"
        raise Refusal(f"The template has no version {version}; {known}. Name one with --template-version.")
    git(template, "checkout", "--quiet", "--force", "--detach", version)


def questions(template: Path) -> dict[str, dict[str, Any]]:
    """The questions of copier.yml by name, with what organization.yml overrides."""

    class Loader(yaml.SafeLoader):
        """copier.yml's dialect of YAML."""

    def include(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
        return yaml.safe_load((template / str(loader.construct_scalar(node))).read_text(encoding="utf-8"))

    Loader.add_constructor("!include", include)
    merged: dict[str, Any] = {}
    for part in yaml.load_all((template / "copier.yml").read_text(encoding="utf-8"), Loader):
        merged.update(part or {})
    asked = {name: entry for name, entry in merged.items() if not name.startswith("_")}
    return {name: entry if isinstance(entry, dict) else {"default": entry} for name, entry in asked.items()}


def render(
    source: str, version: str, answers: Mapping[str, Any], folder: Path, changes: Mapping[str, Any] | None = None
) -> Path:
    """Render a version of the template into a folder.

    `answers` are taken as a project's recorded ones: what is no longer asked falls to its default, as in an update.
    `changes` are new answers: one that is not valid, not asked or not recorded is a Refusal."""
    import copier
    import jinja2

    changes = changes or {}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANSWERS).write_text(yaml.safe_dump(dict(answers)), encoding="utf-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copier.run_copy(
                source, folder, dict(changes), vcs_ref=version, defaults=True, overwrite=True, quiet=True, unsafe=False
            )
    except (copier.errors.CopierError, jinja2.TemplateError, OSError, ValueError) as error:
        raise Refusal(f"The template refuses this: {_message(error)}") from None
    _compare({**answers, **changes}, yaml.safe_load((folder / ANSWERS).read_text(encoding="utf-8")), changes, version)
    return folder


def _message(error: Exception) -> str:
    """Copier's message without its own words around it."""
    text = re.sub(r"^'dict object' has no attribute '(.+)'$", r"\1", str(error))  # how copier.yml refuses
    return text.removeprefix("Validation error for question ").strip().rstrip(".") + "."


def _compare(wanted: Mapping[str, Any], got: Mapping[str, Any], changes: Mapping[str, Any], version: str) -> None:
    """Copier replaces a recorded answer that it no longer accepts by the default, and drops one that is not asked."""
    for name, value in wanted.items():
        if name in got and str(got[name]) != str(value):
            raise Refusal(
                f"Version {version} of the template does not accept the recorded answer {name}={value}; "
                f"say what it shall be with --set {name}=..."
            )
        if name in changes and name not in got:
            raise Refusal(f"The template does not ask {name} with these answers, so it would not be remembered.")
