"""What a release promised holds for those after it: proven on a clone with two releases, and on the real last one."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mlops_ladder import ownership
from mlops_ladder.levels import read
from tests import ladder
from tests.tools import environment

PACKAGE = "template/src/lifecycle"


class Releases(NamedTuple):
    """A repository of the template, and two versions in it."""

    source: Path
    old: str
    new: str


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def unclaim(folder: Path, path: str) -> None:
    """Take a claim out of levels/, and out of whatever rung it stands in."""
    rung = next(rung for rung in (folder / "levels").glob("*.yml") if f"      - {path}\n" in rung.read_text())
    edit(rung, f"      - {path}\n", "")


def honest(folder: Path) -> None:
    """A release as it should be: better code, a new capability, a new choice, a new question, a new rung."""
    edit(folder / PACKAGE / "cli.py", "import sys\n", "import sys\n\n# A comment of the second release.\n")
    edit(folder / "template/docs/drift.md.jinja", "# Drift\n", "# Drift\n\nSaid better in the second release.\n")
    (folder / PACKAGE / "monitoring/costs.py").write_text('"""What a prediction costs."""\n', encoding="utf-8")
    (folder / "template/docs/costs.md").write_text("# Costs\n", encoding="utf-8")
    (folder / "levels/3-mature.yml").write_text(NEW_RUNG, encoding="utf-8")
    questions = folder / "copier.yml"
    edit(folder / "levels/ladder.jinja", "'2-automated']", "'2-automated', '3-mature']")
    edit(
        questions, "  help: Which maturity level", '    "3 Mature MLOps: everything.": 3\n  help: Which maturity level'
    )
    edit(questions, "choices: [scikit-learn, lightgbm, xgboost]", "choices: [scikit-learn, lightgbm, xgboost, forest]")
    edit(questions, "# --- Computed ---", NEW_QUESTION)
    edit(
        folder / "template/params.yaml.jinja",
        "{% else %}",
        "{% elif framework == 'forest' %}\n  n_estimators: 30\n{% else %}",
    )


NEW_QUESTION = """currency:
  type: str
  default: EUR
  ask: "{{ level >= 2 }}"
  help: In which currency are costs counted?

# --- Computed ---"""
NEW_RUNG = """# Level 3: looked after.
level: 3
name: Mature MLOps
capabilities:
  - id: O3
    name: costs
    dimension: monitoring
    promise: Everybody knows what a prediction costs.
    proof: tests/test_release.py
    requires: []
    packages: []
    tools: []
    files:
      - docs/costs.md
      - src/lifecycle/monitoring/costs.py
"""


