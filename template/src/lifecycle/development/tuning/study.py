"""Where trials are kept: an Optuna study for each search, in one file."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...extensions import yours
from ...problem import part
from ...project import Failure, conf, name, root
from .settings import TuneSettings

if TYPE_CHECKING:
    from optuna import Study

PATIENCE = 10  # seconds to wait for the file while another process writes


def database_path() -> Path:
    """Every search of this project, in Optuna's own format."""
    return root() / "tuning" / "trials.db"


def study_name(md5: str, settings: TuneSettings, params: dict[str, Any]) -> str:
    """The same for searches that would find the same: their trials count together."""
    from optuna.distributions import distribution_to_json

    space = {key: distribution_to_json(range_) for key, range_ in settings.space.items()}
    about = [md5, space, settings.folds, settings.batch, params, conf()]
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
            f"{database_path()} cannot be used ({reason}): end the program that holds it, or free "
            f"the disk, and run `{name()} tune` again; every trial that was reported is kept"
        ) from error


def study(title: str) -> "Study":
    """The study of that name in the file, made if it is not there."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    database_path().parent.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{database_path().as_posix()}"
    patience = {"connect_args": {"timeout": PATIENCE}}
    return optuna.create_study(
        storage=optuna.storages.RDBStorage(url, engine_kwargs=patience),
        study_name=title,
        direction="maximize" if part("metrics").GREATER_IS_BETTER else "minimize",
        load_if_exists=True,
    )
