"""The search: trials are chosen by Optuna in batches, scored fold by fold, and kept in a file.

The parameters of a trial depend on its number, the seed and the scores of the batches before its
own; whether it is given up early depends on the same (median rule, Golovin et al. 2017, "Google
Vizier"). So neither the number of workers, nor who is done first, nor a search that was killed and
goes on changes what is found. Only finished trials are kept: what a killed search was computing
is done again. Two searches for the same do the same."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ...extensions import yours
from ...problem import part
from ...project import Failure, conf, name, root
from .settings import FILE, Settings

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

    from ..compute import Submit

PATIENCE = 10  # seconds to wait for the file while another process writes


def database() -> Path:
    """Every search of this project, in Optuna's own format."""
    return root() / "tuning" / "trials.db"


def identity(md5: str, settings: Settings, params: dict[str, Any]) -> str:
    """The same for searches that would find the same: their trials count together."""
    from optuna.distributions import distribution_to_json

    space = {key: distribution_to_json(range_) for key, range_ in settings.space.items()}
    about = [md5, space, settings.folds, settings.at_once, params, conf()]
    text = json.dumps(about, sort_keys=True, default=str)
    code = [path.read_text(encoding="utf-8") for path in sorted(yours()[1].rglob("*.py"))]
    return hashlib.sha256("\0".join([text, *code]).encode()).hexdigest()[:12]


@contextmanager
def usable() -> Iterator[None]:
    """Raise Failure if the file cannot be read or written."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError, OSError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        raise Failure(
            f"{database()} cannot be used ({reason}): end the program that holds it, or free the "
            f"disk, and run `{name()} tune` again; every trial that was reported is kept"
        ) from error


def study(title: str) -> "Study":
    """The study in the file, made if it is not there."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    database().parent.mkdir(parents=True, exist_ok=True)
    url, patience = f"sqlite:///{database().as_posix()}", {"connect_args": {"timeout": PATIENCE}}
    return optuna.create_study(
        storage=optuna.storages.RDBStorage(url, engine_kwargs=patience),
        study_name=title,
        direction="maximize" if part("metrics").GREATER_IS_BETTER else "minimize",
        load_if_exists=True,
    )


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
    """One study. `params` is what params.yaml holds; trial 0 takes it as it is.

    The errands are run as soon as there is work under way."""

    study: "Study"
    settings: Settings
    params: dict[str, Any]
    folds: int
    errands: list[Callable[[], None]] = field(default_factory=list)

    @property
    def base(self) -> dict[str, Any]:
        return dict(self.params.get("model") or {})

    def finished(self) -> "dict[int, FrozenTrial]":
        """What is kept, by number, up to the budget."""
        kept = {trial.user_attrs["number"]: trial for trial in self.study.get_trials()}
        return {number: kept[number] for number in sorted(kept) if number < self.settings.trials}

    def best(self) -> "FrozenTrial":
        """The best trial that passed every fold; of equals the first, which may be the default."""
        better = max if part("metrics").GREATER_IS_BETTER else min
        complete = [trial for trial in self.finished().values() if trial.state.name == "COMPLETE"]
        return better(complete, key=value)

    def run(self, submit: "Submit", most: int) -> None:
        """Finish the trials that are lacking, batch by batch, `most` folds at a time."""
        size = self.settings.at_once
        for first in range(0, self.settings.trials, size):
            lacking = {*range(first, min(first + size, self.settings.trials))} - {*self.finished()}
            if lacking:
                batch = [one for one in self.batch(first) if one.number in lacking]
                self.score(batch, submit, most)
            self.check()

    def batch(self, first: int) -> list[Candidate]:
        """The trials from `first` on, chosen by what the batches before have shown."""
        import optuna

        size = self.settings.at_once
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

    def score(self, batch: list[Candidate], submit: "Submit", most: int) -> None:
        """Have every fold scored, all trials in step, so that no worker waits for the last one."""
        waiting = deque(batch)
        working: dict[Future[float | str], Candidate] = {}
        while waiting or working:
            while waiting and len(working) < most:
                one = waiting.popleft()
                params = {**self.params, "model": {**self.base, **one.values}}
                working[submit(params, len(one.scores))] = one
            while self.errands:
                self.errands.pop()()
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
        """Write a finished trial down, and say so."""
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
        said = f"{len(kept)} of {self.settings.trials}: trial {one.number}"
        if "error" in mine.user_attrs:
            said += f" failed: {mine.user_attrs['error']} with {one.values}"
        else:
            said += f", {metric} {value(mine):.5g}"
        if mine.state.name == "PRUNED":
            said += f" on {len(one.scores)} of {self.folds} folds, given up"
        if any(trial.state.name == "COMPLETE" for trial in kept.values()):
            best = self.best()
            said += f"; best {value(best):.5g}, trial {best.user_attrs['number']}"
        print(said, flush=True)

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
    """What a worker answered; raises Failure if it can't answer any more."""
    try:
        return future.result()
    except Exception as error:
        raise Failure(
            f"a worker was lost ({type(error).__name__}: {error}), perhaps for lack of memory: try "
            "fewer --workers; finished trials are kept"
        ) from error
