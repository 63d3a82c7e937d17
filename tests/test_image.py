"""The release workflow is run: it trains, builds the image and publishes; then the image serves predictions."""

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
import yaml

from tests import ladder, tools
from tests.tools import act, images

pytestmark = pytest.mark.xdist_group("image")

Live = Callable[..., Path]
UID = 10001


@pytest.fixture
def project(live: Live) -> Path:
    return live(level=1, ci="github")


@dataclass
class Release:
    """What a run of the release workflow left."""

    project: Path
    artifacts: Path
    image: str


RELEASES: dict[Path, Release] = {}


@pytest.fixture
def release(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The release workflow's outcome for the tag v1.2.3, once a session."""
    images.need_base()
    if project not in RELEASES:
        scratch = tmp_path_factory.mktemp("release")
        RELEASES[project] = publish(project, scratch)
    return RELEASES[project]


def publish(project: Path, scratch: Path) -> Release:
    """Run the workflow as GitHub would for a pushed tag."""
    folder = scratch / "project"
    ladder.copied(project, folder)
    ladder.git(folder, "remote", "add", "origin", "https://github.com/Acme/living-project.git")
    ladder.git(folder, "tag", "v1.2.3")
    event = scratch / "event.json"
    event.write_text(json.dumps({"ref": "refs/tags/v1.2.3"}))
    jobs, log = act.run(
        folder / ".github/workflows/release.yml",
        "push",
        scratch,
        "--eventpath",
        str(event),
        "--secret=GITHUB_TOKEN=token-of-the-test",
        path=images.SHIMS,
        STAND_IN_STORAGE=images.storage(),
    )
    assert jobs == {"model": True, "publish": True}, log
    return Release(folder, scratch / "artifacts", "ghcr.io/acme/living-project:v1.2.3")


@pytest.fixture(scope="module", autouse=True)
def tidy() -> Iterator[None]:
    """Only the base image is kept for the next session."""
    yield
    for release in RELEASES.values():
        images.buildah("rmi", release.image)
        images.buildah("rmi", "--prune")
        shutil.rmtree(release.artifacts / "pushed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url: str, body: Any = None, **headers: str) -> Any:
    """GET, or POST a JSON body; returns the JSON that comes back."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json", **headers}), timeout=10) as answer:
        return json.load(answer)


def wait_for(probe: Callable[[], Any], log: Path, seconds: float = 60) -> Any:
    """Try until the answer is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := probe():
                return answer
        except (URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.2)
    pytest.fail(f"no answer:\n{log.read_text()}")


def test_the_release_is_published_with_its_origin(release: Release) -> None:
    """The image that was pushed is the one whose provenance is signed; the report goes with it."""
    digest = (release.artifacts / "pushed.digest").read_text().strip()
    attested = (release.artifacts / "attested").read_text().strip()
    assert attested == f"ghcr.io/acme/living-project@{digest}"
    published = (release.artifacts / "gh").read_text().split()
    assert published[:3] == ["release", "create", "v1.2.3"] and published[-1] == "reports/training.html"


def test_the_image_holds_only_what_serving_needs(release: Release) -> None:
    """A user without rights, no development tools, no data, no sources but the package's."""
    config = images.inspect(release.image)
    assert config["User"] == str(UID)
    with images.container(release.image) as container:

        def inside(*command: str) -> str:
            return ladder.run(images.command(container, *command), release.project).stdout

        assert inside("id", "-u").strip() == str(UID)
        names = inside("ls", "-A", "/app").split()
        papers = ["README.md", "params.yaml", "pyproject.toml", "uv.lock"]
        assert set(names) == {".venv", "conf", "logs", "models", "src", *papers}
        found = "import importlib.util as u; print([n for n in {} if u.find_spec(n)])"
        unwanted = ["pytest", "mypy", "dvc", "mlflow", "nbclient", "pip", "detect_secrets"]
        assert inside("python", "-I", "-c", found.format(unwanted)).strip() == "[]"
        refused = images.command(container, "touch", "/app/src/x", "/app/models/x", "/usr/bin/x")
        assert ladder.run(refused, release.project, check=False).returncode


@dataclass
class Service:
    """A server in a container."""

    url: str
    key: str
    container: str
    log: Path


@pytest.fixture
def service(release: Release, tmp_path: Path) -> Iterator[Service]:
    """The image's own command in a container, with a key as compose.yaml brings it."""
    secrets = tmp_path / "secrets"
    made = ladder.run(
        ["uv", "run", "--locked", "living-project", "keys", "add", "test", "--json"],
        release.project,
        API_KEYS_FILE=str(secrets / "api_keys.json"),
    )
    for path in (secrets, secrets / "api_keys.json"):
        os.chown(path, UID, 0)
    port = free_port()
    config = images.inspect(release.image)
    assert config["Cmd"] == ["living-project", "serve", "--host", "0.0.0.0", "--port", "8000"]
    command = [*config["Cmd"][:-1], str(port)]
    log = tmp_path / "service.log"
    with images.container(release.image) as container:
        options = (f"--volume={secrets}:/app/secrets:ro",)
        with images.process(images.command(container, *command, options=options), log):
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: ask(f"{url}/ready"), log)
            yield Service(url, json.loads(made.stdout)["key"], container, log)


def test_the_container_predicts(release: Release, service: Service) -> None:
    """Real rows get the model's predictions, and the image's own health check agrees that it is well."""
    facts = json.loads(next((release.artifacts / "model/models").glob("*/model.json")).read_text())
    answer = ask(f"{service.url}/predict", facts["examples"], **{"X-API-Key": service.key})
    assert facts["version"] in json.dumps(answer)
    assert len(answer["predictions"]) == len(facts["examples"])
    check = images.inspect(release.image)["Healthcheck"]["Test"]
    assert check[0] == "CMD"
    port = service.url.rpartition(":")[2]
    probe = [part.replace(":8000", f":{port}") for part in check[1:]]
    assert ladder.run(images.command(service.container, *probe), release.project).returncode == 0
    elsewhere = [part.replace(":8000", f":{free_port()}") for part in check[1:]]
    assert ladder.run(images.command(service.container, *elsewhere), release.project, check=False).returncode


def compose(project: Path) -> dict[str, Any]:
    return yaml.safe_load((project / "deploy/compose.yaml").read_text())["services"]


def test_prometheus_of_compose_reads_the_container(project: Path, service: Service, tmp_path: Path) -> None:
    """compose.yaml's own Prometheus command and configuration; only names and folders are this machine's."""
    asked = compose(project)["prometheus"]["command"]
    shutil.copytree(project / "deploy", tmp_path / "etc")
    config = tmp_path / "etc/prometheus.yml"
    text = config.read_text()
    assert "model:8000" in text
    faster = text.replace("model:8000", service.url.removeprefix("http://")).replace("15s", "1s")
    config.write_text(faster)
    port = free_port()
    arguments = [
        part.replace("=/etc/prometheus", f"={tmp_path / 'etc'}").replace("=/prometheus", f"={tmp_path / 'metrics'}")
        for part in asked
    ]
    command = [tools.need("prometheus"), *arguments, f"--web.listen-address=127.0.0.1:{port}"]
    log = tmp_path / "prometheus.log"
    query = f"http://127.0.0.1:{port}/api/v1/query?query=up%7Bjob%3D%22living-project%22%7D%3D%3D1"
    with images.process(command, log):
        assert wait_for(lambda: ask(query)["data"]["result"], log)


def test_compose_is_valid(live: Live, project: Path) -> None:
    """The compose specification's schema, for every tracker; what it names is there; only the model is exposed."""
    for folder in (project, live(level=1, ci="github", tracking="wandb")):
        file = folder / "deploy/compose.yaml"
        tools.run("check-jsonschema", "--builtin-schema=vendor.compose-spec", file)
        services = compose(folder)
        assert ("mlflow" in services) == (folder == project)
        build = services["model"]["build"]
        assert (folder / "deploy" / build["context"] / build["dockerfile"]).is_file()
        for name, service in services.items():
            assert name == "model" or all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_configurations_are_valid(project: Path, render: Callable[..., Path], tmp_path: Path) -> None:
    """hadolint and promtool find nothing; LightGBM's image has the system library that it needs."""
    lightgbm = render(tmp_path / "boosted", level=1, framework="lightgbm") / "deploy/Dockerfile"
    assert "libgomp1" in lightgbm.read_text()
    tools.run("hadolint", project / "deploy/Dockerfile", lightgbm)
    tools.run("promtool", "check", "config", project / "deploy/prometheus.yml")
