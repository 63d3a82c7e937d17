"""Climbs of projects that people lived in: conflicts by cause, lines lost and time, over thousands of scenarios.

    python benchmarks/climbs.py [--scenarios 2000] [--folder FOLDER]

It can be stopped at any time: each finished scenario is a line in FOLDER, by the commit that was tried, and the next
start goes on after the last. A fault is printed with its seed. Only the merge is timed, not the renderings.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder  # noqa: E402
from tests.climbs.play import Outcome, drawn, play  # noqa: E402
from tests.climbs.scenarios import ALL, Scenario, scenarios  # noqa: E402
from tests.climbs.worlds import Worlds  # noqa: E402


def results(path: Path) -> list[dict[str, Any]]:
    """The scenarios that are finished; a line cut off by an interruption is none."""
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    path.write_text(whole + "\n" if whole else "", encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def outcome(worlds: Worlds, scenario: Scenario) -> Outcome:
    """What came of a scenario; a merge that crashes is a fault, not the end of the benchmark."""
    try:
        return play(worlds, scenario)
    except Exception as error:
        return Outcome([f"crashed: {error!r}"], [], 0, 0)


def go_on(folder: Path, path: Path, count: int) -> list[dict[str, Any]]:
    """Play scenarios until there are enough; returns all, those of earlier starts too."""
    done = results(path)
    worlds = Worlds(folder / f"{path.stem}-worlds")
    seed = max((line["seed"] for line in done), default=-1)
    with path.open("a", encoding="utf-8") as file:
        while len(done) < count:
            seed += 1
            seen: list[Scenario] = []
            drawn(scenarios(worlds, ALL), seed, seen.append)
            for scenario in seen:
                line = {"seed": seed, "kind": scenario.route.kind, "edits": len(scenario.story)}
                line |= asdict(outcome(worlds, scenario))
                if line["faults"]:
                    print(f"FAULT with seed {seed}: {scenario!r}\n  {line['faults']}", flush=True)
                file.write(json.dumps(line) + "\n")
                file.flush()
                done.append(line)
    return done[:count]


def tell(done: list[dict[str, Any]]) -> None:
    """Print the figures."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(line["kind"] for line in done).most_common())
    print(f"scenarios: {len(done)} ({kinds}), {sum(line['edits'] for line in done)} edits")
    causes = Counter(cause for line in done for cause in line["causes"])
    refused = causes.pop("refused", 0)
    print(f"with conflicts: {sum(any(c != 'refused' for c in line['causes']) for line in done)}; files by cause:")
    for cause, count in causes.most_common():
        print(f"    {cause}: {count}")
    print(f"refused, because a file and a folder meet: {refused}")
    print(f"lines lost: {sum(line['lost'] for line in done)}")
    print(f"scenarios with a broken promise: {sum(bool(line['faults']) for line in done)}")
    seconds = [line["seconds"] for line in done]
    print(f"seconds a merge: median {median(seconds):.2f}, 95% {quantiles(seconds, n=20)[-1]:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "mlops-ladder-climbs"))
    arguments = parser.parse_args()
    commit = ladder.git(ROOT, "describe", "--always", "--dirty", "--abbrev=12")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    done = go_on(arguments.folder, arguments.folder / f"{commit}.jsonl", arguments.scenarios)
    tell(done)
    if any(line["faults"] for line in done):
        sys.exit(1)


if __name__ == "__main__":
    main()
