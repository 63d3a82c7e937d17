"""Make ready the model that a release packs: train it, unless something else decides which it is.

A function decides,

    @extends("release", precedence=10)
    def release() -> str

which returns the version to pack, present in models/, or raises Refused; the highest precedence
counts. What is published with the release are the pages in reports/. Exit code 1 is a refusal.

Examples:
  {name} release
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from ..extensions import extends, extensions
from ..project import data_path


class Refused(Exception):
    """Nothing may be released, for the reason that is given."""


def ready() -> str:
    """The version to pack, after it was made ready."""
    for decide in extensions("release"):
        return str(decide())
    from ..development.train import train

    return str(train(data_path()).facts["version"])


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    """No options."""

    def run(arguments: Namespace) -> dict[str, Any]:
        try:
            version = ready()
        except Refused as refused:
            print(f"nothing is released: {refused}")
            return {"refused": str(refused), "exit_code": 1}
        print(f"{version} is ready in models/")
        return {"version": version}

    return run
