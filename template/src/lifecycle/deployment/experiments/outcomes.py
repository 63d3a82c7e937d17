"""Join outcomes to the prediction log: a value for each unit, and what speaks against the test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ...data import table
from ...development.defaults import as_type
from ...monitoring import prediction_log
from ...project import Failure
from ..serving.experiment import Experiment
from .design import request_id

SUSPICIOUS = 0.001  # a p-value as small as this means that something is wrong with the test


@dataclass
class Units:
    """A row for each unit with an outcome (variant, unit, value), counts of what was used and left
    out, and the reasons why the test itself is in doubt."""

    rows: pd.DataFrame
    counts: dict[str, int]
    doubts: list[str]


def units(setting: Experiment, design: dict[str, Any], path: Path) -> Units:
    """The units of an experiment; raises Failure if the outcomes cannot be used."""
    logged, outcomes = logged_rows(setting, design), read(path)
    once = outcomes.dropna(subset=["outcome"]).drop_duplicates("request_id")
    rows = logged.drop_duplicates("request_id")
    found = rows.merge(once, on="request_id", how="left", indicator=True)
    matched = found[found["_merge"] == "both"].copy()
    if matched.empty:
        raise Failure(f"no request_id in {path} is in the prediction log of {setting.name}")
    counts = {
        "logged": len(logged),
        "asked_again": len(logged) - len(rows),
        "without_outcome": len(rows) - len(matched),
        "outcomes_without_request": len(once) - len(matched),
        "outcomes_repeated": int(outcomes["outcome"].notna().sum()) - len(once),
        "outcomes_empty": int(outcomes["outcome"].isna().sum()),
    }
    if (keyed := "key" in matched) and (missing := int(matched["key"].isna().sum())):
        raise Failure(f"{path}: key is missing in {missing} rows")
    matched["value"] = values(setting, matched)
    unit = "key" if keyed else "unit"
    means = matched.groupby(["variant", unit], as_index=False)["value"].mean()
    crossed = means[unit].duplicated(keep=False)
    counts["units_in_both_variants"] = both = int(crossed.sum()) // 2
    means = means[~crossed]
    assigned = means if keyed else found.drop_duplicates(["variant", "unit"])
    doubts = [*mismatch(setting, assigned["variant"]), *imbalance(found)]
    if both:
        doubts.append(f"{both} keys met both variants: they are not what X-Assignment-Key held")
    return Units(means, counts, doubts)


def logged_rows(setting: Experiment, design: dict[str, Any]) -> pd.DataFrame:
    """The rows that the variants of the experiment answered: request_id, unit, variant,
    prediction. A unit is an assignment key, or a request if its caller sent none."""
    logged = [
        {
            "request_id": row["request_id"],
            "unit": row.get("assignment_key") or request_id(row),
            "variant": row["variant"],
            "prediction": row["prediction"]["prediction"],
        }
        for row in prediction_log.read(datetime.fromisoformat(design["created"]))
        if row["variant"] in setting.shares and design[row["variant"]] == row["model_version"]
    ]
    if not logged:
        raise Failure(f"no request was answered in {setting.name} yet: set `running: true`")
    return pd.DataFrame(logged)


def read(path: Path) -> pd.DataFrame:
    """The table of outcomes; raises Failure if a column is missing."""
    outcomes = table.read(path)
    for column in ("request_id", "outcome"):
        if column not in outcomes:
            raise Failure(f"{path} has no column {column}")
    outcomes["request_id"] = as_type(outcomes["request_id"], "string")
    return outcomes


def values(setting: Experiment, rows: pd.DataFrame) -> pd.Series:
    """The outcome of each row as the experiment counts it; raises Failure for another kind."""
    if setting.outcome == "correct":
        y_true, y_pred = (as_type(rows[c], "string") for c in ("outcome", "prediction"))
        if not set(y_true) & set(y_pred):
            few = f"outcomes such as {y_true.iloc[0]}, predictions such as {y_pred.iloc[0]}"
            raise Failure(f"no outcome has the name of a predicted class: {few}")
        return (y_true == y_pred).astype(float)
    y_true = pd.to_numeric(rows["outcome"], errors="coerce").astype(float)
    if y_true.isna().any():
        wrong = rows.loc[y_true.isna(), "outcome"].iloc[0]
        raise Failure(f"outcome {wrong!r} is no number, and {setting.outcome} needs one")
    if setting.outcome == "conversion" and not y_true.isin([0, 1]).all():
        raise Failure("outcome must be 0 or 1 for conversion")
    if setting.outcome in ("conversion", "value"):
        return y_true
    error = (y_true - pd.to_numeric(rows["prediction"])).abs()
    return error if setting.outcome == "absolute_error" else error**2


def mismatch(setting: Experiment, assigned: pd.Series) -> Iterator[str]:
    """Sample ratio mismatch (Fabijan and others 2019): the shares are not those that were set."""
    from scipy.stats import chisquare

    counts = {variant: int((assigned == variant).sum()) for variant in setting.shares}
    total = sum(counts.values())
    expected = [share * total for share in setting.shares.values()]
    if total and (p := chisquare(list(counts.values()), expected).pvalue) < SUSPICIOUS:
        text = " and ".join(f"{variant} {count}" for variant, count in counts.items())
        yield f"sample ratio mismatch: {text}, which happens by chance in one of {1 / p:.3g} tests"


def imbalance(found: pd.DataFrame) -> Iterator[str]:
    """Outcomes that are missing more often for one variant make the others no fair sample."""
    from scipy.stats import chi2_contingency

    known = found["_merge"] == "both"
    parts = pd.crosstab(found["variant"], known)
    if parts.shape == (2, 2) and chi2_contingency(parts).pvalue < SUSPICIOUS:
        shares = known.groupby(found["variant"]).mean()
        text = ", ".join(f"{variant} {share:.1%}" for variant, share in shares.items())
        yield f"outcomes are known more often for one variant: {text}"
