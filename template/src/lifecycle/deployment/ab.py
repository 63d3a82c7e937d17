"""Compare champion and challenger on real requests: `design` before the test, `analyse` during it.

conf/experiment.yaml sets what is compared. `design` says how many units that takes and keeps the
design in releases/experiments/. `analyse` joins outcomes (a table with the columns request_id and
outcome) to the prediction log. It gives a verdict only at the looks that were designed, so that
looking often does not find what is not there; before the next one it shows no difference at all.

A unit is a request: the rows of a list count as one, by their mean. Where callers send the header
X-Assignment-Key, their requests resemble each other: give the outcomes a third column `key` with
what they sent, and a unit is a key.

Examples:
  {name} ab design
  {name} ab analyse --outcomes outcomes.csv
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name, root, write_atomically

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
    from pandas import Series

    from .sequential import Arm, Design, Size
    from .serving.experiment import Experiment

FEWEST = 30  # units of an arm at the first look: fewer have no normal mean
SUSPICIOUS = 0.001  # a chance as small as this means that something is wrong with the test


def experiment_set() -> "Experiment":
    """The experiment in conf/experiment.yaml; raises Failure if there is none."""
    from .serving import experiment

    if (found := experiment.current()) is None:
        raise Failure(f"there is no {experiment.settings()}: bring it back with `git checkout`")
    return found


def design_of(setting: "Experiment") -> "tuple[Design, Size]":
    """The design that is set, and how much it takes; raises Failure if that is too little."""
    from . import sequential
    from .serving.experiment import RATES

    plan = sequential.Design(
        setting.effect, setting.alpha, setting.power, setting.looks, setting.share
    )
    if setting.outcome in RATES:
        assert setting.rate is not None
        better = setting.rate + setting.sign * setting.effect
        if not 0 < better < 1:
            raise Failure("conf/experiment.yaml: rate and effect together pass beyond 0 or 1")
        spread = setting.rate * (1 - setting.rate), better * (1 - better)
    else:
        assert setting.deviation is not None
        spread = setting.deviation**2, setting.deviation**2
    size = sequential.size(plan, *spread)
    if min(size.champion, size.challenger) < FEWEST * setting.looks:
        raise Failure(
            f"conf/experiment.yaml: an effect as large as this takes {size.champion} and "
            f"{size.challenger} units, too few for {setting.looks} looks: name a smaller effect"
        )
    return plan, size


def design() -> dict[str, Any]:
    """Say what the experiment takes; keep that, if there are a champion and a challenger."""
    from ..governance import approvals, trail
    from . import sequential
    from .serving import experiment

    setting = experiment_set()
    plan, size = design_of(setting)
    champion, challenger = approvals.champion(), approvals.challenger()
    total, daily = size.champion + size.challenger, traffic()
    found: dict[str, Any] = {
        "name": setting.name,
        "settings": setting.settings(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "champion": champion,
        "challenger": challenger,
        "units": {"champion": size.champion, "challenger": size.challenger},
        "planned": [{"fraction": at, "bound": bound} for at, bound in sequential.path(plan)],
        "looks": [],
    }
    if champion and challenger:
        path = experiment.file(setting)
        if path.exists() and read(path)["looks"]:
            raise Failure(f"{setting.name} was looked at already: give the experiment a new name")
        keep(path, found)
        trail.record("experiment designed", challenger, experiment=setting.name, against=champion)
    return found | {"requests_a_day": daily, "days": total / daily if daily else None}


def read(path: Path) -> dict[str, Any]:
    from ..project import read_yaml

    return read_yaml(path)


def keep(path: Path, found: dict[str, Any]) -> None:
    import yaml

    write_atomically(path, yaml.safe_dump(found, sort_keys=False))


def lines(since: datetime) -> Iterator[dict[str, Any]]:
    """The prediction log from a moment on."""
    from ..monitoring import prediction_log

    yield from prediction_log.read(since)


def traffic() -> float | None:
    """Requests a day in the last seven days of the prediction log; None if there were none."""
    since = datetime.now(UTC) - timedelta(days=7)
    first, requests = None, set()
    for row in lines(since):
        first = first or datetime.fromisoformat(row["time"])
        requests.add((row["time"], row["request_id"].rpartition(":")[0] or row["request_id"]))
    if first is None:
        return None
    return len(requests) / max((datetime.now(UTC) - first) / timedelta(days=1), 1 / 24)


def analyse(outcomes: Path) -> dict[str, Any]:
    """Look at the experiment, if a look is due; otherwise say only when it will be."""
    from ..governance import trail
    from . import sequential
    from .serving import experiment

    setting = experiment_set()
    kept = deepcopy(experiment.design(setting))
    plan, size = design_of(setting)
    rows = joined(setting, kept, outcomes)
    counts, doubts = rows.attrs["counts"], rows.attrs["doubts"]
    arms = {variant: arm(rows[rows["variant"] == variant]) for variant in variants(setting)}
    now = sequential.information(arms["champion"].units, arms["challenger"].units)
    before = [one["information"] for one in kept["looks"]]
    due = next_look(setting, size, before)
    result: dict[str, Any] = {
        "name": setting.name,
        "outcome": setting.outcome,
        "better": setting.better,
    }
    result |= {"champion": kept["champion"], "challenger": kept["challenger"]}
    result |= {"counts": counts, "doubts": doubts, "units": {v: a.units for v, a in arms.items()}}
    result |= {"planned_units": kept["units"], "fraction": now / size.information, "due": due}
    if kept["looks"] and kept["looks"][-1]["decision"] != "continue":
        decision = kept["looks"][-1]["decision"]
    elif doubts:
        decision = "none: mend the test first"
    elif now < due * size.information:
        decision = "none: too early"
    else:
        seen = sequential.look(
            signed(arms["champion"], setting.sign),
            signed(arms["challenger"], setting.sign),
            before,
            size.information,
            plan,
        )
        decision = seen.decision
        means = {variant: found.mean for variant, found in arms.items()}
        kept["looks"].append(described(seen, setting.sign) | {"means": means})
        keep(experiment.file(setting), kept)
        trail.record(
            "experiment looked at",
            kept["challenger"],
            experiment=setting.name,
            look=len(kept["looks"]),
            decision=decision,
        )
    return result | {"decision": decision, "looks": kept["looks"], "planned": kept["planned"]}


def next_look(setting: "Experiment", size: "Size", before: list[float]) -> float:
    """The fraction of the information at which the next look is due."""
    last = max(before, default=0.0) / size.information
    planned = [look / setting.looks for look in range(1, setting.looks + 1)]
    return next((at for at in planned if at > last + 1e-9), 1.0)


def variants(setting: "Experiment") -> dict[str, float]:
    """The variants with their shares of the requests."""
    return {"champion": 1 - setting.share, "challenger": setting.share}


def arm(rows: "Frame") -> "Arm":
    from .sequential import Arm

    values = rows["value"]
    return Arm(len(values), float(values.mean()), float(values.var()))


def signed(arm: "Arm", sign: int) -> "Arm":
    """So that more is better."""
    return arm._replace(mean=sign * arm.mean)


def described(look: Any, sign: int) -> dict[str, Any]:
    """A look as it is kept: the difference in the outcome's own unit, challenger less champion."""
    low, high = sorted((sign * look.low, sign * look.high))
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "information": look.information,
        "fraction": look.fraction,
        "z": look.z,
        "bound": look.bound,
        "difference": sign * look.difference,
        "low": low,
        "high": high,
        "decision": look.decision,
    }