def broken(folder: Path) -> Iterator[str]:
    """Break each promise once; says how each break must be named."""
    (folder / PACKAGE / "monitoring/drift/thresholds.py").unlink()
    unclaim(folder, "src/lifecycle/monitoring/drift/thresholds.py")
    yield "src/lifecycle/monitoring/drift/thresholds.py is gone"
    (folder / "template/deploy/prometheus.yml.jinja").rename(folder / "template/deploy/metrics.yml.jinja")
    edit(folder / "levels/1-devops.yml", "deploy/prometheus.yml", "deploy/metrics.yml")
    yield "deploy/prometheus.yml is gone"
    edit(folder / "levels/2-automated.yml", "- docs/tuning.md", "- {path: docs/tuning.md, when: {compute: ray}}")
    yield "docs/tuning.md no longer comes with level=2, compute=local"
    unclaim(folder, "docs/experiments.md")
    edit(
        folder / "levels/2-automated.yml",
        "      - docs/drift.md\n",
        "      - docs/drift.md\n      - docs/experiments.md\n",
    )
    yield "docs/experiments.md no longer comes with level=1"
    edit(folder / "template/params.yaml.jinja", "max_leaves: {{ 8 if small", "max_leaves: {{ 9 if small")
    yield "params.yaml is a seed and has another text"
    edit(folder / "levels/seeds.txt", "notebooks/*\n", "")
    yield "notebooks/explore.ipynb is no longer a seed"
    questions = folder / "copier.yml"
    edit(questions, "author_name:\n", "team:\n")
    yield "The question author_name is gone"
    edit(questions, "description:\n  type: str", "description:\n  type: path")
    yield "The question description has another type"
    edit(questions, "choices: [local, s3, gcs, azure]", "choices: [local, s3, gcs]")
    yield "The question artifact_store no longer takes ['azure']"
    yield "Projects can no longer be made with their answers (Invalid choice for 'artifact_store'"
    edit(questions, "organization:\n  type: str", "organization:\n  choices: [Acme]\n  type: str")
    yield "The question organization took anything and now has choices"
    edit(questions, "default: Proprietary", "default: MIT")
    yield "The question license has another default"
    edit(
        questions,
        'ask: "{{ level >= 1 }}"\n  help: Where does the repository',
        'when: "{{ level >= 2 }}"\n  help: Where does the repository',
    )
    yield "The question ci is not asked of all who answered it"
    edit(questions, "_exclude:\n", '_exclude:\n  - "*.bak"\n')
    yield "The setting _exclude changed"
    edit(folder / "levels/2-automated.yml", "id: C2\n", "id: C2x\n")
    yield "The capability C2 is gone"


OWN_METRICS = '''"""The metrics: what an error costs."""

import pandas as pd

PRIMARY = "cost"
GREATER_IS_BETTER = False


def score(truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
    """Ten for a late flight that was not foreseen, one for a false alarm."""
    late, foreseen = (values.astype(str) == "True" for values in (truth, prediction["prediction"]))
    return {"cost": float((10 * (late & ~foreseen) + (foreseen & ~late)).mean())}
'''


def promise(source: Path) -> subprocess.CompletedProcess[str]:
    """`python scripts/promise.py` with the code of that repository."""
    command = [sys.executable, "scripts/promise.py"]
    return ladder.run(command, source, check=False, PYTHONPATH=str(source / "src"))


@pytest.fixture
def first(source: Path, tmp_path: Path) -> Path:
    """A repository with one release, that may be changed."""
    return shutil.copytree(source, tmp_path / "template")


def test_every_break_is_named(first: Path) -> None:
    expected = list(broken(first))
    ladder.commit(first, "Break everything")
    done = promise(first)
    named = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert [start for start in expected if not any(line.startswith(start) for line in named)] == []
    assert [line for line in named if not line.startswith(tuple(expected))] == []
    assert all(": " in line and line.endswith(".") for line in named), "each says how to mend it"


def test_a_template_that_asks_for_trust_is_named(first: Path) -> None:
    edit(first / "copier.yml", "_subdirectory: template", '_subdirectory: template\n_tasks: ["echo hello"]')
    ladder.commit(first, "Run something")
    done = promise(first)
    assert done.returncode == 1 and "The setting _tasks runs code" in done.stdout


def test_an_honest_release_keeps_every_promise(first: Path) -> None:
    honest(first)
    ladder.commit(first, "Second release")
    ladder.git(first, "tag", "0.2.0")
    done = promise(first)
    assert (done.returncode, done.stdout) == (0, "every promise of 0.1.0 is kept\n"), done.stdout + done.stderr


def test_a_pre_release_promises_nothing(first: Path) -> None:
    ladder.git(first, "tag", "--delete", "0.1.0")
    for tag in ("0.1.0rc1", "not-a-version"):
        ladder.git(first, "tag", tag)
    ladder.commit(first, "Later")
    done = promise(first)
    assert (done.returncode, done.stdout) == (0, "no release yet: nothing was promised\n")


def test_what_the_real_last_release_promised_is_kept() -> None:
    done = promise(ladder.ROOT)
    if "no release yet" in done.stdout:
        pytest.skip("there is no release yet")
    assert done.returncode == 0, done.stdout + done.stderr


