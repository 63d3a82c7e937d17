"""Templates of a few files, rendered in a second, on which plain Copier shows how it fails."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests import ladder

QUESTIONS = """\
_templates_suffix: ""
_subdirectory: template
level: {type: int, default: 0, choices: [0, 1, 2]}
ci: {type: str, default: github, choices: [github, gitlab]}
"""
ANSWERS = {"{{ _copier_conf.answers_file }}": "{{ _copier_answers | to_nice_yaml }}"}


def above(level: int, text: str) -> str:
    """A file's name, or some lines of a file, that come on the rung above a level."""
    return f"{{% if level > {level} %}}{text}{{% endif %}}"


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, by path; a path may hold Jinja, as names in a template do."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def template(folder: Path, files: Mapping[str, str], version: str = "0.1.0") -> Path:
    """A template of exactly these files, or its next version if the folder is a template already."""
    shutil.rmtree(folder / "template", ignore_errors=True)
    write(folder, {"copier.yml": QUESTIONS})
    write(folder / "template", ANSWERS | dict(files))
    ladder.commit(folder, version)
    ladder.git(folder, "tag", version)
    return folder


def project(folder: Path, files: Mapping[str, str], **answers: object) -> Path:
    """A committed project of a template of these files; they lie beside each other in the folder."""
    import copier

    source = template(folder / "template", files)
    copier.run_copy(str(source), str(folder / "project"), data=answers, defaults=True, quiet=True)
    ladder.commit(folder / "project", "Start")
    return folder / "project"


def lived_in(project: Path, files: Mapping[str, str]) -> Path:
    """The project, with a team's files written and committed."""
    write(project, files)
    ladder.commit(project, "Make it ours")
    return project


def twin(project: Path, name: str = "twin") -> Path:
    """A copy of a project beside it, for which the same holds."""
    return Path(shutil.copytree(project, project.with_name(name)))


def plain_update(project: Path, *options: str, **answers: object) -> int:
    """`copier update --defaults` with these answers, as its own command line does it; returns the exit code."""
    from copier._cli import CopierApp

    data = [f"--data={name}={value}" for name, value in answers.items()]
    command = ["copier", "update", "--defaults", "--quiet", *options, *data, str(project)]
    return CopierApp.run(command, exit=False)[1]
