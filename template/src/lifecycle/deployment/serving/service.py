"""The versions that answer: loaded, chosen for a request, and exchanged while requests run."""

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from time import monotonic
from typing import Any

from ...development import model
from ...extensions import extensions
from ...monitoring.events import Answered
from ...monitoring.metrics import Metrics
from ...monitoring.prediction_log import PredictionLog
from .policies import Plan, Variant, decide, policies
from .scorer import Scorer
from .served import Served

LOOK = 0.5  # seconds between two looks at the policies
RETRY = 10.0  # seconds before a plan that failed is tried again

logger = logging.getLogger(__name__)


@dataclass
class Current:
    """The plan, and the version of each of its variants."""

    plan: Plan
    models: dict[str, Served] = field(default_factory=dict)

    def choose(self, key: str) -> tuple[Variant, Served]:
        variant = self.plan.choose(key)
        return variant, self.models[variant.version]

    @property
    def main(self) -> Served:
        return self.models[self.plan.variants[0].version]


class Service:
    """What routes get to work with. Raises Failure if no version can be served."""

    def __init__(self) -> None:
        self.policies = policies()
        self.problem: str | None = None
        self.refused: tuple[Plan | None, float] = None, 0.0
        self.stopped = threading.Event()
        self.metrics = Metrics()
        self.current = self.load(decide(self.policies), {})
        self.scorer = Scorer(self.metrics)
        self.log = PredictionLog(self.metrics)
        self.fresh: list[Answered] = []
        self.followers = extensions("answered")
        self.watcher = threading.Thread(target=self.watch, name="watcher", daemon=True)
        self.watcher.start()

    def load(self, plan: Plan, known: dict[str, Served]) -> Current:
        """The plan with its versions; what is loaded already is taken over."""
        versions = {variant.version for variant in plan.variants}
        loaded = {v: known[v] if v in known else Served(model.load(v)) for v in versions}
        self.metrics.info.clear()
        for variant in plan.variants:
            facts = loaded[variant.version].model.facts
            labels = variant.version, variant.name, facts["created"], facts["problem_type"]
            self.metrics.info.labels(*labels).set(1)
            self.metrics.edges[variant.version] = facts.get("deciles") or []
            logger.info("%s answers as %s", variant.version, variant.name)
        return Current(plan, loaded)

    def watch(self) -> None:
        """Follow the policies until the end; whatever fails, the current versions go on."""
        while not self.stopped.wait(LOOK):
            try:
                self.follow()
            except Exception as error:
                if str(error) != self.problem:
                    logger.error("%s goes on answering: %s", self.current.main.version, error)
                    self.metrics.load_failures.inc()
                self.problem = str(error)

    def follow(self) -> None:
        """Load what the policies want and only then exchange it, in one assignment."""
        plan = decide(self.policies)
        if plan == self.current.plan:
            self.problem = None
            return
        failed, when = self.refused
        if plan == failed and monotonic() - when < RETRY:
            return
        self.refused = plan, monotonic()
        self.current = self.load(plan, self.current.models)
        self.refused, self.problem = (None, 0.0), None

    def answered(self, event: Answered) -> None:
        """Count and log a request that is over, then call those who follow the server."""
        self.metrics.answered(event)
        if event.rows:
            self.log.write(event)
        if event.predictions:
            if not self.fresh:
                asyncio.get_running_loop().call_soon(self.count)
            self.fresh.append(event)
        for follower in self.followers:
            try:
                follower(event)
            except Exception:
                logger.exception("%s failed", follower.__module__)

    def count(self) -> None:
        """Count the predictions of all requests that ended in the same turn of the loop."""
        fresh, self.fresh = self.fresh, []
        for which, same in groupby(fresh, key=attrgetter("version", "variant")):
            self.metrics.predicted(*which, [row for one in same for row in one.predictions])

    def close(self) -> None:
        """Answer nothing more; keep what was logged."""
        self.stopped.set()
        self.watcher.join(timeout=10)
        self.scorer.thread.shutdown()
        self.log.close()

    def state(self) -> dict[str, Any]:
        """For /ready and for people."""
        variants = [
            {"variant": v.name, "model_version": v.version, "weight": v.weight}
            for v in self.current.plan.variants
        ]
        return {"variants": variants, "problem": self.problem}
