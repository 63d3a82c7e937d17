"""A picture of the search, reports/tuning.html: its best trials, its course, and each parameter."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...pages import write_page
from ...project import table as rich_table
from ..training_report import svg
from .search import value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray
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
    figures = [draw(search, facts["metric"]) for draw in (course, slices) if search.settings.space]
    drawn = "".join(map(svg, figures))
    return write_page("tuning", "Search for parameters", console, facts, drawn)


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
            {"trial": "default" if one == 0 else one, "score": f"{value(kept[one]):.5g}"}
            | {key: short(it) for key, it in kept[one].user_attrs["values"].items()}
            for one in shown
        ]
    )


def number(trial: "FrozenTrial") -> int:
    return int(trial.user_attrs["number"])


def short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def course(search: "Search", metric: str) -> "Figure":
    """What each trial gained, and the best so far. One that was given up early is compared on the
    folds that it was scored on: folds differ more than trials do."""
    import numpy as np
    from matplotlib.figure import Figure

    own = search.finished()[0].intermediate_values
    groups: dict[str, list[tuple[int, float]]] = {"COMPLETE": [], "PRUNED": []}
    for trial in search.finished().values():
        if trial.state.name in groups:
            folds = max(trial.intermediate_values)
            gain = trial.intermediate_values[folds] - own[folds]
            groups[trial.state.name].append((number(trial), gain))
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.add_subplot(title="course of the search; what is far off stands at the edge")
    axes.set(xlabel="trial", ylabel=f"{metric} - that of params.yaml")
    numbers, gains = map(np.array, zip(*groups["COMPLETE"], strict=True))
    up = search.study.direction.name == "MAXIMIZE"
    so_far, limits = (np.maximum if up else np.minimum).accumulate(gains), bounds(gains, up)
    axes.set_ylim(*limits)
    axes.step(numbers, so_far, where="post", color="tab:green", label="best")
    axes.plot(numbers, np.clip(gains, *limits), "o", color="tab:blue", label="all folds")
    if groups["PRUNED"]:
        x, y = map(np.array, zip(*groups["PRUNED"], strict=True))
        axes.plot(x, np.clip(y, *limits), "o", mfc="none", color="tab:grey", label="given up early")
    axes.plot([0], [0], "D", color="tab:orange", label="params.yaml")
    axes.legend()
    return figure


def bounds(scores: "ndarray", up: bool) -> tuple[float, float]:
    """What to show of the scores: the worst quarter would squeeze all others."""
    import numpy as np

    low, high = np.quantile(scores, (0.25, 1) if up else (0, 0.75))
    room = 0.2 * (high - low) or 0.01
    return float(low - room), float(high + room)


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
    import numpy as np
    from matplotlib.ticker import LogLocator, NullFormatter

    range_: Any = search.settings.space[name]
    points = [one for one in complete(search) if name in one.user_attrs["values"]]
    scores = np.array([value(one) for one in points])
    limits = bounds(scores, search.study.direction.name == "MAXIMIZE")
    x = [one.user_attrs["values"][name] for one in points]
    if hasattr(range_, "choices"):
        x = [str(choice) for choice in x]
    elif range_.log:
        wide = range_.high > 50 * range_.low
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(*limits)
    shades, best = [number(one) for one in points], number(search.best())
    early = -search.settings.trials / 3  # or the first would be white
    axes.scatter(x, np.clip(scores, *limits), c=shades, cmap="Blues", vmin=early)
    if best in shades:
        place = shades.index(best)
        axes.plot([x[place]], [scores[place]], "D", color="tab:orange")


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