def joined(setting: "Experiment", kept: dict[str, Any], outcomes: Path) -> "Frame":
    """A row for each unit with an outcome: variant and value. What was left out is counted, and
    what is suspicious is told, in `attrs`."""
    import pandas as pd

    from ..data import table
    from ..development.model import as_type

    versions = {variant: kept[variant] for variant in variants(setting)}
    logged = [
        {
            "request_id": row["request_id"],
            "request": f"{row['time']} {row['request_id'].rpartition(':')[0] or row['request_id']}",
            "variant": row["variant"],
            "prediction": row["prediction"]["prediction"],
        }
        for row in lines(datetime.fromisoformat(kept["created"]))
        if versions.get(row["variant"]) == row["model_version"]
    ]
    if not logged:
        raise Failure(f"no request was answered in {setting.name} yet: set `running: true`")
    known = table.read(outcomes)
    for column in ("request_id", "outcome"):
        if column not in known:
            raise Failure(f"{outcomes} has no column {column}")
    known["request_id"] = as_type(known["request_id"], "string")
    with_outcome = known.dropna(subset=["outcome"])
    once = with_outcome.drop_duplicates("request_id")
    all_rows = pd.DataFrame(logged)
    rows = all_rows.drop_duplicates("request_id")
    found = rows.merge(once, on="request_id", how="left", indicator=True)
    matched = found[found["_merge"] == "both"].copy()
    counts = {
        "logged": len(all_rows),
        "asked_again": len(all_rows) - len(rows),
        "without_outcome": len(rows) - len(matched),
        "outcomes_without_request": len(once) - len(matched),
        "outcomes_repeated": len(with_outcome) - len(once),
        "outcomes_empty": len(known) - len(with_outcome),
    }
    if matched.empty:
        raise Failure(f"no request_id in {outcomes} is in the prediction log of {setting.name}")
    matched["value"] = values(setting, matched)
    keyed = "key" in matched
    if keyed and matched["key"].isna().any():
        raise Failure(f"{outcomes}: key is missing in {int(matched['key'].isna().sum())} rows")
    unit = "key" if keyed else "request"
    units = matched.groupby(["variant", unit], as_index=False)["value"].mean()
    crossed = units[unit].duplicated(keep=False)
    counts["units_in_both_variants"] = both = int(crossed.sum()) // 2
    units = units[~crossed]
    asked = units if keyed else found.drop_duplicates(["variant", "request"])
    doubts = [*mismatch(setting, asked["variant"]), *lopsided(found)]
    if both:
        doubts.append(f"{both} keys met both variants: they are not what X-Assignment-Key held")
    units.attrs = {"counts": counts, "doubts": doubts}
    return units


