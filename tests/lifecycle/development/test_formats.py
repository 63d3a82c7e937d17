"""Models that an older release kept are read; those of a newer one are refused clearly."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from lifecycle.development import model
from lifecycle.project import Failure

FORMATS = Path(__file__).parents[1] / "formats"
ON_TIME = [0.422301636007, 0.467585797516, 0.486147181059]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A model as the first release keeps it."""
    return Path(shutil.copytree(FORMATS / "model-1", tmp_path / "model"))


def change(folder: Path, **changes: object) -> None:
    facts = json.loads((folder / "model.json").read_text()) | changes
    facts = {key: value for key, value in facts.items() if value is not None}
    (folder / "model.json").write_text(json.dumps(facts))


@pytest.mark.parametrize("number", [1, None])
def test_a_model_of_the_first_format_predicts_what_it_did(kept: Path, number: int | None) -> None:
    """Without a number it is of the first format, too."""
    change(kept, format=number)
    read = model.load(str(kept))
    predicted = read.predict(pd.DataFrame(read.facts["examples"]))
    assert predicted["probability_on_time"].tolist() == pytest.approx(ON_TIME, abs=1e-9)
    assert predicted["prediction"].tolist() == ["late"] * 3


def test_a_model_of_a_newer_format_is_refused_before_it_is_opened(kept: Path) -> None:
    change(kept, format=2)
    (kept / "model.joblib").write_bytes(b"unknown")
    with pytest.raises(Failure, match=r"has format 2 and this project reads up to 1.*update the project first"):
        model.load(str(kept))


def test_a_registered_version_of_a_newer_format_is_refused() -> None:
    registry_entry = pytest.importorskip("lifecycle.development.registry_entry", exc_type=ImportError)
    found = SimpleNamespace(tags={"version": "v1"}, version=3, run_id="r", source="s")
    assert registry_entry.entry(found).version == "v1"
    found.tags["format"] = "2"
    with pytest.raises(Failure, match="v1 was registered in format 2"):
        registry_entry.entry(found)
