"""What benchmarks of a project start with: one of the defaults, installed, with a model."""

from pathlib import Path

from tests import ladder


def project(base: Path) -> Path:
    """The project's folder, made in `base`."""
    folder = base / "project"
    ladder.clone(base / "template")
    ladder.render(base / "template", folder, {"project_name": "My model", "level": 1})
    ladder.commit(folder, "Start")
    ladder.run(["uv", "sync", "--quiet"], folder)
    print("training", flush=True)
    ladder.run([folder / ".venv/bin/my-model", "train"], folder)
    return folder
