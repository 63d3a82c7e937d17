"""Weights & Biases: kept in wandb/ of this project; online with WANDB_API_KEY or WANDB_MODE."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from ...project import Failure, name, root


def folder() -> Path:
    """Where wandb keeps its runs, sent or not."""
    return root().resolve() / "wandb"


def mode() -> str:
    """Nothing leaves this machine unless a key or a mode says so."""
    found = os.environ.get("WANDB_MODE")
    if found not in (None, "", "online", "offline"):
        raise Failure(f"WANDB_MODE is {found!r}: set it to online or offline")
    return found or ("online" if os.environ.get("WANDB_API_KEY") else "offline")


def library() -> Any:
    """The wandb library, quiet, with all its files inside the project."""
    os.environ["WANDB_MODE"] = mode()
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    for place in ("DATA", "CACHE", "CONFIG"):
        os.environ.setdefault(f"WANDB_{place}_DIR", str(folder() / place.lower()))
    import wandb

    return wandb


def check() -> None:
    """Online, show the key to the server once; offline there is nothing that could be missing."""
    if mode() != "online":
        return
    address = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
    try:
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(address, timeout=4).close()
        if library().login(key=os.environ.get("WANDB_API_KEY"), verify=True, timeout=5):
            return
        reason = "the key was refused"
    except Exception as error:
        reason = str(error).partition("\n")[0][:200]
    raise Failure(
        f"Weights & Biases at {address} cannot be used ({reason}): mend WANDB_API_KEY or "
        "WANDB_BASE_URL, or set WANDB_MODE=offline to record in wandb/"
    )


def record(facts: dict[str, Any], files: Path) -> str:
    """Parameters, metrics, pictures, data version, commit, environment and the model itself."""
    from .. import model

    wandb = library()
    import_module("matplotlib.pyplot")  # wandb.Image looks for it, but does not import it
    with wandb.init(
        project=name(),
        name=facts["version"],
        dir=str(root().resolve()),
        config={
            **facts["params"],
            "version": facts["version"],
            "data_md5": facts["data"]["md5"],
            "commit": facts["commit"] or "",
            "dirty": facts["dirty"],
            "packages": facts["packages"],
        },
        settings={"console": "off", "x_disable_stats": True, "init_timeout": 30},
    ) as kept:
        kept.summary.update(facts["metrics"])
        kept.summary.update({f"baseline_{key}": it for key, it in facts["baseline"].items()})
        kept.log({file.stem: wandb.Image(str(file)) for file in files.glob("figures/*.png")})
        for page in files.glob("*.html"):
            kept.log({"report": wandb.Html(page.read_text(encoding="utf-8"))})
        folder = str(model.folder(facts["version"]))
        kept.log_artifact(folder, name=f"{name()}-model", type="model")
        return str(kept.id)


def runs(limit: int) -> list[dict[str, Any]]:
    """The newest runs that this machine recorded, read by wandb's own `leet inspect`."""
    library()
    return [summary(path) for path in files()[:limit]]


def files() -> list[Path]:
    """The logs of the runs, newest first."""
    return sorted(folder().glob("*run-*/run-*.wandb"), key=lambda path: -path.stat().st_mtime)


def summary(path: Path) -> dict[str, Any]:
    """One run."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{path} cannot be read: {done.stderr.strip()}")
    kept = json.loads(done.stdout)
    config = kept["config"]
    return {
        "id": kept["run_id"],
        "version": config.get("version", ""),
        "created": kept["start_time"],
        "metrics": {key: it for key, it in kept["summary"].items() if isinstance(it, float)},
        "params": {key: config[key] for key in ("seed", "features", "model") if key in config},
        "data_md5": config.get("data_md5", ""),
        "commit": config.get("commit", ""),
    }


def newest() -> datetime | None:
    """The last run's time."""
    found = files()
    return datetime.fromtimestamp(found[0].stat().st_mtime, UTC) if found else None
