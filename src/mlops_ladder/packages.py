"""What a climb installs: uv's lock file brought up to date, and what the new packages weigh to download."""

import os
import shutil
import subprocess
import tomllib
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ladder.git import environment

PATIENCE = 180  # seconds for uv, which may have to ask the package index about every package
TIMEOUT = 10  # seconds for the size of one package
LEFT_OUT = ("VIRTUAL_ENV", "UV_FROZEN", "UV_LOCKED", "PROJECT_ROOT", "DATA_PATH")


@dataclass(frozen=True)
class Weight:
    """The packages that come, as name -> version, and megabytes of downloads for this machine.

    `unweighed` are those whose size nobody told; `reason` says why nothing could be weighed at all."""

    packages: dict[str, str]
    megabytes: float = 0.0
    unweighed: tuple[str, ...] = ()
    reason: str = ""


def uv(folder: Path, *arguments: str, timeout: int = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run uv on the project in a folder, outside the environment of this command."""
    env = {key: value for key, value in environment().items() if key not in LEFT_OUT}
    command = ["uv", *arguments]
    if shutil.which("uv") is None:
        return subprocess.CompletedProcess(command, 127, "", "uv is not installed")
    try:
        return subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"uv took longer than {timeout} seconds")


def lock(folder: Path) -> str:
    """Bring uv.lock up to date; returns what went wrong, or nothing."""
    done = uv(folder, "lock", "--quiet")
    return last_line(done.stderr) or "uv failed" if done.returncode else ""


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def locked(folder: Path) -> set[tuple[str, str]]:
    """Name and version of every package that this machine would install from uv.lock."""
    from packaging.requirements import InvalidRequirement, Requirement

    options = ("--frozen", "--all-groups", "--no-emit-project", "--no-hashes", "--no-annotate", "--no-header")
    done = uv(folder, "export", "--quiet", *options)
    found = set()
    for line in done.stdout.splitlines():
        try:
            needed = Requirement(line)
        except InvalidRequirement:  # a folder of the user's, which nobody downloads
            continue
        if needed.specifier and (needed.marker is None or needed.marker.evaluate()):
            found.add((needed.name, str(needed.specifier).removeprefix("==")))
    return found


def weigh(lock_file: Path, new: set[tuple[str, str]]) -> Weight:
    """What the new packages weigh, by the sizes in uv.lock or as their servers tell."""
    entries = {(entry["name"], entry.get("version", "")): entry for entry in _entries(lock_file)}
    files = {name: _file(entries.get((name, version), {})) for name, version in new}
    with ThreadPoolExecutor(16) as pool:
        sizes = dict(zip(files, pool.map(_size, files.values()), strict=True))
    unweighed = tuple(sorted(name for name, size in sizes.items() if size is None))
    total = sum(size or 0 for size in sizes.values()) / 1e6
    return Weight(dict(sorted(new)), round(total, 1), unweighed)


def _entries(lock_file: Path) -> list[dict[str, Any]]:
    return list(tomllib.loads(lock_file.read_text(encoding="utf-8")).get("package", []))


def _file(entry: dict[str, Any]) -> dict[str, Any]:
    """The wheel that suits this machine best, or the source."""
    from packaging.tags import sys_tags
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    order = {tag: place for place, tag in enumerate(sys_tags())}
    ranked = []
    for wheel in entry.get("wheels", []):
        name = str(wheel.get("url", wheel.get("path", wheel.get("filename", "")))).rsplit("/", 1)[-1]
        try:
            tags = parse_wheel_filename(name)[3]
        except InvalidWheelFilename:
            continue
        places = [order[tag] for tag in tags if tag in order]
        if places:
            ranked.append((min(places), name, wheel))
    return min(ranked, key=lambda entry: entry[:2])[2] if ranked else dict(entry.get("sdist", {}))


def _size(file: dict[str, Any]) -> int | None:
    if "size" in file:
        return int(file["size"])
    address = str(file.get("url", ""))
    if not address.startswith(("https://", "http://")) or os.environ.get("UV_OFFLINE"):
        return None
    try:
        request = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError):
        return None
