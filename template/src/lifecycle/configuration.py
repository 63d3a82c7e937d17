"""Settings files: a pydantic model says what conf/<name>.yaml may hold, and a mistake is named.

    class Gates(Settings):
        tolerance: float = Field(0, ge=0, lt=1)

    gates = load(Gates, "gates")

pydantic's error becomes a message: the file, the key, and for an unknown key the likely one.
"""

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from .project import Failure, read_yaml, root


class Settings(BaseModel):
    """The base of all settings: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def load(model: type[Model], name: str) -> Model:
    """The settings in conf/<name>.yaml; raises Failure, naming the key, if they make no sense."""
    return parse(model, read_yaml(root() / "conf" / f"{name}.yaml"), f"conf/{name}.yaml")


def read(model: type[Model], path: Path) -> Model:
    """The settings in another file of the project."""
    return parse(model, read_yaml(path), path.relative_to(root()).as_posix())


def parse(model: type[Model], values: Any, place: str) -> Model:
    """Values as settings; `place` is where they stand, for the message."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
        raise Failure(f"{place}: {problem(model, first)}") from None


def problem(model: type[BaseModel], error: Any) -> str:
    """One of pydantic's errors, as a person would say it."""
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"unknown key {key}{meant(error['loc'][-1], siblings(model, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "value_error":
        return f"{key}: {error['ctx']['error']}".removeprefix(": ")
    wanted = error["msg"][0].lower() + error["msg"][1:]
    return f"{key}: {wanted.replace('input should', 'it should')}, not {error['input']!r}"


def siblings(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """The keys that are known beside a key, as far as the models of its parents tell."""
    for part in location:
        if field := model.model_fields.get(str(part)):  # else an index or key of a collection
            model = (models(field.annotation) or [BaseModel])[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field holds, itself or in a collection."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models(part)]


def meant(name: str, known: Any) -> str:
    """The end of a message about an unknown name: the close one, or all that there are."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    if close:
        return f": did you mean {close[0]}?"
    return f"; there are {', '.join(sorted(known))}" if known else ""
