"""The command line: it finds its commands in the folders of this package, and of yours.

A command is a module with a function

    @extends("command")
    def command(parser) -> run

where `run(arguments)` works, prints for people and returns what `--json` prints for programs. Its
name is the module's, its help the module's docstring, in which {name} stands for the project's
command. Only the module of the command that is asked for is imported.
"""

import contextlib
import importlib
import json
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from .extensions import Place, marked, places
from .project import Failure, name


def overview() -> str:
    """The help page: every command with the first line of its module."""
    found = commands()
    pages = {key: place.path.read_text(encoding="utf-8") for key, place in found.items()}
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


def commands() -> dict[str, Place]:
    """Every command by its name: scan_secrets.py is scan-secrets; raises Failure for a twin."""
    found: dict[str, Place] = {}
    for place in places("command"):
        twin = found.setdefault(place.path.stem.replace("_", "-"), place)
        if twin is not place:
            raise Failure(f"{twin.path} and {place.path} are commands of one name: rename yours")
    return found


def run(command: str, argv: Sequence[str]) -> int:
    """Import the module of a command, read the options, do the work; returns the exit code."""
    found = commands()
    if command not in found:
        raise Failure(f"there is no command {command!r}\n\n{overview()}")
    module = importlib.import_module(found[command].module)
    (extension,) = marked(found[command], "command")
    parser = ArgumentParser(
        prog=f"{name()} {command}",
        description=(module.__doc__ or "").replace("{name}", name()),
        formatter_class=RawDescriptionHelpFormatter,
    )
    work = extension(parser)
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


if __name__ == "__main__":  # processes that are started anew import this module too
    raise SystemExit(main())
