"""The command `mlops-ladder`, for people and for platform teams."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

EXAMPLES = """\
examples:
  mlops-ladder climb                          to the next rung, on a branch of its own
  mlops-ladder climb --dry-run                only say what would come, conflict and weigh
  mlops-ladder climb models/churn --to 2      a project in a subfolder, to level 2
  mlops-ladder climb --set ci=gitlab          stay on the level, change a choice
  mlops-ladder climb --template-version 0.2.0 stay on the level, take another version of the template
  mlops-ladder climb --to 1 --keep-edited     go down, and keep the files that you edited

exit codes: 0 done, or nothing to do; 1 a finding (a conflict, an invalid merge, a check that fails since); 2 refused
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="mlops-ladder", description="Projects that climb from notebook to operations.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    climb = commands.add_parser(
        "climb",
        help="take a project to another rung, choice or version of the template",
        description="Take a project to another rung, choice or version of the template: a merge on a new branch.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    climb.add_argument(
        "project", nargs="?", default=".", type=Path, metavar="PROJECT", help="its folder (default: here)"
    )
    climb.add_argument("--to", type=int, metavar="N", help="the level to reach (default: the next one)")
    climb.add_argument(
        "--set", action="append", default=[], metavar="QUESTION=VALUE", help="change an answer; may be repeated"
    )
    climb.add_argument("--template-version", default="", metavar="V", help="a tag, branch or commit of the template")
    climb.add_argument("--dry-run", action="store_true", help="rehearse and report, and touch nothing")
    climb.add_argument("--branch", default="", metavar="NAME", help="the new branch (default: climb-to-level-N)")
    climb.add_argument(
        "--keep-edited", action="store_true", help="keep edited files that the template drops, as your own"
    )
    climb.add_argument("--run", action="store_true", help="afterwards run the first command of the new rung")
    climb.add_argument("--json", action="store_true", help="print one JSON document")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = parser().parse_args(argv)

    from mlops_ladder.refusal import Refusal

    try:
        return _climb(options)
    except Refusal as refusal:
        if options.json:
            print(json.dumps({"state": "refused", "exit_code": 2, "error": str(refusal)}))
        print(f"error: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _climb(options: argparse.Namespace) -> int:
    from rich.console import Console

    from mlops_ladder.climb import Wish, climb
    from mlops_ladder.report import document, show

    wish = Wish(
        folder=options.project,
        to=options.to,
        answers=_answers(options.set),
        version=options.template_version,
        branch=options.branch,
        dry_run=options.dry_run,
        keep_edited=options.keep_edited,
        run=options.run,
        quietly=options.json,
    )
    progress = Console(stderr=True, highlight=False)
    outcome = climb(wish, lambda step: progress.print(step, style="dim", markup=False))
    if options.json:
        print(json.dumps(document(outcome), indent=2))
    else:
        show(outcome, Console())
    return outcome.code


def _answers(pairs: Sequence[str]) -> dict[str, str]:
    from mlops_ladder.refusal import Refusal

    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise Refusal(f"--set {wrong[0]} has no value; write --set question=value.")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}


if __name__ == "__main__":
    sys.exit(main())
