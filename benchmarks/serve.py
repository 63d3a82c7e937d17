"""Requests a second and latency of `serve`, beside an app that returns a constant, `mlflow models serve` and BentoML.

    python benchmarks/serve.py [--rounds 3] [--seconds 4]

All of them serve one model, with one worker, and are asked in turn by wrk (a closed loop: an answer, then the next
request). Rates are compared within a round, and the median of the rounds is printed; so other work on the machine
does little harm.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
OTHERS = ROOT / "benchmarks" / "serve_others"
sys.path.insert(0, str(ROOT))

from benchmarks import trained  # noqa: E402
from tests import ladder, tools  # noqa: E402

TARGETS = {"a constant": 0.5, "mlflow": 5.0, "bentoml": 2.0}
MOST_OVERHEAD = 2.0
CALLS = """
import os
os.environ["OMP_NUM_THREADS"] = "1"
import sys, time
from statistics import median
import pandas as pd
from lifecycle.development import model
served = model.load()
row = served.prepare(pd.DataFrame(served.facts["examples"][:1]))
for _ in sys.stdin:
    times = []
    for _ in range(300):
        start = time.perf_counter()
        served.predict(row)
        times.append(time.perf_counter() - start)
    print(median(times) * 1000, flush=True)
"""


@dataclass
class Server:
    """A server under test: where it is asked, and how it wants its rows."""

    name: str
    url: str
    shape: str | None

    def body(self, rows: list[dict[str, Any]]) -> Any:
        return {self.shape: rows} if self.shape else rows if len(rows) > 1 else rows[0]


@dataclass
class Load:
    """What wrk saw."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    os.environ["PATH"] = tools.path()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: run scripts/install-tools")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        base = Path(scratch)
        project = trained.project(base)
        key = json.loads(ours(project, "keys", "add", "benchmark", "--json"))["key"]
        examples = json.loads(next(project.glob("models/*/model.json")).read_text())["examples"]
        servers = [stack.enter_context(server) for server in start(base, project)]
        caller = stack.enter_context(calls(project))
        for rows in (1, 100):
            for connections in (1, 32):
                print(f"\n{rows} row{'s' * (rows > 1)} a request, {connections} connection{'s' * (connections > 1)}")
                asked = (examples * 34)[:rows]
                rounds = []
                for number in range(options.rounds + 1):
                    seconds = options.seconds if number else 2  # the first round warms up and is not counted
                    rounds.append({s.name: wrk(base, s, asked, key, connections, seconds) for s in servers})
                report(rounds[1:])
                if (rows, connections) == (1, 1):
                    own = median(call(caller) for _ in range(5))
                    extra = median(one["serve"].p50 for one in rounds[1:]) - own
                    verdict = "met" if extra <= MOST_OVERHEAD else "MISSED"
                    print(f"the model's own call {own:.2f} ms, so serving adds {extra:.2f} ms", end=" ")
                    print(f"(at most {MOST_OVERHEAD}: {verdict})")


def report(rounds: list[dict[str, Load]]) -> None:
    """A line a server: its rate and latency, and our rate as a multiple of it."""
    for name in rounds[0]:
        rate, p50, p99 = (median(getattr(one[name], figure) for one in rounds) for figure in ("rate", "p50", "p99"))
        line = f"{name:16} {rate:8.0f} req/s   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms"
        if name != "serve":
            ratio = median(one["serve"].rate / one[name].rate for one in rounds)
            line += f"   serve / it = {ratio:.2f}"
            if name in TARGETS:
                line += f" (at least {TARGETS[name]}: {'met' if ratio >= TARGETS[name] else 'missed'})"
        print(line, flush=True)


def wrk(base: Path, server: Server, rows: list[dict[str, Any]], key: str, connections: int, seconds: int) -> Load:
    """Ask a server for some seconds; a wrong answer ends the benchmark."""
    (base / "body.json").write_text(json.dumps(server.body(rows)))
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout=30", f"-s{OTHERS / 'post.lua'}", server.url],
        env={**os.environ, "KEY": key, "BODY": str(base / "body.json")},
        capture_output=True,
        text=True,
        check=True,
    )
    requests, lasted, p50, p99, wrong, broken = map(float, done.stderr.split())
    if wrong or broken or not requests:
        sys.exit(f"{server.name}: {wrong:.0f} wrong answers, {broken:.0f} broken connections of {requests:.0f}")
    return Load(requests / lasted, p50, p99)


