"""Show what the template makes: generate a project, train, test, serve one prediction, say what to type next."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

HERE = Path(__file__).resolve().parents[1]
PROJECT = HERE / "demo-project"
NAME = "demo-project"
LEFT_OUT = ("VIRTUAL_ENV", "PROJECT_ROOT", "DATA_PATH", "API_KEYS_FILE")
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in LEFT_OUT}
ENVIRONMENT["PATH"] = f"{HERE / '.venv' / 'bin'}{os.pathsep}{ENVIRONMENT['PATH']}"
console = Console(highlight=False)


def step(title: str, *command: str, folder: Path = PROJECT) -> None:
    """Run one command of the tour under a heading, its output as it comes; stop with its exit code if it fails."""
    console.print(f"\n[bold]{title}[/]\n[dim]$ {' '.join(command)}[/]")
    started = time.monotonic()
    code = subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=False).returncode
    if code:
        console.print(
            f"[red]stopped:[/] this step ended with exit code {code}; {PROJECT.name}/ is left for you to look at"
        )
        sys.exit(code)
    console.print(f"[dim]{time.monotonic() - started:.1f} s[/]")


@contextmanager
def server(port: int) -> Iterator[None]:
    """The project's server as a process, ready to answer; stopped at the end."""
    command = ["uv", "run", NAME, "serve", "--port", str(port)]
    console.print(f"\n[bold]Serving one prediction over HTTP[/]\n[dim]$ {' '.join(command)}[/]")
    with subprocess.Popen(command, cwd=PROJECT, env=ENVIRONMENT) as process:
        try:
            for _ in range(600):
                if process.poll() is not None:
                    sys.exit(f"error: the server ended with exit code {process.returncode}")
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5)
                    break
                except OSError:  # not there yet, or still loading the model
                    time.sleep(0.1)
            else:
                sys.exit("error: the server was not ready after a minute")
            yield
        finally:
            process.terminate()


def ask(port: int, key: str, row: dict[str, Any]) -> dict[str, Any]:
    """POST one row to /predict."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict",
        data=json.dumps(row).encode(),
        headers={"Content-Type": "application/json", "X-API-Key": key},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return dict(json.load(response))


def output(*command: str) -> dict[str, Any]:
    """The JSON that a command of the project prints."""
    done = subprocess.run(
        ["uv", "run", NAME, *command, "--json"],
        cwd=PROJECT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def main() -> None:
    if PROJECT.exists():
        sys.exit(f"error: {PROJECT.name}/ is there already; move it away or delete it, then run `make demo` again")
    copy = ["copier", "copy", "--defaults", "--quiet", "--vcs-ref=HEAD", str(HERE), PROJECT.name]
    step("Generating a project at level 1", *copy, folder=HERE)
    step("Putting it under version control", "git", "init", "--quiet", "--initial-branch=main")
    step("Installing what it needs", "uv", "sync")
    identity = ["-c", "user.name=Demo", "-c", "user.email=demo@example.com"]
    step("Remembering the start", "git", "add", "--all")
    step("", "git", *identity, "commit", "--quiet", "--message", "Start from MLOps Ladder")
    step("Training on 20,000 real flights", "uv", "run", NAME, "train")
    step("Running the project's own tests", "uv", "run", "pytest", "--quiet")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = output("keys", "add", "demo")["key"]
    model = json.loads(max(PROJECT.glob("models/*/model.json")).read_text(encoding="utf-8"))
    with server(port):
        console.print_json(data=model["examples"][0])
        console.print_json(data=ask(port, key, model["examples"][0]))
    step("Looking at the scorecard", "uv", "run", NAME, "maturity", "--html", "reports/maturity.html")
    console.print(
        f"""
[bold green]Done.[/] {PROJECT.name}/ holds a project at level 1: data, model, tests, tracking, service, documentation.

  training report   {PROJECT.name}/reports/training.html
  scorecard         {PROJECT.name}/reports/maturity.html

Next:
  cd {PROJECT.name}
  uv run {NAME} --help                 every command
  uv run {NAME} keys add my-laptop     a key to ask the model with
  uv run {NAME} serve                  then open http://127.0.0.1:8000/docs
"""
    )


if __name__ == "__main__":
    main()
