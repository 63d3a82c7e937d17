"""A/B tests keep their error rate and their power, and count what they are given."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.stats import binomtest, norm

from lifecycle.cli import run
from lifecycle.deployment import ab
from lifecycle.deployment.experiments import sequential
from lifecycle.deployment.experiments.sequential import Arm, Design
from lifecycle.deployment.serving import experiment
from lifecycle.development import fingerprint
from lifecycle.development.model import Model
from lifecycle.governance import approvals
from lifecycle.monitoring import prediction_log
from lifecycle.project import Failure

RUNS = 2000
EXPERIMENT = {
    "running": True,
    "name": "trial",
    "challenger_share": 0.5,
    "outcome": "conversion",
    "better": "higher",
    "champion_rate": 0.5,
    "standard_deviation": None,
    "minimum_effect": 0.2,
    "alpha": 0.05,
    "power": 0.8,
    "looks": 2,
}
Outcomes = Callable[[np.random.Generator, float, int], np.ndarray]


def coins(rng: np.random.Generator, effect: float, units: int) -> np.ndarray:
    return rng.binomial(1, 0.5 + effect, size=(RUNS, units)).astype(float)


def waits(rng: np.random.Generator, effect: float, units: int) -> np.ndarray:
    """Skewed values with a standard deviation of 1."""
    return rng.gamma(4, 0.5, size=(RUNS, units)) + effect


def arms(values: np.ndarray, fraction: float) -> list[Arm]:
    """What each run has seen of its outcomes at a look."""
    seen = values[:, : round(values.shape[1] * fraction)]
    means, variances = seen.mean(axis=1), seen.var(axis=1, ddof=1)
    return [Arm(seen.shape[1], *one) for one in zip(means, variances, strict=True)]


def decisions(
    draw: Outcomes, effect: float, plan: Design, variances: tuple[float, float], at: Sequence[float]
) -> list[str]:
    """How so many experiments end that are looked at when these fractions are in."""
    rng = np.random.default_rng(7)
    size = sequential.size(plan, *variances)
    champions = draw(rng, 0.0, round(size.champion * max(1.0, at[-1])))
    challengers = draw(rng, effect, round(size.challenger * max(1.0, at[-1])))
    ends, before = ["continue"] * RUNS, list[float]()
    for fraction in (one / max(1.0, at[-1]) for one in at):
        pairs = zip(arms(champions, fraction), arms(challengers, fraction), strict=True)
        looks = [sequential.look(*pair, before, size.information, plan) for pair in pairs]
        ends = [look.decision if end == "continue" else end for end, look in zip(ends, looks, strict=True)]
        before.append(looks[0].information)
    return ends


@pytest.mark.parametrize(("draw", "variance"), [(coins, 0.25), (waits, 1.0)])
@pytest.mark.parametrize(("share", "at"), [(0.5, (0.25, 0.5, 0.75, 1.0)), (0.2, (0.31, 0.6, 1.08))])
def test_where_there_is_no_difference_few_experiments_find_one(
    draw: Outcomes, variance: float, share: float, at: Sequence[float]
) -> None:
    plan = Design(0.2, 0.05, 0.8, 4, share)
    ends = decisions(draw, 0.0, plan, (variance, variance), at)
    found = sum(end in ("challenger", "champion") for end in ends)
    lower = binomtest(found, RUNS).proportion_ci(0.98).low  # one-sided 99%
    assert lower <= plan.alpha
    assert found > 0.5 * plan.alpha * RUNS
    assert "continue" not in ends


@pytest.mark.parametrize(
    ("draw", "variances", "share"),
    [(coins, (0.25, 0.21), 0.5), (waits, (1.0, 1.0), 0.5), (coins, (0.25, 0.21), 0.2)],
)
def test_a_real_difference_is_found_as_often_as_designed(
    draw: Outcomes, variances: tuple[float, float], share: float
) -> None:
    plan = Design(0.2, 0.05, 0.8, 4, share)
    ends = decisions(draw, 0.2, plan, variances, (0.25, 0.5, 0.75, 1.0))
    assert ends.count("challenger") / RUNS == pytest.approx(plan.power, abs=0.03)


def test_looking_without_the_rule_finds_what_is_not_there() -> None:
    rng = np.random.default_rng(7)
    values = coins(rng, 0.0, 400) - coins(rng, 0.0, 400)
    found = np.zeros(RUNS, dtype=bool)
    for fraction in (0.25, 0.5, 0.75, 1.0):
        seen = arms(values, fraction)
        z = [arm.mean / np.sqrt(arm.variance / arm.units) for arm in seen]
        found |= np.abs(z) > norm.isf(0.025)
    assert found.mean() > 0.1


def test_the_bounds_are_those_of_the_literature() -> None:
    """Lan and DeMets' bounds of O'Brien and Fleming's type at a two-sided 5% (Proschan, Lan and Wittes 2006)."""
    published = {
        2: [2.963, 1.969],
        3: [3.710, 2.511, 1.993],
        4: [4.333, 2.963, 2.359, 2.014],
        5: [4.877, 3.357, 2.680, 2.290, 2.031],
    }
    for looks, wanted in published.items():
        bounds = [bound for _, bound in sequential.path(Design(0.2, 0.05, 0.8, looks, 0.5))]
        assert bounds == pytest.approx(wanted, abs=1e-3)
    single = sequential.size(Design(0.1, 0.05, 0.8, 1, 0.5), 1.0, 1.0)
    assert single.champion == pytest.approx(2 * (1.95996 + 0.84162) ** 2 / 0.01, abs=1)


