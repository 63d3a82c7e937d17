"""One version of the template, as it stands in git: read, and rendered."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from versions import git

from mlops_ladder import levels, ownership


class Template:
    """One version of the template, unpacked: its questions, what its rungs claim, and its seeds."""

    def __init__(self, ref: str, folder: Path) -> None:
        with tarfile.open(fileobj=io.BytesIO(git("archive", ref))) as archive:
            archive.extractall(folder, filter="data")
        self.folder = folder
        config = _yaml((folder / "copier.yml").read_text(encoding="utf-8").split("--- !include")[0])
        config |= _yaml((folder / "organization.yml").read_text(encoding="utf-8"))
        self.settings = {name: value for name, value in config.items() if name.startswith("_")}
        self.questions = {name: entry for name, entry in config.items() if not name.startswith("_")}
        self.capabilities = levels.read(folder / "levels")
        self.claims = {file.name: (entry.level, file) for entry in self.capabilities for file in entry.files}
        template = folder / "template"
        sources = [path.relative_to(template).as_posix() for path in template.rglob("*") if path.is_file()]
        self.files = {claim(source): template / source for source in sources}
        self.seeds = {path for path in self.claims if ownership.is_seed(path, ownership.seeds(folder / "levels"))}

    def source(self, path: str) -> tuple[str, bytes]:
        """The text behind a path, and whether it is a Jinja template."""
        return self.files[path].suffix, self.files[path].read_bytes()

    def keep(self, paths: set[str]) -> None:
        """Leave only these files in template/, so that trials take no time."""
        for path in set(self.files) - paths:
            self.files[path].unlink()

    def render(self, answers: Mapping[str, Any], folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
        """The files of a project, by the path that a rung claims, and the answers that the project records."""
        import copier

        copier.run_copy(str(self.folder), folder, data=dict(answers), defaults=True, quiet=True)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        recorded = _yaml(files.pop(".copier-answers.yml").decode())
        kept = {name: value for name, value in recorded.items() if not name.startswith("_")}
        return {path.replace("src/package/", "src/*/"): content for path, content in files.items()}, kept


def _yaml(text: str) -> dict[str, Any]:
    import yaml

    return yaml.safe_load(text) or {}


def claim(source: str) -> str:
    """How levels/ names a file of template/."""
    path = source.removesuffix(".jinja").replace("{{ package_name }}", "*")
    return path.replace("{{ _copier_conf.answers_file }}", ".copier-answers.yml")


def choices(question: Mapping[str, Any]) -> list[Any]:
    """The values that a question may have; none if anything goes."""
    found = question.get("choices", [])
    return list(found.values() if isinstance(found, dict) else found)
