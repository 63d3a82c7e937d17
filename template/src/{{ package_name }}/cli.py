"""The command line: it finds its commands in the folders of this package.

A command is a module with `def command(parser) -> run`, where `run(arguments)` works, prints for
people and returns what `--json` prints for programs. Its name is the module's, its help the
module's docstring, in which {name} stands for the project's command. Only the module of the
command that is asked for is imported.
"""

import argparse
import contextlib
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .project import PACKAGE, Failure, docstring, name


def commands() -> dict[str, Path]:
    """The modules that define a command, by the command's name."""
    found = {
        path.stem.replace("_", "-"): path
        for path in PACKAGE.glob("**/*.py")
        if "\ndef command(" in path.read_text(encoding="utf-8")
    }
    return dict(sorted(found.items()))


def overview(found: dict[str, Path]) -> str:
    """The help page that lists every command with the first line of its docstring."""
    rows = [f"  {key:<10} {docstring(path).splitlines()[0]}" for key, path in found.items()]
    return "\n".join(
        [
            f"usage: {name()} COMMAND [--help] [--json]",
            "",
            "commands:",
            *rows,
            "",
            f"`{name()} COMMAND --help` shows a command's options and examples.",
            "`--json` prints the result for programs, the progress goes to standard error.",
        ]
    )


def run(command: str, path: Path, argv: Sequence[str]) -> int:
    """Import the command's module, read its options, do the work; returns the exit code."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    module = importlib.import_module("." + ".".join(parts), __package__)
    parser = argparse.ArgumentParser(
        prog=f"{name()} {command}",
        description=(module.__doc__ or "").replace("{name}", name()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    work = module.command(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args(argv)
    if not arguments.json:
        return int(work(arguments).get("exit_code", 0))
    with contextlib.redirect_stdout(sys.stderr):
        result = work(arguments)
    print(json.dumps(result, indent=2, default=str))
    return int(result.get("exit_code", 0))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command: 0 is success, 1 a finding, 2 something that a person must mend."""
    argv = sys.argv[1:] if argv is None else argv
    found = commands()
    if not argv or argv[0] in ("-h", "--help"):
        print(overview(found))
        return 0 if argv else 2
    if argv[0] not in found:
        print(f"error: there is no command {argv[0]!r}\n\n{overview(found)}", file=sys.stderr)
        return 2
    try:
        return run(argv[0], found[argv[0]], argv[1:])
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
    except KeyboardInterrupt:
        print("error: stopped before the end; nothing half-done was kept", file=sys.stderr)
        return 130
    return 2
