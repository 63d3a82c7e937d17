"""The search on a real Ray cluster of two nodes, one of which is killed half-way."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import ladder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

# A cluster of a head and a second node on this machine; `tune` is a driver of its own. The second
# node is killed while it computes a fold and several trials are still to be done.
CLUSTER = """
import os, subprocess, sys, time
from pathlib import Path
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
from ray.cluster_utils import Cluster

def parents():
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            found[int(stat.parent.name)] = (int(rest.split()[1]), (stat.parent / "cmdline").read_text())
        except OSError:
            pass
    return found

def computing(raylet):
    return any(parent == raylet and "ray::score" in command for parent, command in parents().values())

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
doomed = cluster.add_node(num_cpus=1)
raylet = doomed.all_processes["raylet"][0].process.pid
command = [sys.executable, "-m", "lifecycle.cli", "tune", "--trials", "6"]
with subprocess.Popen(
    command, env=os.environ | {"RAY_ADDRESS": cluster.address}, stdout=subprocess.PIPE, text=True
) as tune:
    for line in tune.stdout:
        print(line, end="", flush=True)
        if line.startswith("1 of 6"):
            break
    while not computing(raylet):
        assert tune.poll() is None, "the search was over before a fold ran on the second node"
        time.sleep(0.02)
    cluster.remove_node(doomed, allow_graceful=False)
    print("the second node was killed", flush=True)
    print(tune.stdout.read())
cluster.shutdown()
sys.exit(tune.returncode)
"""


def root(project: Path, folder: Path) -> dict[str, str]:
    """A root of its own with a search of six trials: the variables that point there."""
    shutil.copytree(project / "conf", folder / "conf")
    shutil.copy(project / "params.yaml", folder)
    asked = yaml.safe_load((folder / "conf" / "tune.yaml").read_text(encoding="utf-8"))
    asked |= {"folds": 3, "batch": 3}
    (folder / "conf" / "tune.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    data = str(project / "data" / "flights.parquet")
    return {"PROJECT_ROOT": str(folder), "DATA_PATH": data, "RAY_ADDRESS": ""}


def test_a_node_is_killed_half_way_and_the_best_is_the_same(live: Callable[..., Path], tmp_path: Path) -> None:
    ray, local = live(level=2, compute="ray"), live(level=2)
    here = root(local, tmp_path / "local")
    ladder.run([local / ".venv/bin/python", "-m", "lifecycle.cli", "tune", "--trials", "6"], local, **here)
    there = root(ray, tmp_path / "ray")
    done = ladder.run([ray / ".venv/bin/python", "-c", CLUSTER], ray, **there)
    before, _, after = done.stdout.partition("the second node was killed")
    assert "1 of 6" in before and "6 of 6" in after
    files = [(tmp_path / where / "conf" / "tuned.yaml").read_text() for where in ("local", "ray")]
    assert files[0] == files[1]


def test_a_cluster_that_is_not_there_is_reported(live: Callable[..., Path], tmp_path: Path) -> None:
    project = live(level=2, compute="ray")
    env = root(project, tmp_path / "root") | {"RAY_ADDRESS": "127.0.0.1:9"}
    command = [project / ".venv/bin/python", "-m", "lifecycle.cli", "tune", "--trials", "2", "--json"]
    done = ladder.run(command, project, check=False, **env)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "RAY_ADDRESS" in done.stderr and "Traceback" not in done.stderr