def test_seeds_do_not_depend_on_switches(render: Callable[..., Path], tmp_path: Path) -> None:
    patterns = ownership.seeds(ladder.ROOT / "levels")
    switches = {
        "ci": "gitlab",
        "tracking": "wandb",
        "artifact_store": "azure",
        "orchestrator": "airflow",
        "compute": "ray",
    }
    trees = []
    for number, answers in enumerate(({}, switches)):
        tree = ladder.tree(render(tmp_path / str(number), project_name="Seeds", level=2, **answers))
        trees.append({path: text for path, text in tree.items() if ownership.is_seed(path, patterns)})
    assert trees[0] == trees[1]
    claims = [file.name for capability in read(ladder.ROOT / "levels") for file in capability.files]
    assert [pattern for pattern in patterns if not any(ownership.is_seed(claim, [pattern]) for claim in claims)] == []


@pytest.fixture(scope="module", params=["two releases", "the real ones"])
def releases(request: pytest.FixtureRequest, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """The first release of a repository and what came later."""
    folder = tmp_path_factory.mktemp("releases") / "template"
    if request.param == "two releases":
        shutil.copytree(source, folder)
        honest(folder)
        ladder.commit(folder, "Second release")
        ladder.git(folder, "tag", "0.2.0")
        return Releases(folder, "0.1.0", "0.2.0")
    sys.path.insert(0, str(ladder.ROOT / "scripts"))
    from versions import last_release

    last = last_release()
    if last is None:
        pytest.skip("there is no release yet")
    ladder.run([*ladder.GIT, "clone", "--quiet", ladder.ROOT, folder], folder.parent)
    return Releases(folder, last, "HEAD")


def made(releases: Releases, ref: str, folder: Path, **answers: object) -> Path:
    """A project from one version of the template."""
    import copier

    data = {"project_name": "Living project", **answers}
    copier.run_copy(str(releases.source), folder, data=data, defaults=True, quiet=True, vcs_ref=ref)
    return folder


@pytest.mark.parametrize(
    "answers",
    [{"level": 0}, {"level": 1, "ci": "gitlab"}, {"level": 2, "framework": "xgboost", "tracking": "wandb"}],
    ids=str,
)
def test_an_update_equals_a_fresh_copy(answers: dict[str, object], releases: Releases, tmp_path: Path) -> None:
    updated = made(releases, releases.old, tmp_path / "updated", **answers)
    ladder.commit(updated, "Start")
    ladder.update(updated, {}, vcs_ref=releases.new)
    assert ladder.conflicts(updated) == ""
    assert ladder.tree(updated) == ladder.tree(made(releases, releases.new, tmp_path / "fresh", **answers))


def test_the_first_seeds_carry_every_later_rung(releases: Releases, live: Callable[..., Path], tmp_path: Path) -> None:
    """Seeds of the first release, as they were and replaced, stay as they are, and the newest code works with them."""
    project = made(releases, releases.old, tmp_path / "project", level=0)
    ladder.commit(project, "Start")
    problem = project / "src/living_project"
    (problem / "metrics.py").write_text(OWN_METRICS, encoding="utf-8")
    ladder.commit(project, "Count what errors cost")
    patterns = ownership.seeds(releases.source / "levels")
    seeds = {path: text for path, text in ladder.tree(project).items() if ownership.is_seed(path, patterns)}
    ladder.update(project, {"level": 2}, vcs_ref=releases.new)
    assert ladder.conflicts(project) == ""
    after = ladder.tree(project)
    assert {path: after.get(path) for path in seeds} == seeds
    ladder.commit(project, "Climb")
    environment.link(live(level=2) / ".venv", project / ".venv")
    assert '"cost"' in ladder.run(["uv", "run", "living-project", "train", "--json"], project).stdout
    ladder.run(["uv", "run", "living-project", "evaluate"], project)
