"""What `ab` shows: the design, and the page of an analysis, reports/ab.html."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..development.training_report import svg
from ..pages import write_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show_design(found: dict[str, Any]) -> None:
    """Print what the experiment takes."""
    from rich.console import Console

    settings, units = found["settings"], found["units"]
    console = Console(highlight=False)
    console.print(
        f"{found['name']}: {units['champion']} units for the champion and {units['challenger']} "
        f"for the challenger\nshow a difference of {settings['minimum_effect']:g} in "
        f"{settings['outcome']} with a power of {settings['power']:.0%}; where there is none, "
        f"{settings['alpha']:.1%} of all tests find one."
    )
    planned = [
        {
            "look": str(number),
            "units": f"{one['fraction'] * sum(units.values()):.0f}",
            "decided if |z| passes": f"{one['bound']:.3f}",
        }
        for number, one in enumerate(found["planned"], start=1)
    ]
    console.print(project.table(planned))
    if found["days"] is None:
        console.print("The prediction log has no request of the last 7 days, so no duration.")
    else:
        daily = f"{found['requests_a_day']:.4g} requests a day"
        console.print(f"At most {found['days']:.1f} days at {daily}, if a unit is a request.")
    if found["champion"] and found["challenger"]:
        console.print(
            f"Kept: {found['challenger']} against {found['champion']}. Commit releases/, then set "
            "`running: true` in conf/experiment.yaml."
        )
    else:
        console.print("Not kept: it takes an approved champion and an approved challenger.")


def write(found: dict[str, Any]) -> Path:
    """Print the analysis, and write it with a picture on a page that needs no other file."""
    from rich.console import Console

    console = Console(record=True, highlight=False, width=120)
    console.print(
        f"{found['challenger']} (challenger) against {found['champion']} (champion) by "
        f"{found['outcome']}, {found['better']} is better."
    )
    for variant, count in found["units"].items():
        console.print(f"{variant}: {count} units of {found['planned_units'][variant]}")
    for what, count in found["counts"].items():
        console.print(f"{what.replace('_', ' ')}: {count}")
    for doubt in found["doubts"]:
        console.print(doubt, style="red")
    if found["looks"]:
        console.print(project.table([row(*look) for look in enumerate(found["looks"], start=1)]))
    console.print(f"[bold]{advice(found)}[/]")
    return write_page("ab", f"A/B test {found['name']}", console, found, svg(picture(found)))


def row(number: int, look: dict[str, Any]) -> dict[str, str]:
    """A look as a line."""
    means = look["means"]
    return {
        "look": str(number),
        "information": f"{look['fraction']:.0%}",
        "champion": f"{means['champion']:.4g}",
        "challenger": f"{means['challenger']:.4g}",
        "difference": f"{look['difference']:.4g} [{look['low']:.4g}, {look['high']:.4g}]",
        "z": f"{look['z']:.3f}",
        "bound": f"{look['bound']:.3f}",
        "decision": look["decision"],
    }


def advice(found: dict[str, Any]) -> str:
    """What to do now."""
    then = f"The next look is due at {found['due']:.0%} of the information; "
    here = f"{found['fraction']:.0%} is in."
    return {
        "continue": f"Continue. {then}{here}",
        "challenger": "Stop: the challenger is better. Promote it.",
        "champion": "Stop: the champion is better. Keep it.",
        "no difference shown": "Stop: the test is over and shows no difference. Keep the champion.",
        "none: too early": f"No verdict: it is too early for a look. {then}{here}",
    }.get(found["decision"], "No verdict: the test itself is in doubt. Mend it, under a new name.")


def picture(found: dict[str, Any]) -> "Figure":
    """The bounds that were planned, and the path of z so far."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axis = figure.add_subplot(title="z at each look, and the bounds that decide")
    planned, looks = found["planned"], found["looks"]
    at = [one["fraction"] for one in planned]
    bound = [one["bound"] for one in planned]
    top = max([*bound, *(abs(look["z"]) for look in looks if abs(look["z"]) < 20)]) + 1
    axis.fill_between(at, bound, top, color="#2ca02c", alpha=0.15, label="the challenger is better")
    axis.fill_between(at, [-b for b in bound], -top, color="#d62728", alpha=0.15)
    axis.plot(at, bound, "o--", color="#2ca02c")
    axis.plot(at, [-b for b in bound], "o--", color="#d62728", label="the champion is better")
    axis.axhline(0, color="black", linewidth=0.8)
    if looks:
        path = [(0.0, 0.0), *((look["fraction"], look["z"]) for look in looks)]
        axis.plot(*zip(*path, strict=True), "o-", color="#1f77b4", label="this test")
    axis.set(xlabel="information", ylabel="z", ylim=(-top, top), xlim=(0, max(1.02, *at)))
    axis.legend(loc="upper right", fontsize="small")
    return figure
