"""What higher levels add to the server is dropped into the user's package here, and found."""

import json
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from lifecycle import extensions
from lifecycle.deployment.serving import service as serving
from lifecycle.deployment.serving.app import build
from lifecycle.deployment.serving.service import Service
from lifecycle.development import model
from lifecycle.development.model import Model
from lifecycle.governance import keys
from lifecycle.monitoring import prediction_log
from lifecycle.project import root

Start = Callable[..., Any]

CANARY = """
    import json
    from lifecycle.deployment.serving.policies import Plan, Variant
    from lifecycle.extensions import extends
    from lifecycle.project import root

    @extends("policy", precedence=99)
    def policy():
        weights = json.loads((root() / "state" / "canary.json").read_text())
        return Plan(tuple(Variant(name, *one) for name, one in weights.items()), salt="canary")
"""

ONLY = """
    from lifecycle.deployment.serving.policies import Plan, Variant
    from lifecycle.extensions import extends

    @extends("policy", precedence=99)
    def policy():
        return Plan((Variant("only", "VERSION"),))
"""

TOKENS = """
    from lifecycle.extensions import extends
    from lifecycle.governance.access import Caller

    TOKENS = {"Bearer a": Caller("ada", frozenset({"approver"})), "Bearer o": Caller("oda", frozenset({"operator"}))}

    @extends("authenticate", precedence=10)
    def by_token(request):
        return TOKENS.get(request.headers.get("authorization"))

    @extends("authorize", precedence=10)
    def by_role(caller, route):
        if route == "/approve/{version}":
            return caller is not None and "approver" in caller.roles
        if route == "/metrics":
            return caller is not None and "operator" in caller.roles
        return None

    @extends("routes")
    def routes(service):
        from fastapi import APIRouter, Request

        router = APIRouter()

        @router.post("/approve/{version}")
        async def approve(request: Request, version: str) -> dict:
            return {"approved": version, "by": request.scope["caller"].name}

        return router

    @extends("openapi")
    def openapi(description):
        description["components"]["securitySchemes"]["token"] = {"type": "http", "scheme": "bearer"}
"""

EXPLAIN = """
    from lifecycle.extensions import extends

    @extends("routes")
    def routes(service):
        from fastapi import APIRouter, Request

        router = APIRouter()

        @router.post("/explain")
        async def explain(request: Request) -> dict:
            variant, served = service.current.choose("a caller")
            rows, _ = served.schema.parse(await request.body())
            scores = await service.scorer.score(served, rows)
            return {"variant": variant.name, "columns": sorted(rows[0]), "prediction": scores.predictions[0]}

        return router
"""

FIELDS = """
    from pydantic import BaseModel
    from lifecycle.extensions import extends

    class Decision(BaseModel):
        decision: str
        rows_together: int

    class Reasons(BaseModel):
        reasons: list[str]

    @extends("prediction_fields", precedence=1)
    def decide(model, rows, scores) -> list[Decision]:
        return [Decision(decision=f"act on {one}", rows_together=len(rows)) for one in scores.predictions]

    @extends("prediction_fields")
    def explain(model, rows, scores) -> list[Reasons]:
        return [Reasons(reasons=sorted(row)[:2]) for row in rows]
"""

FOLLOWER = """
    from lifecycle.extensions import extends

    EVENTS = []

    @extends("answered", precedence=1)
    def broken(event):
        raise RuntimeError("this must hurt nobody")

    @extends("answered")
    def follow(event):
        EVENTS.append(event)

    @extends("routes")
    def routes(service):
        from fastapi import APIRouter

        router = APIRouter()

        @router.get("/broken")
        async def broken_route() -> dict:
            raise RuntimeError("a broken route")

        return router
"""

LAYERS = """
    from lifecycle.extensions import extends

    class Layer:
        def __init__(self, app, name):
            self.app, self.name = app, name

        async def __call__(self, scope, receive, send):
            async def named(message):
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"x-layer", self.name)]
                await send(message)

            await self.app(scope, receive, named)

    @extends("middleware", precedence=1)
    def inner(app, service):
        return Layer(app, b"inner")

    @extends("middleware", precedence=2)
    def outer(app, service):
        return Layer(app, b"outer")
"""


ENRICH = """
    from lifecycle.extensions import extends

    RAIN = {"JFK": 3.5, "EWR": 0.0}

    @extends("enrich")
    def rain(frame, at):
        assert len(at) == len(frame)
        return frame.assign(COLUMN=frame["station"].map(RAIN).astype(float))
"""


