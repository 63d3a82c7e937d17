"""Container images, built and run by Debian's buildah, which needs no service."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests import tools

# Instead of the public image: Debian 12 has Python 3.11.
BASE = "docker.io/library/python:3.11-slim"
SHIMS = tools.HERE / "github"
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT")


@cache
def storage() -> str:
    """buildah's options that keep its images apart from the machine's; overlay is faster where it works."""
    for driver in ("overlay", "vfs"):
        folder = tools.cache() / "images" / driver
        options = f"--root={folder / 'root'} --runroot={folder / 'run'} --storage-driver={driver}"
        if not tools.run("buildah", *options.split(), "images", check=False).returncode:
            break
    return options


def buildah(*arguments: str | Path, check: bool = True) -> str:
    """Run buildah; returns what it prints."""
    return tools.run("buildah", *storage().split(), *arguments, check=check).stdout.strip()


def need_base() -> None:
    """Make the base image, once a machine: debootstrap takes most of a minute."""
    tools.need_root()
    tools.need("buildah")
    tools.need("debootstrap")
    with FileLock(tools.cache() / "base.lock"):
        if BASE.partition(":")[0] in buildah("images"):
            return
        folder = tools.cache() / "base"
        shutil.rmtree(folder, ignore_errors=True)
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        tools.run("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", folder)
        (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        next(folder.glob("usr/lib/python3.*/EXTERNALLY-MANAGED")).unlink()
        container = buildah("from", "scratch")
        for name in CERTIFICATES:
            if name in os.environ:
                shutil.copy(os.environ[name], folder / "etc/ssl/certs/ca-certificates.crt")
                buildah("config", f"--env={name}=/etc/ssl/certs/ca-certificates.crt", container)
        buildah("add", "--quiet", container, folder, "/")
        buildah("commit", "--quiet", "--rm", container, BASE)
        shutil.rmtree(folder)


def inspect(image: str) -> dict[str, Any]:
    """What the image says about itself: user, command, health check, ..."""
    return json.loads(buildah("inspect", "--type=image", image))["Docker"]["config"]


@contextmanager
def container(image: str) -> Iterator[str]:
    """A container of the image, removed afterwards."""
    name = buildah("from", "--pull=never", image)
    try:
        yield name
    finally:
        buildah("rm", name)


def command(container: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line that runs something in a container, as the image's user, on this machine's network."""
    run = ["run", "--isolation=chroot", *options, container, "--"]
    return [tools.need("buildah"), *storage().split(), *run, *arguments]


@contextmanager
def process(command: list[str], log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to stop at the end, and made to if it doesn't."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            command,
            env={**tools.clean_environment(), **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()
            pytest.fail(f"{command[0]} did not stop:\n{log.read_text()}")
