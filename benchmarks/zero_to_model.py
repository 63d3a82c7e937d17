"""How long from nothing to a model, and to green tests, beside Kedro's starter (a stand-in, see kedro_standin/).

    python benchmarks/zero_to_model.py [--rounds 3]

Both sides run in turn on this machine, with packages in uv's cache; each figure is the median of the rounds.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder  # noqa: E402

# What FACTS say of the real starter: a stand-in that is slower than it proves nothing.
STARTER = {"zero to model": 27.0, "zero to green": 52.0}
TARGETS = {"zero to model": 0.6, "zero to green": 1.0}
LARGEST = 500
# Megabytes of each environment as it was installed; running it adds compiled files.
SIZES: dict[str, float] = {}
STEPS = {"zero to model": ("copy", "install", "train"), "zero to green": ("copy", "install", "train", "tests")}
# As on a user's machine: compiled files are kept, and nobody is told who runs this.
DROPPED = ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PROJECT_ROOT", "DATA_PATH", "MLFLOW_TRACKING_URI")
ENV = {k: v for k, v in os.environ.items() if k not in DROPPED} | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DO_NOT_TRACK": "1",
    # The template's projects set it themselves. It helps on a busy machine, so the other side gets it too.
    "OMP_WAIT_POLICY": "PASSIVE",
}


def step(folder: Path, *commands: list[str]) -> float:
    """Run commands one after the other; returns the seconds."""
    began = time.monotonic()
    for command in commands:
        done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{command} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return time.monotonic() - began


def ours(source: Path, folder: Path) -> dict[str, float]:
    """What the README says, with tracking, versioned data, serving and CI in the project."""
    copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", "--data", "project_name=My model"]
    git = [["git", "init", "--quiet"], ["git", "add", "--all"], [*ladder.GIT, "commit", "--quiet", "--message=Start"]]
    seconds = {"copy": step(folder.parent, [*copier, str(source), str(folder)]) + step(folder, *git)}
    seconds["install"] = step(folder, ["uv", "sync", "--quiet"])
    SIZES["ladder"] = megabytes(folder / ".venv")
    seconds["train"] = step(folder, ["uv", "run", "my-model", "train"])
    seconds["tests"] = step(folder, ["uv", "run", "pytest", "--quiet"])
    return seconds


def kedro(folder: Path) -> dict[str, float]:
    """The stand-in: copying it takes no time, which is more than `kedro new` can do."""
    began = time.monotonic()
    shutil.copytree(ROOT / "benchmarks" / "kedro_standin", folder)
    (folder / "data" / "01_raw").mkdir(parents=True)
    shutil.copy(ROOT / "template" / "data" / "flights.parquet", folder / "data" / "01_raw")
    seconds = {"copy": time.monotonic() - began}
    binaries = folder / ".venv" / "bin"
    install = ["uv", "pip", "install", "--quiet", "--python", ".venv"]
    seconds["install"] = step(
        folder, ["uv", "venv", "--quiet", "--python", sys.executable, ".venv"], [*install, "--editable", "."]
    )
    SIZES["kedro"] = megabytes(folder / ".venv")
    seconds["train"] = step(folder, [str(binaries / "kedro"), "run"])
    tests = [str(binaries / "python"), "-m", "pytest", "--quiet"]
    seconds["tests"] = step(folder, [*install, "--editable", ".[dev]"], tests)
    return seconds


def megabytes(folder: Path) -> float:
    """What an environment takes on disk, as `du` counts it."""
    kept = {(s.st_dev, s.st_ino): s.st_blocks for s in (path.lstat() for path in folder.rglob("*"))}
    return sum(kept.values()) * 512 / 2**20


def largest(site: Path) -> str:
    """The heaviest packages of an environment."""
    sizes = sorted(((megabytes(path), path.name) for path in site.iterdir() if path.is_dir()), reverse=True)
    return ", ".join(f"{name} {size:.0f}" for size, name in sizes[:12])


def versions(folder: Path, *packages: str) -> str:
    """The versions that ran."""
    listed = subprocess.run(
        ["uv", "pip", "list", "--quiet", "--python", str(folder / ".venv")], env=ENV, capture_output=True, text=True
    )
    rows = dict(line.split()[:2] for line in listed.stdout.splitlines()[2:])
    return ", ".join(f"{package} {rows.get(package, '-')}" for package in packages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        ladder.clone(base / "template")
        print("filling uv's cache (not measured)", flush=True)
        mine, theirs = [], []
        for number in range(rounds + 1):
            shutil.rmtree(base / "ours", ignore_errors=True)
            shutil.rmtree(base / "kedro", ignore_errors=True)
            mine.append(ours(base / "template", base / "ours"))
            theirs.append(kedro(base / "kedro"))
            if number == 0:
                mine.clear()
                theirs.clear()
                continue
            for name, times in (("ladder", mine[-1]), ("kedro", theirs[-1])):
                parts = "  ".join(f"{part} {seconds:5.1f}" for part, seconds in times.items())
                print(f"round {number}  {name:7} {parts}  seconds", flush=True)
        print(f"\nladder: {versions(base / 'ours', 'scikit-learn', 'pandas', 'mlflow-skinny', 'dvc', 'pytest')}")
        print(f"kedro:  {versions(base / 'kedro', 'kedro', 'kedro-datasets', 'kedro-viz', 'scikit-learn', 'pandas')}")
        for race, parts in STEPS.items():
            mean, other = (median(sum(times[part] for part in parts) for times in side) for side in (mine, theirs))
            verdict = "met" if mean / other <= TARGETS[race] else "MISSED"
            counts = "counts" if other <= STARTER[race] else "DOES NOT COUNT, it is slower than the real one"
            ratio = f"{mean / other:.2f} (at most {TARGETS[race]}: {verdict})"
            print(f"{race}: {mean:.1f} s against {other:.1f} s = {ratio}")
            print(f"    the stand-in {counts} ({STARTER[race]:.0f} s)")
        verdict = "met" if SIZES["ladder"] <= LARGEST else "MISSED"
        print(f"environment of level 1: {SIZES['ladder']:.0f} MB (at most {LARGEST}: {verdict})")
        print(f"    the stand-in's, without its tests' packages: {SIZES['kedro']:.0f} MB")
        (site,) = (base / "ours" / ".venv" / "lib").glob("python*/site-packages")
        print(f"    its largest parts: {largest(site)}")


if __name__ == "__main__":
    main()