def ours(project: Path, *arguments: str) -> str:
    return ladder.run([project / ".venv/bin/my-model", *arguments], project).stdout


def start(base: Path, project: Path) -> Iterator[Any]:
    """All servers, each a process of its own, ready to answer."""
    mine, port = project / ".venv/bin", [free_port() for _ in range(4)]
    serve = [mine / "my-model", "serve", "--port", str(port[0])]
    yield running(project, serve, Server("serve", f"http://127.0.0.1:{port[0]}/predict", None))
    constant = Server("a constant", f"http://127.0.0.1:{port[1]}/predict", None)
    yield running(project, [mine / "python", OTHERS / "constant.py", str(port[1])], constant)
    bare = Server("a bare constant", f"http://127.0.0.1:{port[1]}/bare", None)
    yield running(project, ["sleep", "infinity"], bare)
    binaries = environment(base, project, "mlflow>=3,<4")
    model = next(project.glob("ml*/**/MLmodel")).parent
    command = [binaries / "mlflow", "models", "serve", "--model-uri", model, "--env-manager=local", "--workers=1"]
    mlflow = Server("mlflow", f"http://127.0.0.1:{port[2]}/invocations", "dataframe_records")
    yield running(project, [*command, f"--port={port[2]}"], mlflow)
    binaries = environment(base, project, "bentoml>=1.4,<2")
    bento = Server("bentoml", f"http://127.0.0.1:{port[3]}/predict", "rows")
    yield running(OTHERS, [binaries / "bentoml", "serve", "service:Bento", f"--port={port[3]}"], bento, project)


def environment(base: Path, project: Path, requirement: str) -> Path:
    """Another server in an environment of its own, with our versions of what the model needs; returns its bin/."""
    folder = base / requirement.partition(">")[0]
    needed = ("joblib", "numpy", "pandas", "pyyaml", "scikit-learn")
    frozen = ladder.run(["uv", "pip", "freeze", "--python", project / ".venv"], base).stdout.splitlines()
    same = [line for line in frozen if line.partition("==")[0] in needed]
    ladder.run(["uv", "venv", "--quiet", "--python", project / ".venv/bin/python", folder], base)
    ladder.run(["uv", "pip", "install", "--quiet", "--python", folder, *same, requirement], base)
    listed = ladder.run(["uv", "pip", "list", "--python", folder], base).stdout
    print(*(line for line in listed.splitlines() if line.startswith(f"{folder.name} ")), flush=True)
    return folder / "bin"


@contextmanager
def running(folder: Path, command: list[Any], server: Server, root: Path | None = None) -> Iterator[Server]:
    """The server while it runs."""
    project = root or folder
    env = {**os.environ, "PYTHONPATH": str(project / "src"), "PROJECT_ROOT": str(project), "DO_NOT_TRACK": "1"}
    env |= {"PATH": f"{Path(command[0]).parent}{os.pathsep}{env['PATH']}", "BENTOML_HOME": str(project / "bentoml")}
    env.pop("VIRTUAL_ENV", None)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([str(part) for part in command], cwd=folder, env=env, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 120
            while not answers(server.url):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    sys.exit(f"{server.name} does not answer\n{log.read().decode()[-3000:]}")
                time.sleep(0.2)
            yield server
        finally:
            process.terminate()
            process.wait()


def answers(url: str) -> bool:
    """Whether somebody is there, whatever the answer is."""
    try:
        with urlopen(Request(url, b"{}"), timeout=5):
            return True
    except OSError as error:
        return hasattr(error, "code")


@contextmanager
def calls(project: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that calls the model itself, with a row that is a table already."""
    command = [str(project / ".venv/bin/python"), "-c", CALLS]
    env = {**os.environ, "PROJECT_ROOT": str(project)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=env, **pipes) as process:
        yield process
        process.terminate()


def call(process: subprocess.Popen[str]) -> float:
    """The milliseconds of a call, the median of three hundred."""
    assert process.stdin and process.stdout
    process.stdin.write("again\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
