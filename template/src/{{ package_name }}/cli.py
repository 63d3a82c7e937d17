"""The command line: it finds its commands in the folders of this package.

A command is a module with `def command(parser) -> run`, where `run(arguments)` works, prints for
people and returns what `--json` prints for programs. Its name is the module's, its help the
module's docstring, in which {name} stands for the project's command. Only the module of the
command that is asked for is imported.
"""

import contextlib
import importlib
import json
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from .project import Failure, defining, name


def overview() -> str:
    """The help page: every command with the first line of its module."""
    found = {command_name(path): path for path, _ in defining("command")}
    pages = {key: path.read_text(encoding="utf-8") for key, path in found.items()}
    return "\n".join(
        [
            f"usage: {name()} COMMAND [--help] [--json]",
            "",
            *(f"  {key:<12} {pages[key][3:].partition(chr(10))[0]}" for key in sorted(pages)),
            "",
            f"`{name()} COMMAND --help` shows the options and examples of a command.",
            "`--json` prints the result for programs; progress then goes to standard error.",
        ]
    )


def command_name(path: Path) -> str:
    """scan_secrets.py -> scan-secrets."""
    return path.stem.replace("_", "-")


def run(command: str, argv: Sequence[str]) -> int:
    """Import the module of a command, read the options, do the work; returns the exit code."""
    found = {command_name(path): module for path, module in defining("command")}
    if command not in found:
        raise Failure(f"there is no command {command!r}\n\n{overview()}")
    module = importlib.import_module(found[command], __package__)
    parser = ArgumentParser(
        prog=f"{name()} {command}",
        description=(module.__doc__ or "").replace("{name}", name()),
        formatter_class=RawDescriptionHelpFormatter,
    )
    work = module.command(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args(argv)
    with contextlib.redirect_stdout(sys.stderr if arguments.json else sys.stdout):
        result = work(arguments)
    if arguments.json:
        print(json.dumps(result, indent=2, default=str))
    return int(result.get("exit_code", 0))


def main() -> int:
    """Run a command: 0 is success, 1 a finding, 2 something that a person must mend."""
    command, *argv = sys.argv[1:] or ["--help"]
    try:
        if command in ("-h", "--help"):
            print(overview())
            return 0
        return run(command, argv)
    except BrokenPipeError:  # `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Failure, OSError) as error:  # such as a full disk, or a folder that is write-protected
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: stopped; nothing half-done was kept", file=sys.stderr)
        return 130
