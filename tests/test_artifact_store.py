"""The stores for versions of the data: S3 for real (moto's server), Google's and Azure's as far as offline goes."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests import ladder

Live = Callable[..., Path]
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an object store with the project's bucket."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket="living-project-artifacts")
    yield address
    server.stop()


def test_versions_are_pushed_to_and_pulled_from_s3(live: Live, endpoint: str, tmp_path: Path) -> None:
    original = live(tracking="wandb", artifact_store="s3")
    project = tmp_path / "project"
    ladder.copied(original, project)
    source = tmp_path / "flights.parquet"
    shutil.copy(project / "data" / "flights.parquet", source)
    path = f"{original / '.venv' / 'bin'}:{os.environ['PATH']}"
    env = {"PROJECT_ROOT": str(project), "DATA_PATH": str(source), "PATH": path}

    def dvc(*arguments: str) -> str:
        return ladder.run([original / ".venv" / "bin" / "dvc", *arguments], project, check=True, **env).stdout

    dvc("remote", "modify", "--local", "storage", "endpointurl", endpoint)
    dvc("repro", "--all-pipelines")
    assert "1 file pushed" in dvc("push")
    ladder.commit(project, "First version")
    kept = boto3.client("s3", endpoint_url=endpoint).list_objects_v2(Bucket="living-project-artifacts")
    first = source.read_bytes()
    assert [entry["Size"] for entry in kept["Contents"]] == [len(first)]

    source.write_bytes(first + b"more")
    dvc("repro", "--all-pipelines")
    dvc("push")
    ladder.commit(project, "Second version")
    shutil.rmtree(project / ".dvc" / "cache")
    shutil.rmtree(project / "data" / "ingested")
    ladder.git(project, "checkout", "--quiet", "HEAD~1")
    dvc("pull")
    assert (project / "data" / "ingested" / "table.parquet").read_bytes() == first


READ = """
import dvc_{plugin}
from dvc.repo import Repo
remote = Repo(".").cloud.get_remote()
print(remote.name, type(remote.fs).__module__, remote.fs.protocol, remote.path)
"""


@pytest.mark.parametrize(("store", "plugin", "protocol"), [("gcs", "gs", "gs"), ("azure", "azure", "azure")])
def test_other_clouds_resolve_and_dvc_reads_their_settings(
    store: str, plugin: str, protocol: str, render: Callable[..., Path], tmp_path: Path
) -> None:
    project = render(tmp_path / "project", level=1, project_name="Living project", artifact_store=store)
    ladder.commit(project, "Start")
    ladder.run(["uv", "lock", "--quiet"], project)
    lock = (project / "uv.lock").read_text(encoding="utf-8")
    assert re.search(rf'^name = "dvc-{plugin}"$', lock, re.M)
    assert not re.search(r'^name = "dvc-s3"$', lock, re.M)

    command = ["uv", "run", "--quiet", "--isolated", "--no-project", "--python", sys.executable]
    found = re.search(r'"(dvc\[.+\].*)"', (project / "pyproject.toml").read_text(encoding="utf-8"))
    assert found
    command += ["--with", found[1], "python", "-c", READ.format(plugin=plugin)]
    env = {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_KEY": "a2V5", "GOOGLE_CLOUD_PROJECT": "acme"}
    name, module, scheme, path = ladder.run(command, project, check=True, **env).stdout.split()
    assert (name, module, scheme) == ("storage", f"dvc_{plugin}", protocol)
    assert path == "living-project-artifacts/dvc"
