"""Every command of the tutorial is typed as it stands, from nothing to an approved model of level 2."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import tools
from tests.tools import shown

pytestmark = pytest.mark.xdist_group("tutorial")

COMMANDS = [block for block in shown.blocks("docs/tutorial.md") if block.language == "bash"]
# What the page asks the reader to put in, as it was printed last, first match.
PRINTED = {"<key>": r"^    (\S{43})$", "<version>": r"(\d{8}-\d{6}-\w{4})"}


def free_port() -> str:
    """A port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@contextmanager
def in_another_terminal(command: str, folder: Path, port: str) -> Iterator[None]:
    """A server that runs meanwhile; Ctrl-C ends it."""
    kept = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    with subprocess.Popen(["bash", "-euc", command], cwd=folder, env=kept, start_new_session=True) as server:
        try:
            for _ in range(600):
                assert server.poll() is None, "the server ended by itself"
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5)
                    break
                except OSError:  # not there yet, or still loading the model
                    time.sleep(0.1)
            yield
        finally:
            os.killpg(server.pid, signal.SIGINT)
    # A shell may say 130 of what Ctrl-C ended.
    assert server.returncode in (0, 130)


def test_the_tutorial_leads_from_nothing_to_an_approved_model(source: Path, tmp_path: Path) -> None:
    tools.need("curl")
    values = {**shown.address(source), "8000": free_port()}
    outputs: list[str] = []

    def typed(text: str) -> str:
        folder = tmp_path / "my-model"
        for name in set(PRINTED) & set(re.findall(r"<\w+>", text)):
            values[name] = next(found[1] for out in reversed(outputs) if (found := re.search(PRINTED[name], out, re.M)))
        outputs.append(shown.typed(shown.filled(text, values), folder if folder.exists() else tmp_path))
        return outputs[-1]

    waiting = iter(COMMANDS)
    for block in waiting:
        if "serve" not in block.text:
            typed(block.text)
            continue
        with in_another_terminal(shown.filled(block.text, values), tmp_path / "my-model", values["8000"]):
            answer = json.loads(typed(next(waiting).text))
            assert sum(answer["predictions"][0]["probabilities"].values()) == pytest.approx(1), answer
    assert sum("roc_auc decides" in out for out in outputs) == 3
    assert any("releases/ is intact; decisions: 1" in out for out in outputs)
    assert "23 promises" in typed("uv run my-model maturity")


def test_the_last_page_of_the_tutorial_is_reached() -> None:
    """A block whose fence is written in another way would not be typed."""
    text = (Path(__file__).parents[1] / "docs/tutorial.md").read_text(encoding="utf-8")
    assert text.count("\n```bash") == len(COMMANDS) > 12
