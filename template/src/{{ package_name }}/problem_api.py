"""What the rest of the package asks of problem/: these names, and nothing else of yours.

data.load(path) -> DataFrame          the table to learn from, with the target
data.split(frame) -> train, test      what is learned from and what is held out (a text may follow)
features.build(params)                a transformer, not fitted: feature columns -> numbers
model.build(params, seed)             an estimator, not fitted, with scikit-learn's protocol
metrics.score(truth, prediction)      {metric: value}; `prediction` is a frame with the columns
                                      `prediction` and, for classes, `probability_<label>`
metrics.PRIMARY                       the metric that decides
metrics.GREATER_IS_BETTER             True or False

`params` is the section of params.yaml with the module's name. New columns belong in
features.build, so that a prediction has them too.
"""

import difflib
import importlib
from types import ModuleType
from typing import Any

from .project import Failure

REQUIRED = {
    "data": ["load", "split"],
    "features": ["build"],
    "model": ["build"],
    "metrics": ["score", "PRIMARY", "GREATER_IS_BETTER"],
}


def part(name: str) -> ModuleType:
    """problem/<name>.py, imported; raises Failure if something that is required is missing."""
    module = importlib.import_module(f".problem.{name}", __package__)
    for required in REQUIRED[name]:
        if not hasattr(module, required):
            raise Failure(f"problem/{name}.py must define {required}{meant(module, required)}")
    return module


def optional(name: str, function: str, default: Any = None) -> Any:
    """What problem/<name>.py defines as `function`, else the default; a misspelt one is told."""
    module = part(name)
    if not hasattr(module, function) and (hint := meant(module, function)):
        raise Failure(f"problem/{name}.py does not define {function}{hint}")
    return getattr(module, function, default)


def meant(module: ModuleType, wanted: str) -> str:
    """The name in the module that was probably meant, as the end of a message."""
    others = [key for key in vars(module) if not key.startswith("_") and key != wanted]
    close = difflib.get_close_matches(wanted, others, n=1, cutoff=0.8)
    return f": it has {close[0]}, did you mean {wanted}?" if close else ""
