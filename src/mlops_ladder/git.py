"""git, called so that nobody's configuration, hooks or language changes what a climb does."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlops_ladder.refusal import Refusal

SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "commit.gpgSign": "false",
    "diff.renames": "true",
    "diff.renameLimit": "20000",
    "gc.auto": "0",
    "merge.directoryRenames": "false",
    "merge.renameLimit": "20000",
    "merge.renames": "true",
    "merge.renormalize": "false",
    "rerere.enabled": "false",
    "submodule.recurse": "false",
}
# A climb started by a hook or an alias would otherwise work on the index of that.
LEFT_OUT = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}


def environment(**extra: str) -> dict[str, str]:
    """The caller's environment without what points git elsewhere; messages in English."""
    return {key: value for key, value in os.environ.items() if key not in LEFT_OUT} | {"LC_ALL": "C"} | extra


def attempt(
    folder: Path, *arguments: str, text: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git in a folder and return what came of it; names of files that are not UTF-8 survive."""
    settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
    # Not Python's text mode, which would change the ends of lines.
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=folder,
        env=environment(**(env or {})),
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
    )
    output, errors = (part.decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, output, errors)


def git(folder: Path, *arguments: str, text: str = "", env: Mapping[str, str] | None = None) -> str:
    """What git prints; a Refusal with its own words if it fails."""
    done = attempt(folder, *arguments, text=text, env=env)
    if done.returncode:
        raise Refusal(f"`git {' '.join(arguments[:2])}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def fields(output: str) -> list[str]:
    """The parts of what git printed with -z."""
    return output.split("\0")[:-1]
