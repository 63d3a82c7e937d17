"""The schema and the automated features fit this project's own table."""

from pathlib import Path

import pytest

from lifecycle import project
from lifecycle.data import describe, schema, table, validate
from lifecycle.data.vectorizer import vectorizer
from lifecycle.development import model
from lifecycle.problem import load, part


@pytest.fixture
def checked(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root whose schema was written from the table."""
    (tmp_path / "conf").mkdir()
    for name in ("conf/data.yaml", "params.yaml", "pyproject.toml"):
        (tmp_path / name).write_bytes((workspace / name).read_bytes())
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    schema.write(table.read(project.data_path()), tolerance=0)
    return tmp_path


def test_a_schema_written_from_the_table_accepts_its_values(checked: Path) -> None:
    report = validate.validate(project.data_path())
    accepted = ("nearly a copy", "in the future", "broken characters")  # for people to look at
    assert [e for e in report["findings"] if not e["rule"].startswith(accepted)] == []


def test_bad_rows_are_set_aside_and_none_is_lost(checked: Path) -> None:
    frame = table.read(project.data_path())
    target = project.conf()["target"]
    broken = frame.assign(**{target: frame[target].astype(object)})
    broken.loc[broken.index[:3], target] = None
    with table.writer(checked / "broken.parquet") as out:
        out.write(broken)
    report = validate.validate(checked / "broken.parquet", checked / "good.parquet")
    assert not report["passed"] and not (checked / "good.parquet").exists()
    aside = table.read(project.root() / report["quarantine"])
    missing = aside[validate.REASONS].str.contains(f"{target}: missing", regex=False)
    assert missing.sum() == 3 and len(aside) == report["bad_rows"]


def test_automated_features_learn_from_the_table(workspace: Path) -> None:
    frame = load(project.data_path())
    role, (rows, test, *_) = describe.roles(frame), part("data").split(frame)
    made = vectorizer(project.params().get("features") or {})
    columns, target = rows[role.features], rows[role.target]
    fitted = model.fit(columns, target, project.params(), made, role.weights(rows))
    assert len(fitted.predict(test)) == len(test)