@pytest.fixture
def start(trained: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Serve with modules in the user's package, in this process; `client.key` is a valid key."""
    folder = tmp_path / "own_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("API_KEYS_FILE", str(tmp_path / "keys.json"))
    monkeypatch.setattr(extensions, "yours", lambda: ("own_package", folder))
    monkeypatch.setattr(serving, "LOOK", 0.02)
    monkeypatch.setattr(keys, "LOOK", -1)
    key = keys.add("a caller")

    @contextmanager
    def start(**modules: str) -> Iterator[TestClient]:
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text))
        extensions.marks.cache_clear()
        if "canary" not in modules:
            monkeypatch.setattr(serving, "policies", lambda: [latest])
        with TestClient(build(Service()), raise_server_exceptions=False) as client:
            client.headers["X-API-Key"] = key
            yield client

    yield start
    extensions.marks.cache_clear()
    for name in [name for name in sys.modules if name.startswith("own_package")]:
        del sys.modules[name]


def latest() -> Any:
    from lifecycle.deployment.serving import latest

    return latest.policy()


def wait_for(what: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def second(trained: Model) -> Iterator[str]:
    """Another version with the same files."""
    name = "20000101-000000-0000"
    copytree(model.folder(trained.version), model.folder(name))
    facts = json.dumps(trained.facts | {"version": name}, default=str)
    (model.folder(name) / "model.json").write_text(facts)
    yield name
    rmtree(model.folder(name))


def test_a_canary_grows_stickily_and_is_rolled_back(start: Start, trained: Model, second: str) -> None:
    state = root() / "state" / "canary.json"
    state.parent.mkdir(exist_ok=True)

    def share(champion: float, canary: float) -> None:
        weights = {"champion": [trained.version, champion], "canary": [second, canary]}
        draft = state.with_suffix(".draft")
        draft.write_text(json.dumps({name: one for name, one in weights.items() if one[1]}))
        draft.replace(state)

    row = trained.facts["examples"][0]
    share(0.9, 0.1)
    try:
        with start(canary=CANARY) as client:

            def dealt() -> dict[int, str]:
                keyed = ({"X-Assignment-Key": str(i)} for i in range(200))
                answers = [client.post("/predict", json=row, headers=one).json() for one in keyed]
                return {i: one["variant"] for i, one in enumerate(answers)}

            few = dealt()
            share(0.5, 0.5)
            wait_for(lambda: client.get("/ready").json()["variants"][1]["weight"] == 0.5)
            half = dealt()
            assert 5 <= Counter(few.values())["canary"] <= 40 < 70 <= Counter(half.values())["canary"] <= 130
            assert all(half[i] == "canary" for i, variant in few.items() if variant == "canary")
            assert f'variant="canary",version="{second}"' in client.get("/metrics").text
            share(1, 0)
            wait_for(lambda: len(client.get("/ready").json()["variants"]) == 1)
            assert set(dealt().values()) == {"champion"}
    finally:
        rmtree(state.parent)


def test_tokens_and_roles_decide_on_every_route(start: Start, trained: Model) -> None:
    row = trained.facts["examples"][0]
    approver, operator = ({"Authorization": f"Bearer {who}", "X-API-Key": ""} for who in "ao")
    with start(tokens=TOKENS) as client:
        assert client.post("/approve/v1").status_code == 403
        assert client.post("/approve/v1", headers={"X-API-Key": ""}).status_code == 401
        approved = client.post("/approve/v1", headers=approver)
        assert (approved.status_code, approved.json()) == (200, {"approved": "v1", "by": "ada"})
        assert client.post("/predict", json=row, headers=approver).status_code == 403
        assert client.post("/predict", json=row).status_code == 200
        assert client.get("/metrics").status_code == 403
        assert client.get("/metrics", headers=operator).status_code == 200
        assert client.get("/docs", headers={"X-API-Key": ""}).status_code == 200
        assert client.get("/no/such/path", headers={"X-API-Key": ""}).status_code == 401
        api = client.get("/openapi.json").json()
        assert api["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        assert api["paths"]["/approve/{version}"]["post"]["security"]


def test_a_route_asks_the_model_itself(start: Start, trained: Model) -> None:
    row = trained.facts["examples"][0]
    with start(explain=EXPLAIN) as client:
        assert client.post("/explain", json=row, headers={"X-API-Key": "guessed"}).status_code == 401
        explained = client.post("/explain", json=row).raise_for_status().json()
        predicted = client.post("/predict", json=row).json()
    assert explained["columns"] == sorted(column["name"] for column in trained.facts["schema"])
    assert explained["prediction"] == predicted["predictions"][0]["prediction"]


def test_further_fields_are_answered_described_and_logged(start: Start, trained: Model) -> None:
    rows = trained.facts["examples"][:2]
    with start(fields=FIELDS) as client:
        named = {"X-Request-ID": "further"}
        found = client.post("/predict", json=rows, headers=named).json()["predictions"]
        described = client.get("/openapi.json").json()["components"]["schemas"]["Prediction"]
    assert [one["decision"] for one in found] == [f"act on {one['prediction']}" for one in found]
    assert [(one["rows_together"], len(one["reasons"])) for one in found] == [(2, 2), (2, 2)]
    assert {"decision", "reasons", "prediction"} <= set(described["properties"])
    logged = [row for row in prediction_log.read() if row["request_id"].startswith("further:")]
    assert [row["prediction"]["decision"] for row in logged] == [one["decision"] for one in found]


def test_features_are_looked_up_for_a_request(start: Start, trained: Model, second: str) -> None:
    """The model learned from a column that a store adds: callers send the key of the lookup instead."""
    column = next(one["name"] for one in trained.facts["schema"] if one["type"] == "number")
    facts = trained.facts | {"version": second, "enriched": [column]}
    facts["examples"] = [row | {"station": "JFK"} for row in trained.facts["examples"]]
    (model.folder(second) / "model.json").write_text(json.dumps(facts, default=str))
    rows = [{key: row[key] for key in row if key != column} for row in facts["examples"][:2]]
    rows[1]["station"] = "EWR"
    with start(enrich=ENRICH.replace("COLUMN", column), canary=ONLY.replace("VERSION", second)) as client:
        answer = client.post("/predict", json=rows, headers={"X-Request-ID": "enriched"})
        assert answer.status_code == 200, (column, client.get("/ready").text, answer.text)
        found = answer.json()
        lacking = {key: value for key, value in rows[0].items() if key != facts["schema"][0]["name"]}
        assert client.post("/predict", json=lacking).status_code == 422
        described = client.get("/openapi.json").json()["components"]["schemas"]["Row"]
    assert column not in described["properties"]
    expected = trained.predict(pd.DataFrame(rows).assign(**{column: [3.5, 0.0]}))
    assert [one["prediction"] for one in found["predictions"]] == expected["prediction"].tolist()
    logged = [row["features"][column] for row in prediction_log.read() if row["request_id"].startswith("enriched:")]
    assert logged == [3.5, 0.0]


def test_every_request_is_an_event(start: Start, trained: Model) -> None:
    row = trained.facts["examples"][0]
    with start(follower=FOLLOWER) as client:
        client.post("/predict", json=[row, row], headers={"X-Request-ID": "r", "X-Assignment-Key": "k"})
        client.post("/predict", json=row, headers={"X-API-Key": ""})
        client.post("/predict", json={})
        client.post("/predict", json=row, headers={"X-Request-ID": "x" * 129})
        client.get("/nowhere")
        client.get("/broken")
        client.get("/health")
        events = sys.modules["own_package.follower"].EVENTS  # type: ignore[attr-defined]
        seen = [(event.route, event.status, event.caller) for event in events]
        page = client.get("/metrics").text
    assert seen == [
        ("/predict", 200, "a caller"),
        ("/predict", 401, ""),
        ("/predict", 422, "a caller"),
        ("/predict", 422, "a caller"),
        ("other", 404, "a caller"),
        ("/broken", 500, "a caller"),
        ("/health", 200, "a caller"),
    ]
    first = events[0]
    assert (first.version, first.variant, len(first.rows)) == (trained.version, "latest", 2)
    assert (first.request_id, first.assignment_key, events[2].variant) == ("r", "k", "latest")
    assert all(event.seconds > 0 for event in events)
    assert 'http_requests_total{path="/predict",status="200",variant="latest"} 1.0' in page


def test_layers_lie_in_their_order_around_the_guard(start: Start) -> None:
    with start(layers=LAYERS) as client:
        refused = client.post("/predict", headers={"X-API-Key": ""})
    assert refused.status_code == 401
    assert refused.headers.get_list("x-layer") == ["inner", "outer"]
