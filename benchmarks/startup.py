"""How soon the command line answers: `--help` against `python -c "import argparse"`, also with many more commands.

python benchmarks/startup.py [--rounds 40]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder  # noqa: E402

MOST = 6.0
MORE = 50
COMMAND = '"""One more command."""\n\n\ndef command(parser):\n    return lambda arguments: {}\n'
ENV = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PROJECT_ROOT")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    level = max(ladder.questions()["level"]["choices"].values())
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        ladder.clone(Path(scratch) / "template")
        ladder.render(Path(scratch) / "template", project, {"project_name": "My model", "level": level})
        ladder.run(["uv", "sync", "--quiet", "--no-default-groups", "--group", "serving"], project)
        binaries = project / ".venv" / "bin"
        measured = {
            'python -c "import argparse"': [str(binaries / "python"), "-c", "import argparse"],
            "my-model --help": [str(binaries / "my-model"), "--help"],
            "my-model train --help": [str(binaries / "my-model"), "train", "--help"],
        }
        seconds = measure(measured, rounds)
        for number in range(MORE):
            more = project / "src" / "lifecycle" / "monitoring" / f"more_{number}.py"
            more.write_text(COMMAND, encoding="utf-8")
        help_page = measured["my-model --help"]
        seconds |= measure({f"my-model --help, {MORE} more commands": help_page}, rounds)
        least = seconds.pop('python -c "import argparse"')
        print(f'python -c "import argparse": {least * 1000:.0f} ms, medians of {rounds} rounds')
        for name, it in seconds.items():
            verdict = "met" if it / least <= MOST else "MISSED"
            print(f"{name}: {it * 1000:.0f} ms = {it / least:.1f} (at most {MOST}: {verdict})")


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """The median seconds of each command, run in turn; the first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            began = time.monotonic()
            subprocess.run(command, env=ENV, capture_output=True, check=True)
            seconds[name].append(time.monotonic() - began)
    return {name: median(times[1:]) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