@pytest.fixture
def home(tmp_path: Path, workspace: Path, trained: Model, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an approved champion, an approved challenger and an experiment."""
    versions = {"champion": trained.version, "challenger": "99990101-000000-next"}
    shutil.copytree(workspace / "conf", tmp_path / "conf")
    (tmp_path / "releases").mkdir()
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    for version in versions.values():
        folder = tmp_path / "models" / version
        shutil.copytree(workspace / "models" / trained.version, folder)
        facts = json.dumps(trained.facts | {"version": version}, default=str)
        (folder / "model.json").write_text(facts, encoding="utf-8")
        decision = dict.fromkeys(approvals.FIELDS, "a test")
        decision |= {"version": version, "decision": "approved"}
        decision["model_sha256"] = fingerprint.model_sha256(version)
        approvals.decision_path(version).write_text(yaml.safe_dump(decision), encoding="utf-8")
    (tmp_path / "releases" / "aliases.yaml").write_text(yaml.safe_dump(versions), encoding="utf-8")
    set_experiment(EXPERIMENT)
    return tmp_path


def set_experiment(values: dict[str, Any]) -> None:
    experiment.experiment_path().write_text(yaml.safe_dump(values), encoding="utf-8")


def answer(units: int, rate: dict[str, float], rows: int = 1) -> list[tuple[str, Any]]:
    """Requests in the prediction log, assigned by the policy, and their outcomes."""
    plan = experiment.policy()
    assert plan
    rng, known = np.random.default_rng(units), []
    prediction_log.folder_path().mkdir(parents=True, exist_ok=True)
    with (prediction_log.folder_path() / f"{datetime.now(UTC):%Y-%m-%d}.jsonl").open("ab") as log:
        for unit in range(units):
            variant = plan.choose(f"{units}/{unit}")
            ids = [f"{units}/{unit}:{row}" for row in range(rows)]
            predicted = [{"request_id": i, "prediction": "a", "probabilities": None} for i in ids]
            asked: list[dict[str, Any]] = [{}] * rows
            now = datetime.now(UTC)
            one = prediction_log.Answered(now, variant.version, variant.name, asked, predicted)
            log.write(prediction_log.lines(one))
            outcome = int(rng.random() < rate[variant.name])
            known += [(request_id, outcome) for request_id in ids]
    return known


def analysed(home: Path, known: list[Any], code: int = 0) -> dict[str, Any]:
    """The analysis of these outcomes."""
    with (home / "outcomes.csv").open("w", newline="") as file:
        columns = ["request_id", "outcome", "key"][: len(known[0])]
        csv.writer(file).writerows([columns, *known])
    assert run("ab", ["analyse", "--outcomes", str(home / "outcomes.csv")]) == code
    return dict(json.loads((home / "reports" / "ab.json").read_text(encoding="utf-8")))


def test_nothing_runs_without_a_design(home: Path) -> None:
    with pytest.raises(Failure, match="ab design"):
        experiment.policy()
    assert run("ab", ["design"]) == 0
    plan = experiment.policy()
    assert plan and plan.salt == "trial"
    assert [(variant.name, variant.weight) for variant in plan.variants] == [
        ("champion", 0.5),
        ("challenger", 0.5),
    ]
    set_experiment(EXPERIMENT | {"running": False})
    assert experiment.policy() is None


def test_an_experiment_ends_when_a_version_is_exchanged(home: Path) -> None:
    assert run("ab", ["design"]) == 0
    aliases = home / "releases" / "aliases.yaml"
    champion = yaml.safe_load(aliases.read_text(encoding="utf-8"))["champion"]
    aliases.write_text(yaml.safe_dump({"champion": champion}), encoding="utf-8")
    assert experiment.policy() is None


def test_a_test_goes_on_until_a_look_decides(home: Path) -> None:
    assert [item.state for item in ab.evidence()] == ["missing"]
    run("ab", ["design"])
    known = answer(40, even := {"champion": 0.5, "challenger": 0.5})
    early = analysed(home, known)
    assert (early["decision"], early["looks"]) == ("none: too early", [])
    known += answer(101, even)
    first = analysed(home, known)
    assert first["decision"] == "continue" and len(first["looks"]) == 1
    assert analysed(home, known)["decision"] == "none: too early"
    known += answer(202, {"champion": 0.3, "challenger": 0.9})
    last = analysed(home, known)
    assert last["decision"] == "challenger" and len(last["looks"]) == 2
    assert last["looks"][1]["low"] > 0
    known += answer(303, {"champion": 0.9, "challenger": 0.1})
    assert analysed(home, known)["looks"] == last["looks"]  # what is decided stays decided
    assert [item.state for item in ab.evidence()] == ["proven"]
    page = (home / "reports" / "ab.html").read_text(encoding="utf-8")
    assert "the challenger is better" in page and "<svg" in page
    with pytest.raises(Failure, match="new name"):
        run("ab", ["design"])


def test_a_test_without_a_difference_ends(home: Path) -> None:
    run("ab", ["design"])
    known = answer(260, {"champion": 0.5, "challenger": 0.5})
    assert analysed(home, known)["decision"] == "no difference shown"


def test_lower_is_better_where_the_settings_say_so(home: Path) -> None:
    set_experiment(EXPERIMENT | {"better": "lower"})
    run("ab", ["design"])
    found = analysed(home, answer(260, {"champion": 0.8, "challenger": 0.2}))
    assert found["decision"] == "challenger"
    assert found["looks"][0]["high"] < 0 < found["looks"][0]["z"]


def test_everything_that_was_left_out_is_counted(home: Path) -> None:
    run("ab", ["design"])
    known = answer(100, {"champion": 0.5, "challenger": 0.5}, rows=2)
    counts = analysed(home, [*known[10:], known[-1], ("nobody asked", 1), ("empty", "")])["counts"]
    assert counts == {
        "logged": 200,
        "asked_again": 0,
        "without_outcome": 10,
        "outcomes_without_request": 1,
        "outcomes_repeated": 1,
        "outcomes_empty": 1,
        "units_in_both_variants": 0,
    }


def test_a_list_of_rows_or_a_key_is_one_unit(home: Path) -> None:
    run("ab", ["design"])
    known = answer(100, {"champion": 0.5, "challenger": 0.5}, rows=3)
    assert sum(analysed(home, known)["units"].values()) == 100
    variants = {line["request_id"]: line["variant"] for line in prediction_log.read()}
    keyed = [(i, outcome, f"{variants[i]} {place % 25}") for place, (i, outcome) in enumerate(known)]
    assert sum(analysed(home, keyed)["units"].values()) == 50
    crossed = [(i, outcome, f"{place % 25}") for place, (i, outcome) in enumerate(known)]
    found = analysed(home, crossed, code=1)
    assert found["counts"]["units_in_both_variants"] == 25
    assert "met both variants" in found["doubts"][0]


def test_shares_that_are_not_those_that_were_set_give_no_verdict(home: Path) -> None:
    run("ab", ["design"])
    set_experiment(EXPERIMENT | {"challenger_share": 0.2})
    with pytest.raises(Failure, match="challenger_share changed"):
        experiment.policy()
    with pytest.raises(Failure, match="challenger_share changed"):
        run("ab", ["analyse", "--outcomes", "outcomes.csv"])
    set_experiment(EXPERIMENT)
    known = answer(260, {"champion": 0.2, "challenger": 0.8})
    (log,) = prediction_log.folder_path().glob("*.jsonl")
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(line for line in lines if "challenger" not in line or "5" in line[:25]))
    found = analysed(home, known, code=1)
    assert "sample ratio mismatch" in found["doubts"][0]
    assert found["looks"] == [] and found["decision"].startswith("none")


def test_outcomes_that_one_variant_lacks_give_no_verdict(home: Path) -> None:
    run("ab", ["design"])
    known = answer(260, {"champion": 0.0, "challenger": 1.0})
    some = [(i, outcome) for place, (i, outcome) in enumerate(known) if outcome or place % 2]
    found = analysed(home, some, code=1)
    assert "known more often" in found["doubts"][0] and found["looks"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"challenger_share": 1}, "challenger_share"),
        ({"outcome": "profit"}, "outcome"),
        ({"champion_rate": None}, "champion_rate must be a number"),
        ({"looks": 1.5}, "looks"),
        ({"name": "../other"}, "name"),
        ({"outcome": "correct", "better": "lower"}, "better must be higher"),
        ({"minimum_effct": 1}, "unknown key minimum_effct: did you mean minimum_effect"),
        ({"champion_rate": 0.9}, "beyond 0 or 1"),
        ({"minimum_effect": 0.4}, "smaller minimum_effect"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any], message: str, home: Path) -> None:
    set_experiment(EXPERIMENT | change)
    with pytest.raises(Failure, match=message):
        run("ab", ["design"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("request_id,result\na,1\n", "no column outcome"),
        ("request_id,outcome\nnobody,1\n", "no request_id"),
        ("request_id,outcome\n20/0:0,often\n", "no number"),
        ("request_id,outcome\n20/0:0,7\n", "0 or 1"),
    ],
)
def test_outcomes_that_make_no_sense_are_refused(content: str, message: str, home: Path) -> None:
    run("ab", ["design"])
    answer(20, {"champion": 0.5, "challenger": 0.5})
    (home / "outcomes.csv").write_text(content)
    with pytest.raises(Failure, match=message):
        run("ab", ["analyse", "--outcomes", str(home / "outcomes.csv")])


def test_requests_under_one_assignment_key_are_one_unit(home: Path) -> None:
    run("ab", ["design"])
    known = answer(100, {"champion": 0.5, "challenger": 0.5})
    (log,) = prediction_log.folder_path().glob("*.jsonl")
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for place, row in enumerate(rows):
        row["assignment_key"] = f"{row['variant']} {place % 25}"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert sum(analysed(home, known)["units"].values()) == len({row["assignment_key"] for row in rows})


def test_a_design_of_a_newer_template_is_refused_and_one_without_a_format_read(home: Path) -> None:
    run("ab", ["design"])
    path = home / "releases" / "experiments" / "trial.yaml"
    design = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert design.pop("format") == 1
    path.write_text(yaml.safe_dump(design), encoding="utf-8")
    assert experiment.policy() is not None
    path.write_text(yaml.safe_dump(design | {"format": 2}), encoding="utf-8")
    with pytest.raises(Failure, match="newer template: climb first"):
        experiment.policy()
