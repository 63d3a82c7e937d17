"""Two trainings give the same metrics and the same predictions, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

import pandas as pd
import pytest

from lifecycle.development import model

# The training without the tracker, which is slow to start and changes nothing.
AGAIN = """
from lifecycle import extensions, project
from lifecycle.development import train
found = extensions.places("training")
found[:] = [place for place in found if not place.module.endswith(".recording")]
train.train(project.data_path())
"""


def test_another_process_on_another_day_makes_the_same_model(
    trained: model.Model, rows: pd.DataFrame, workspace: Path, tmp_path: Path
) -> None:
    copytree(workspace / "conf", tmp_path / "conf")
    copy(workspace / "params.yaml", tmp_path)
    elsewhere = os.environ | {"PROJECT_ROOT": str(tmp_path), "PYTHONHASHSEED": "11"}
    command = [sys.executable, "-c", AGAIN]
    done = subprocess.run(command, env=elsewhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROJECT_ROOT", str(tmp_path))
        again = model.load()
    for fact in ("metrics", "baseline", "groups", "schema", "labels", "params"):
        assert again.facts[fact] == model.facts(trained.version)[fact], fact
    pd.testing.assert_frame_equal(again.predict(rows), trained.predict(rows), check_exact=True)
