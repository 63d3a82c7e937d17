"""Rows of your own table, asked of the server as its callers do."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from pydantic_core import to_json

from lifecycle.deployment.serving import latest, service
from lifecycle.deployment.serving.app import build
from lifecycle.development.model import Model
from lifecycle.governance import keys

Post = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def known(trained: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """Held-out rows that the server takes: nothing is missing where nothing ever was."""
    schema = trained.facts["schema"]
    frame = rows[[column["name"] for column in schema]]
    frame = frame.dropna(subset=[c["name"] for c in schema if not c["nullable"]]).head(20)
    return frame.reset_index(drop=True)


@pytest.fixture(scope="module")
def questions(trained: Model, known: pd.DataFrame) -> list[dict[str, Any]]:
    """The same rows as JSON has them."""
    frame = known.astype(object).where(known.notna(), None)
    for column in trained.facts["schema"]:
        if column["type"] == "string":
            frame[column["name"]] = frame[column["name"]].map(str, na_action="ignore")
    return list(json.loads(to_json(frame.to_dict("records"), fallback=str)))


@pytest.fixture(scope="module")
def post(trained: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """Ask /predict of a server in this process, with a valid key unless another one is given."""
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp("secrets")
        patch.setenv("API_KEYS_FILE", str(folder / "keys.json"))
        patch.setattr(service, "policies", lambda: [latest.policy])
        served, key = service.Service(), keys.add("a test")
        transport = httpx.ASGITransport(build(served))

        async def ask(body: Any, key: str) -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.post("/predict", json=body, headers={"X-API-Key": key})

        yield lambda body, key=key: asyncio.run(ask(body, key))
        served.close()


def test_rows_are_answered_as_the_model_predicts(
    post: Post, trained: Model, known: pd.DataFrame, questions: list[dict[str, Any]]
) -> None:
    found = post(questions).raise_for_status().json()
    assert found["model_version"] == trained.version
    expected = trained.predict(known)
    predictions = pd.Series([row["prediction"] for row in found["predictions"]], name="prediction")
    pd.testing.assert_series_equal(predictions, expected["prediction"], check_dtype=False)


def test_a_wrong_row_is_refused_by_field(
    post: Post, trained: Model, questions: list[dict[str, Any]]
) -> None:
    column = trained.facts["schema"][-1]
    wrong = questions[0] | {column["name"]: 5 if column["type"] == "string" else "nonsense"}
    refused = post([questions[0], wrong])
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", 1, column["name"]]


def test_nobody_is_answered_without_a_key(post: Post, questions: list[dict[str, Any]]) -> None:
    assert [post(questions[0], key).status_code for key in ("", "guessed")] == [401, 401]
