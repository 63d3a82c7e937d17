"""Each kind of broken table is reported in its own words, and no row of it is lost."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest
import yaml

from lifecycle import project
from lifecycle.data import schema, table, validate
from lifecycle.development.model import Model

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def inferred(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose schema is inferred from this project's rows and five columns more."""
    root = tmp_path_factory.mktemp("inferred")
    copytree(workspace / "conf", root / "conf")
    (root / "conf/schema.yaml").unlink(missing_ok=True)
    frame = table.read(project.data_path()).head(500)
    number = pd.Series(range(len(frame)))
    more = {
        "x_key": "k" + number.astype(str),
        "x_amount": number % 7 + 0.5,
        "x_count": number % 5,
        "x_town": number.map(lambda row: ["Zürich", "Genève"][row % 2]),
        "x_day": pd.Timestamp("2020-01-01") + pd.to_timedelta(number % 90, unit="D"),
    }
    settings = {**project.conf(), "id_column": "x_key"}
    project.write_atomically(root / "conf/data.yaml", yaml.safe_dump(settings))
    frame.assign(**more).to_csv(root / "clean.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROJECT_ROOT", str(root))
        validate.validate(root / "clean.csv")
    return root


@pytest.fixture
def clean(inferred: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The table in a copy of that root."""
    copytree(inferred, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    return tmp_path / "clean.csv"


def changed(column: str, value: object, rows: int = 3) -> Change:
    """Put a value into the first rows of a column."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object)
        values.iloc[:rows] = value
        return frame.assign(**{column: values})

    return change


def leaking(frame: pd.DataFrame) -> pd.DataFrame:
    """The target as a number, in a column that looks harmless."""
    return frame.assign(x_count=pd.factorize(frame[project.conf()["target"]], sort=True)[0])


FUTURE = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
BROKEN: dict[str, tuple[Change, str, str, int | None]] = {
    "missing column": (lambda f: f.drop(columns="x_town"), "x_town", "column is missing", None),
    "unknown column": (lambda f: f.assign(x_new=1), "x_new", "does not know", None),
    "wrong type": (changed("x_amount", "much", 500), "x_amount", "'much', not number", None),
    "wrong type in a few rows": (changed("x_amount", "much"), "x_amount", "not number", 3),
    "no whole number": (changed("x_count", 1.5), "x_count", "no whole number", 3),
    "out of range": (changed("x_amount", 1000), "x_amount", "above 12.5", 3),
    "unknown category": (changed("x_town", "Bern"), "x_town", "unknown value", 3),
    "nulls": (changed("x_count", None), "x_count", "missing", 3),
    "duplicate key": (changed("x_key", "k9"), "x_key", "comes twice", 3),
    "duplicate row": (lambda f: pd.concat([f, f.head(2)]), "(row)", "copy of an earlier", 2),
    "future dates": (changed("x_day", FUTURE), "x_day", "in the future", 3),
    "leakage": (leaking, "x_count", "nearly a copy", None),
    "encoding": (changed("x_town", "ZÃ¼rich"), "x_town", "broken characters", 3),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_reported(kind: str, clean: Path) -> None:
    change, column, rule, rows = BROKEN[kind]
    broken = clean.with_name("broken.csv")
    change(pd.read_csv(clean)).to_csv(broken, index=False)
    known = json.loads((project.root() / "reports/validation.json").read_text(encoding="utf-8"))
    before = {(entry["column"], entry["rule"]) for entry in known["findings"]}
    report = validate.validate(broken, clean.with_name("out.csv"))
    new = [e for e in report["findings"] if (e["column"], e["rule"]) not in before]
    found = [entry for entry in new if entry["column"] == column and rule in entry["rule"]]
    assert found, report["findings"]
    assert not report["passed"] and not clean.with_name("out.csv").exists()
    assert found[0]["rows"] is None if rows is None else len(found[0]["rows"]) == rows


def test_an_unreadable_or_empty_file_is_reported(clean: Path) -> None:
    for content, reason in [(b"", "empty"), (b"a,b\n", "no rows"), (b"\0\1\2,\n\0", "not text")]:
        clean.write_bytes(content)
        with pytest.raises(project.Failure, match=reason):
            validate.validate(clean)


def test_bad_rows_are_set_aside_and_the_others_go_on(clean: Path) -> None:
    frame = changed("x_amount", 1000)(changed("x_count", 1.5, 2)(pd.read_csv(clean)))
    broken, out = clean.with_name("broken.csv"), clean.with_name("out.csv")
    frame.to_csv(broken, index=False)
    known = validate.validate(clean)["bad_rows"]
    text = schema.schema_path().read_text(encoding="utf-8")
    share = (known + 3) / len(frame) + 1e-9
    schema.schema_path().write_text(text.replace("tolerance: 0\n", f"tolerance: {share}\n"), "utf-8")
    report = validate.validate(broken, out)
    aside = pd.read_csv(project.root() / report["quarantine"])
    assert len(aside) + len(pd.read_csv(out)) == len(frame)
    assert {"k0", "k1", "k2"} <= set(aside["x_key"])
    reasons = aside.set_index("x_key")[validate.REASONS]
    assert "x_count: no whole number" in reasons["k0"] and "x_amount: above" in reasons["k0"]
    assert "x_count" not in reasons["k2"]
    assert report["out_md5"] == project.md5(out) != report["data"]["md5"]


def test_a_clean_table_goes_on_byte_for_byte(clean: Path) -> None:
    if validate.validate(clean)["findings"]:
        pytest.skip("this project's own rows are not clean")
    out = clean.with_name("out.csv")
    report = validate.validate(clean, out)
    assert out.read_bytes() == clean.read_bytes()
    assert report["out_md5"] == report["data"]["md5"]
    assert "passed" in (project.root() / "reports/validation.html").read_text(encoding="utf-8")


def test_the_schema_is_inferred_once_and_then_left_alone(clean: Path) -> None:
    text = schema.schema_path().read_text(encoding="utf-8")
    for line in ("x_key: {type: text, unique: true}", "x_day: {type: date, past: true}"):
        assert line in text
    assert schema.read()[1]["x_amount"].model_dump(exclude_unset=True) == {
        "type": "number",
        "minimum": 0.0,
        "maximum": 12.5,
    }
    project.write_atomically(schema.schema_path(), text.replace("maximum: 12.5", "maximum: 3"))
    report = validate.validate(clean)
    assert not report["inferred"] and not report["passed"]
    assert validate.validate(clean, renew=True)["inferred"]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("maximum: 12.5", "maximun: 12.5", "column x_amount: unknown key maximun: did you mean maximum"),
        ("x_day: {type: date", "x_day: {type: dates", "column x_day: type: it should be 'boolean', .* not 'dates'"),
        ("tolerance: 0", "tolerance: 5", "conf/schema.yaml: tolerance: it should be less than 1, not 5"),
    ],
)
def test_a_misspelt_schema_is_refused(clean: Path, right: str, wrong: str, message: str) -> None:
    text = schema.schema_path().read_text(encoding="utf-8")
    project.write_atomically(schema.schema_path(), text.replace(right, wrong))
    with pytest.raises(project.Failure, match=message):
        validate.validate(clean)


def test_the_scorecard_asks_for_a_validation_of_what_was_learned_from(trained: Model, workspace: Path) -> None:
    assert [item.state for item in validate.evidence()] == ["missing"]
    text = schema.schema_path().read_text(encoding="utf-8")
    report = validate.validate(project.data_path(), renew=True)
    state = "proven" if report["passed"] else "missing"
    assert [item.state for item in validate.evidence()] == [state]
    (workspace / "reports/validation.json").unlink()
    schema.schema_path().write_text(text, encoding="utf-8")
