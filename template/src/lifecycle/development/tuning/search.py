"""The search: trials are chosen by Optuna in batches, scored fold by fold, and kept in a file.

The parameters of a trial depend on its number, the seed and the scores of the batches before its
own; whether it is given up early depends on the same (median rule, Golovin et al. 2017, "Google
Vizier"). So neither the number of workers, nor who is done first, nor a search that was killed and
goes on changes what is found. Only finished trials are kept: what a killed search was computing
is done again. Two searches for the same do the same."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ...problem import part
from ...project import Failure
from ..compute import lost
from .folds import score
from .settings import FILE, TuneSettings

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial


@dataclass
class Candidate:
    """A trial under way: its parameters, and the scores of the folds so far."""

    number: int
    asked: "Trial"
    values: dict[str, Any]
    scores: list[float] = field(default_factory=list)
    since: datetime = field(default_factory=datetime.now)


@dataclass
class Search:
    """One study. `params` is what params.yaml holds; trial 0 takes it as it is."""

    study: "Study"
    settings: TuneSettings
    params: dict[str, Any]
    folds: int

    @property
    def base(self) -> dict[str, Any]:
        return dict(self.params.get("model") or {})

    def finished(self) -> "dict[int, FrozenTrial]":
        """What is kept, by number, up to the budget."""
        kept = {trial.user_attrs["number"]: trial for trial in self.study.get_trials()}
        return {number: kept[number] for number in sorted(kept) if number < self.settings.trials}

    def best(self) -> "FrozenTrial":
        """The best trial that was scored on every fold; among equals the first."""
        better = max if part("metrics").GREATER_IS_BETTER else min
        complete = [trial for trial in self.finished().values() if trial.state.name == "COMPLETE"]
        return better(complete, key=value)

    def run(self, executor: Executor, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Finish the missing trials, batch by batch; `meanwhile` is called while workers compute.

        The executor's functions get the folds as their first argument."""
        size = self.settings.batch
        for first in range(0, self.settings.trials, size):
            missing = {*range(first, min(first + size, self.settings.trials))} - {*self.finished()}
            if missing:
                batch = [one for one in self.batch(first) if one.number in missing]
                self.score(batch, executor, meanwhile)
            self.check()

    def batch(self, first: int) -> list[Candidate]:
        """The trials from `first` on, chosen by what the batches before have shown."""
        import optuna

        size = self.settings.batch
        known = optuna.create_study(
            direction=self.study.direction,
            sampler=optuna.samplers.TPESampler(seed=self.params["seed"] + first),
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=1),
        )
        known.add_trials([trial for number, trial in self.finished().items() if number < first])
        asked = [known.ask(self.settings.space) for _ in range(size)]
        batch = [Candidate(first + i, one, self.short(one.params)) for i, one in enumerate(asked)]
        if first == 0:
            batch[0].values = {
                key: self.base[key] for key in self.settings.space if key in self.base
            }
        return batch

    def short(self, values: dict[str, Any]) -> dict[str, Any]:
        """Four digits are enough, and people will read them; a range's ends are not passed."""
        shorter = dict(values)
        for key, value in values.items():
            range_: Any = self.settings.space[key]
            if isinstance(value, float) and hasattr(range_, "low"):
                shorter[key] = min(max(float(f"{value:.4g}"), range_.low), range_.high)
        return shorter

    def score(
        self, batch: list[Candidate], executor: Executor, meanwhile: Callable[[], None]
    ) -> None:
        """Have every fold scored, all trials in step, so that no worker waits for the last one."""
        task: Callable[..., float | str] = score  # the executor puts the folds before params
        waiting = deque(batch)
        working: dict[Future[float | str], Candidate] = {}
        while waiting or working:
            while waiting:
                one = waiting.popleft()
                params = {**self.params, "model": {**self.base, **one.values}}
                working[executor.submit(task, params, len(one.scores))] = one
            meanwhile()
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                one = working.pop(future)
                if self.note(one, outcome(future)):
                    waiting.append(one)

    def note(self, one: Candidate, result: float | str) -> bool:
        """Take a fold's score; returns whether the trial goes on."""
        if isinstance(result, str):
            if one.number == 0:
                raise Failure(f"the settings of params.yaml themselves fail: {result}")
            self.keep(one, "FAIL", error=result)
            return False
        one.scores.append(result)
        one.asked.report(fmean(one.scores), len(one.scores) - 1)
        if len(one.scores) < self.folds and not one.asked.should_prune():
            return True
        self.keep(one, "COMPLETE" if len(one.scores) == self.folds else "PRUNED")
        return False

    def keep(self, one: Candidate, state: str, **more: str) -> None:
        """Add a finished trial to the study, and report it."""
        from optuna.trial import TrialState, create_trial

        space = {key: self.settings.space[key] for key in one.values if self.within(one, key)}
        means = {i: fmean(one.scores[: i + 1]) for i in range(len(one.scores))}
        trial = create_trial(
            state=TrialState[state],
            value=fmean(one.scores) if state != "FAIL" else None,
            params={key: one.values[key] for key in space},
            distributions=space,
            user_attrs={"number": one.number, "values": one.values, **more},
            intermediate_values=means,
        )
        trial.datetime_start = one.since
        self.study.add_trial(trial)
        self.report(one)

    def within(self, one: Candidate, key: str) -> bool:
        """Whether the sampler may learn from a value: one of params.yaml may be out of range."""
        from optuna.trial import create_trial

        value, range_ = {key: one.values[key]}, {key: self.settings.space[key]}
        try:
            create_trial(value=0.0, params=value, distributions=range_)
        except (TypeError, ValueError):
            return False
        return True

    def report(self, one: Candidate) -> None:
        """A line of progress."""
        kept = self.finished()
        metric, mine = part("metrics").PRIMARY, kept[one.number]
        line = f"{len(kept)} of {self.settings.trials}: trial {one.number}"
        if "error" in mine.user_attrs:
            line += f" failed: {mine.user_attrs['error']} with {one.values}"
        else:
            line += f", {metric} {value(mine):.5g}"
        if mine.state.name == "PRUNED":
            line += f" on {len(one.scores)} of {self.folds} folds, given up"
        if any(trial.state.name == "COMPLETE" for trial in kept.values()):
            best = self.best()
            line += f"; best {value(best):.5g}, trial {best.user_attrs['number']}"
        print(line, flush=True)

    def check(self) -> None:
        """Raise Failure if nothing but params.yaml's own settings works."""
        tried = [trial for number, trial in self.finished().items() if number]
        if len(tried) > 2 and all(trial.state.name == "FAIL" for trial in tried):
            error = tried[-1].user_attrs["error"]
            raise Failure(f"{FILE}: each of the {len(tried)} trials failed, the last for {error}")


def value(trial: "FrozenTrial") -> float:
    """The mean over the folds that were scored."""
    assert trial.value is not None
    return trial.value


def outcome(future: "Future[float | str]") -> float | str:
    """A fold's score; raises Failure if its worker is gone: `score` itself raises nothing."""
    try:
        return future.result()
    except Exception as error:
        raise Failure(f"{lost(error)}; finished trials are kept") from error
