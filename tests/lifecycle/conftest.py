"""The tests of what a project gets in src/lifecycle, as it stands in template/: no installation, one rendering.

ANSWERS="level=1 tracking=wandb framework=lightgbm" runs those that hold there for a project of other choices."""

from tests.lifecycle import rendered

ORIGINAL = rendered.project()
OTHER = "wandb" if rendered.answers().get("tracking", "mlflow") == "mlflow" else "mlflow"
collect_ignore = [f"development/test_tracking_{OTHER}.py", *rendered.above(int(rendered.answers()["level"]))]

from lifecycle.testing import cli, rows, trained, workspace  # noqa: E402, F401
