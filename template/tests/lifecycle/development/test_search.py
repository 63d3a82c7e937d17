"""A search in the ranges of conf/tune.yaml makes this project's model no worse."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import optuna
import pytest

from lifecycle import project
from lifecycle.development.tuning import folds, search, settings
from lifecycle.problem import part


def test_the_best_of_a_search_is_no_worse_than_params_yaml(trained: Any) -> None:
    try:
        asked, params = settings.read(trials=2), project.params()
    except project.Failure as failure:  # the ranges are those of another model
        pytest.skip(str(failure))
    table = folds.read(project.data_path(), 2, params["seed"])

    class WithFolds(ThreadPoolExecutor):
        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
            return super().submit(function, table, *args, **kwargs)

    better = part("metrics").GREATER_IS_BETTER
    study = optuna.create_study(direction="maximize" if better else "minimize")
    made = search.Search(study, asked, params, len(table.positions))
    with WithFolds(1) as executor:
        made.run(executor)
    best, default = search.value(made.best()), search.value(made.finished()[0])
    assert best >= default if better else best <= default
    assert [*made.finished()] == [*range(asked.trials)]
