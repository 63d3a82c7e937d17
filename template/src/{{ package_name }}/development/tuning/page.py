"""A picture of the search, reports/tuning.html: its best trials, its course, and each parameter."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...project import root, write_page
from ...project import table as rich_table
from ..report import svg
from .search import value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from optuna.trial import FrozenTrial
    from rich.table import Table

    from .search import Search


def write(search: "Search", facts: dict[str, Any]) -> Path:
    """Write the page; it needs no other file."""
    from rich.console import Console

    console = Console(record=True, file=io.StringIO(), width=120, highlight=False)
    trials = search.finished().values()
    states = [trial.state.name for trial in trials]
    console.print(
        f"{len(states)} trials: {states.count('COMPLETE')} passed all {search.folds} folds, "
        f"{states.count('PRUNED')} were given up early, {states.count('FAIL')} failed."
    )
    console.print(
        f"{facts['metric']} {facts['best']:.5g}, against {facts['default']:.5g} with params.yaml "
        f"(trial 0). Data version {facts['data_md5']}, study {facts['study']}."
    )
    console.print(table(search, 20))
    for trial in trials:
        if "error" in trial.user_attrs:
            number, error = trial.user_attrs["number"], trial.user_attrs["error"]
            console.print(f"Trial {number} failed: {error}", markup=False)
    path = root() / "reports" / "tuning.html"
    figures = [draw(search, facts["metric"]) for draw in (course, slices) if search.settings.space]
    write_page(path, "Search for parameters", console, "".join(map(svg, figures)))
    return path


def complete(search: "Search") -> "list[FrozenTrial]":
    """The trials that passed every fold, by number."""
    return [trial for trial in search.finished().values() if trial.state.name == "COMPLETE"]


def table(search: "Search", rows: int) -> "Table":
    """The best trials, and params.yaml's own."""
    best = search.best()
    sign = -1 if search.study.direction.name == "MAXIMIZE" else 1
    ranked = sorted(complete(search), key=lambda trial: sign * value(trial))
    shown = list(
        dict.fromkeys([best.user_attrs["number"], *(number(one) for one in ranked[:rows]), 0])
    )
    kept = search.finished()
    return rich_table(
        [
            {"trial": "0 (params.yaml)" if one == 0 else one, "score": f"{value(kept[one]):.5g}"}
            | {key: short(it) for key, it in kept[one].user_attrs["values"].items()}
            for one in shown
        ]
    )


def number(trial: "FrozenTrial") -> int:
    return int(trial.user_attrs["number"])


def short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def course(search: "Search", metric: str) -> "Figure":
    """The score of each trial, and the best so far."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.add_subplot(title="course of the search", xlabel="trial", ylabel=metric)
    done, trials = complete(search), search.finished().values()
    pruned = [trial for trial in trials if trial.state.name == "PRUNED"]
    numbers, scores = [number(one) for one in done], [value(one) for one in done]
    keep = np.maximum if search.study.direction.name == "MAXIMIZE" else np.minimum
    axes.step(numbers, keep.accumulate(scores), where="post", color="tab:green", label="best")
    axes.plot(numbers, scores, "o", color="tab:blue", label="all folds")
    if pruned:
        x, y = [number(one) for one in pruned], [value(one) for one in pruned]
        axes.plot(x, y, "o", mfc="none", color="tab:grey", label="given up early")
    axes.plot(numbers[:1], scores[:1], "D", color="tab:orange", label="params.yaml")
    axes.legend()
    return figure


def slices(search: "Search", metric: str) -> "Figure":
    """The score against each parameter, with its share of the importance."""
    from matplotlib.figure import Figure

    shares, names = importances(search), [*search.settings.space]
    across = min(3, len(names))
    down = -(-len(names) // across)
    figure = Figure(figsize=(9, 2.8 * down), layout="constrained")
    figure.suptitle("each parameter, darker is later, the orange mark is the best")
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(down, across, place, xlabel=name, ylabel=metric)
        if name in shares:
            axes.set_title(f"importance {shares[name]:.0%}", fontsize="medium")
        scatter(axes, search, name)
    return figure


def scatter(axes: "Axes", search: "Search", name: str) -> None:
    """One parameter."""
    best = search.best()
    points = [one for one in complete(search) if name in one.user_attrs["values"]]
    if getattr(search.settings.space[name], "log", False):
        axes.set_xscale("log")
    numeric = not hasattr(search.settings.space[name], "choices")
    x = [one.user_attrs["values"][name] for one in points]
    x = x if numeric else [str(one) for one in x]
    shades = [number(one) for one in points]
    axes.scatter(
        x, [value(one) for one in points], c=shades, cmap="Blues", vmin=-search.settings.trials / 3
    )
    for place, one in zip(x, points, strict=True):
        if one.number == best.number:
            axes.plot([place], [value(one)], "D", color="tab:orange")


def importances(search: "Search") -> dict[str, float]:
    """How much of the differences between scores each parameter explains (PED-ANOVA, Watanabe et
    al. 2023, arXiv 2304.10255); empty if there are too few trials to tell."""
    import optuna

    whole = [one for one in complete(search) if set(one.params) == set(search.settings.space)]
    if len(whole) < 8 or len({value(one) for one in whole}) < 2:
        return {}
    study = optuna.create_study(direction=search.study.direction)
    study.add_trials(whole)
    return dict(optuna.importance.get_param_importances(study))