def values(setting: "Experiment", rows: "Frame") -> "Series":
    """The outcome of each row as the experiment counts it."""
    import pandas as pd

    from ..development.model import as_type

    if setting.outcome == "correct":
        happened, said = (as_type(rows[c], "string") for c in ("outcome", "prediction"))
        if not set(happened) & set(said):
            few = f"outcomes such as {happened.iloc[0]}, predictions such as {said.iloc[0]}"
            raise Failure(f"no outcome has the name of a predicted class: {few}")
        return (happened == said).astype(float)
    happened = pd.to_numeric(rows["outcome"], errors="coerce").astype(float)
    if happened.isna().any():
        wrong = rows.loc[happened.isna(), "outcome"].iloc[0]
        raise Failure(f"outcome {wrong!r} is no number, as {setting.outcome} needs it")
    if setting.outcome == "rate" and not happened.isin([0, 1]).all():
        raise Failure("outcome must be 0 or 1 for rate")
    if setting.outcome in ("rate", "value"):
        return happened
    away = (happened - pd.to_numeric(rows["prediction"])).abs()
    return away if setting.outcome == "absolute_error" else away**2


def mismatch(setting: "Experiment", dealt: "Series") -> Iterator[str]:
    """Sample ratio mismatch (Fabijan and others 2019): the shares are not those that were set."""
    from scipy.stats import chisquare

    counts = [int((dealt == variant).sum()) for variant in variants(setting)]
    wanted = [share * sum(counts) for share in variants(setting).values()]
    if sum(counts) and (chance := chisquare(counts, wanted).pvalue) < SUSPICIOUS:
        text = " and ".join(f"{v} {n}" for v, n in zip(variants(setting), counts, strict=True))
        yield f"sample ratio mismatch: {text}, which chance does once in {1 / chance:.3g} tests"


def lopsided(found: "Frame") -> Iterator[str]:
    """Outcomes that are missing more often for one variant make the others no fair sample."""
    import pandas as pd
    from scipy.stats import chi2_contingency

    parts = pd.crosstab(found["variant"], found["_merge"] == "both")
    if parts.shape == (2, 2) and chi2_contingency(parts).pvalue < SUSPICIOUS:
        shares = found.groupby("variant")["_merge"].apply(lambda it: (it == "both").mean())
        text = ", ".join(f"{variant} {share:.1%}" for variant, share in shares.items())
        yield f"outcomes are known more often for one variant: {text}"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """P2b: an experiment that was looked at, or runs."""
    from .serving import experiment

    kept = [read(path) for path in sorted((root() / "releases" / "experiments").glob("*.yaml"))]
    looked = [one for one in kept if one["looks"]]
    if looked:
        last = max(looked, key=lambda one: one["looks"][-1]["time"])
        detail = f"{last['name']}, look {len(last['looks'])}: {last['looks'][-1]['decision']}"
        yield Evidence("P2b", "proven", detail)
        return
    setting = experiment.current()
    if setting and setting.running and any(one["name"] == setting.name for one in kept):
        yield Evidence("P2b", "proven", f"{setting.name} runs")
    else:
        step = f"approve a challenger, {name()} ab design, then running: true"
        yield Evidence("P2b", "missing", "no experiment was run yet", step)


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["design", "analyse"])
    parser.add_argument("--outcomes", metavar="FILE", type=Path, help="request_id, outcome[, key]")

    def run(arguments: Namespace) -> dict[str, Any]:
        from . import ab_page

        if arguments.action == "design":
            found = design()
            ab_page.show_design(found)
            return found
        if not arguments.outcomes:
            raise Failure("name the outcomes: `ab analyse --outcomes FILE`")
        found = analyse(arguments.outcomes)
        write_atomically(root() / "reports" / "ab.json", json.dumps(found, indent=2))
        print(f"page: {ab_page.write(found)}")
        return found | {"exit_code": 1 if found["doubts"] else 0}

    return run
