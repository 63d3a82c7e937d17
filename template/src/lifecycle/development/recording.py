"""A process beside the training that records it, so that the two start at the same time.

Its imports take as long as those of the training. It asks the tracker, gets ready, and waits for
the run. It ends with the training, whatever ends that: it listens to a pipe, and hears it close."""

import gc
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from ..project import Failure, root, write_atomically

if TYPE_CHECKING:
    from .train import Run

PATIENCE = 10.0  # seconds that a record under way gets when the training was stopped
START = f"from {__name__} import work; work()"


class Recorder:
    """The process as the training sees it."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the training's to hear
        )
        self.patience = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(self.patience)
        self.process.kill()
        with suppress(OSError):
            self.process.communicate()

    def record(self, run: "Run") -> str:
        """Have a run recorded; returns the name the tracker gave it."""
        self.patience = PATIENCE
        assert self.process.stdin
        with suppress(OSError):  # the answer tells that the process is gone
            content = packed(run)
            self.process.stdin.write(len(content).to_bytes(8) + content)
            self.process.stdin.flush()
        return self.answer()

    def answer(self) -> str:
        """First what was recorded meanwhile, or Failure if nothing can be; then the run's name."""
        assert self.process.stdout
        if not (line := self.process.stdout.readline()):
            raise Failure("the process that records ended early, for a reason shown above")
        done, text = json.loads(line)
        if not done:
            raise Failure(text)
        return str(text)


def packed(run: "Run") -> bytes:
    """All that a record needs, and the estimator's library; the model itself is in models/."""
    library = type(getattr(run.model, "estimator", None)).__module__.partition(".")[0]
    return pickle.dumps(replace(run, model=None, facts=run.facts | {"library": library}))


def waiting() -> list[Path]:
    """The runs that are not recorded yet, oldest first."""
    return sorted((root() / "logs" / "unrecorded").glob("*.pickle"))


def keep(run: "Run") -> None:
    """Put a run aside."""
    name = f"{run.facts['version']}.pickle"
    write_atomically(root() / "logs" / "unrecorded" / name, packed(run))


def work() -> None:
    """In the process: ask the tracker, get ready, record the run that comes; two answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Windows, Ctrl-C is heard all the same
    gc.disable()  # it lives for seconds, a twentieth of which would go into looking for cycles
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is not an answer
    runs: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=listen, args=(runs,), daemon=True).start()
    try:
        say(answers, True, "\n".join(ask()))
        prepare()
        say(answers, True, record(pickle.loads(runs.get())))
    except (Failure, OSError) as failure:
        say(answers, False, str(failure))


def listen(runs: SimpleQueue[bytes]) -> None:
    """Take the run; end the process when the training is gone, but not amid a record."""
    with open(0, "rb", closefd=False) as pipe:  # sys.stdin must not be busy when Python ends
        size = int.from_bytes(pipe.read(8))
        content = pipe.read(size)
        if size and len(content) == size:
            runs.put(content)
            pipe.read()
            time.sleep(PATIENCE)
        os._exit(1)


def say(answers: int, done: bool, text: str) -> None:
    """Answer the training."""
    with suppress(BrokenPipeError):
        os.write(answers, json.dumps([done, text]).encode() + b"\n")


def ask() -> list[str]:
    """Ask the tracker whether it could record now, and record what waits, as it answers."""
    from .tracking import tracker

    tracker().check()
    said = []
    for path in waiting():
        run = pickle.loads(path.read_bytes())
        version = run.facts["version"]
        if (root() / "models" / version).is_dir():
            said.append(f"recorded as run {record(run)}: the training {version}")
        else:
            said.append(f"models/{version} is gone: its training is not recorded any more")
        path.unlink()
    return said


def prepare() -> None:
    """Import and make what the record needs; what cannot be had now is told then."""
    from matplotlib.figure import Figure

    from . import report
    from .tracking import tracker

    with suppress(Failure):
        tracker().prepare()
    report.svg(Figure())


def record(run: Any) -> str:
    """Draw the pictures, write the report, and record all of it."""
    from . import report
    from .tracking import tracker

    run.figures = report.pictures(run) | run.figures
    run.report = report.write(run, run.figures)
    return tracker().record(run)
