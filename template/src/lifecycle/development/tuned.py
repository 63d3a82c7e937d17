"""Every training takes the settings that `tune` found, as long as they fit params.yaml.

conf/tuned.yaml is committed, so that a training depends on files that can be read."""

from collections.abc import Iterator
from typing import Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name, params, read_yaml, root, write_atomically
from .candidates import Candidate

FILE = "conf/tuned.yaml"
FORMAT = 1  # of that file
TITLE = "# Written by `tune`, taken by `train` as long as `base` equals `model` in params.yaml.\n"


def read() -> dict[str, Any] | None:
    """The result of the last search, if there was one; raises Failure if it can't be understood."""
    if not (root() / FILE).exists():
        return None
    found = read_yaml(root() / FILE)
    if found.get("format", 1) > FORMAT:
        raise Failure(f"{FILE} was made by a newer template: climb first, or run `{name()} tune`")
    sections = [found.get(key) for key in ("params", "base")]
    if not all(isinstance(it, dict) and isinstance(it.get("model"), dict) for it in sections):
        raise Failure(f"{FILE} lacks params.model or base.model: run `{name()} tune` again")
    return found


def write(found: dict[str, Any]) -> None:
    import yaml

    text = TITLE + yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    write_atomically(root() / FILE, text)


def fits(found: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether the search started from the model's settings as params.yaml has them now."""
    return bool(found["base"]["model"] == (now.get("model") or {}))


@extends("candidate", precedence=10)
def candidate(settings: dict[str, Any]) -> Candidate | None:
    """The settings that were found, put over those of params.yaml while they fit."""
    found = read()
    if found and fits(found, settings):
        model = {**(settings.get("model") or {}), **found["params"]["model"]}
        reason = f"with the settings that `{name()} tune` found ({FILE})"
        return Candidate("tuned", reason, {**settings, "model": model})
    if found:
        print(
            f"{FILE} was found for other settings than params.yaml has now and is left out: "
            f"run `{name()} tune`"
        )
    return None


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """M2a: a search for params.yaml as it is, on the data of the newest model."""
    from . import model

    found, step = read(), f"{name()} tune, then git add {FILE}"
    newest = model.facts(model.latest())["data"]["md5"] if model.versions() else None
    if not found:
        yield Evidence("M2a", "missing", "no search was done", step)
    elif not fits(found, params()):
        yield Evidence("M2a", "missing", f"params.yaml was changed since {FILE} was found", step)
    elif newest and found.get("data_md5") != newest:
        detail = "the newest model learned from other data than the last search"
        yield Evidence("M2a", "missing", detail, step)
    else:
        metric, best, default = (found.get(key) for key in ("metric", "best", "default"))
        detail = f"{metric} {best} against {default} before, in {found.get('trials')} trials"
        yield Evidence("M2a", "proven", detail)
