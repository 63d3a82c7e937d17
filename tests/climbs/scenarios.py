"""Scenarios: where a project starts, what people do to it, and where it goes."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from tests.climbs.habits import HABITS, Habit, live
from tests.climbs.life import Life, Tree
from tests.climbs.worlds import World, Worlds

SWITCHES = {
    "ci": ("github", "gitlab"),
    "tracking": ("mlflow", "wandb"),
    "artifact_store": ("local", "s3", "gcs", "azure"),
    "orchestrator": ("none", "prefect", "dagster", "airflow"),
    "compute": ("local", "ray"),
}
FIRST = "0.1.0"
LAST = "0.4.0"
UPWARD = ("up", "version")


@dataclass(frozen=True)
class Route:
    """One climb, and the climbs between that lead to the same place."""

    kind: str
    start: World
    goal: World
    between: tuple[World, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.start} -> {self.goal}"

    @property
    def upward(self) -> bool:
        """Whether the template only adds."""
        return self.kind in UPWARD


def world(level: int, version: str = FIRST, **switches: str) -> World:
    """A world with some switches."""
    return World(version, level, tuple(sorted(switches.items())))


UP = [
    Route("up", world(0), world(1)),
    Route("up", world(1), world(2)),
    Route("up", world(0), world(2), (world(1),)),
]
DOWN = [Route("down", route.goal, route.start) for route in UP]
VERSION = [
    Route("version", world(1), world(1, "0.2.0")),
    Route("version", world(1, "0.2.0"), world(1, "0.3.0")),
    Route("version", world(1, "0.3.0"), world(1, LAST)),
    Route("version", world(1), world(1, LAST), (world(1, "0.2.0"), world(1, "0.3.0"))),
    Route("version", world(1), world(2, LAST)),
]
OTHERS = [
    world(2, ci="gitlab"),
    world(2, tracking="wandb", compute="ray"),
    world(2, artifact_store="s3", orchestrator="airflow"),
]
SIDEWAYS = [Route("sideways", *pair) for other in OTHERS for pair in ((world(2), other), (other, world(2)))]
# The tests take these, so that few worlds have to be rendered; the benchmark takes all.
SOME = [*UP, *DOWN, *VERSION, *SIDEWAYS]
ALL = [*UP, *DOWN, *VERSION] + [
    Route("sideways", world(2, **{name: one}), world(2, **{name: other}))
    for name, choices in SWITCHES.items()
    for one in choices
    for other in choices
    if one != other
]


@dataclass(frozen=True)
class Scenario:
    """A project that was lived in, and where it goes."""

    route: Route
    prefix: str
    shallow: bool
    files: Tree
    moved: dict[str, str]
    story: tuple[str, ...]

    @property
    def inside(self) -> str:
        """The project's folder in its repository, with a slash at the end, or nothing."""
        return f"{self.prefix}/" if self.prefix else ""

    def __repr__(self) -> str:
        place = f" in {self.prefix}/" if self.prefix else ""
        return "\n  ".join([f"{self.route}{place}{', shallow' if self.shallow else ''}", *self.story])

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        """How Hypothesis prints it."""
        printer.text(repr(self))


@st.composite
def scenarios(draw: st.DrawFn, worlds: Worlds, routes: Sequence[Route], habits: Sequence[Habit] = HABITS) -> Scenario:
    """Any route, any life, mostly at the root of a whole repository."""
    kinds = sorted({route.kind for route in routes})
    kind = draw(st.sampled_from(kinds + [kind for kind in kinds if kind in UPWARD]))
    route = draw(st.sampled_from([route for route in routes if route.kind == kind]))
    life = Life(draw, worlds.tree(route.start), worlds.tree(route.goal), dict(worlds.tree(route.start)))
    live(life, habits)
    prefix = draw(st.sampled_from(["", "", "", "services/model"]))
    shallow = draw(st.integers(0, 7)) == 7
    return Scenario(route, prefix, shallow, life.files, life.moved, tuple(life.story))
