"""levels/ is the one source of what the template makes: these tests hold it against template/."""

import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from mlops_ladder import promises
from mlops_ladder.levels import Capability, read
from tests import ladder

CAPABILITIES = read(ladder.ROOT / "levels")
LEVELS = sorted({capability.level for capability in CAPABILITIES})
# The lines of src/lifecycle: what they are now, and a page more.
# They shall be 1,250, 3,400 and 8,500 when levels 0 to 2 are finished.
MOST_LINES = {0: 1_950, 1: 4_900, 2: 12_000}
DIMENSIONS = {"base", "data", "development", "deployment", "monitoring", "governance", "collaboration"}


def template_files() -> list[str]:
    """The paths under template/ as a project has them: no suffix, no placeholders."""
    found = ladder.git(ladder.ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "template").splitlines()
    names = (path.removeprefix("template/").removesuffix(".jinja") for path in found if (ladder.ROOT / path).exists())
    named = (name.replace("{{ package_name }}", "package") for name in names)
    return [name.replace("{{ _copier_conf.answers_file }}", ".copier-answers.yml") for name in named]


def claimed(path: str, claim: str) -> bool:
    """Whether a claim means a path; a star stands for the user's package."""
    if path.startswith("src/lifecycle/") != claim.startswith("src/lifecycle/"):
        return False
    return fnmatch(path, claim) and path.count("/") == claim.count("/")


def test_every_file_is_claimed_once_and_every_claim_has_a_file() -> None:
    claims = [file.name for capability in CAPABILITIES for file in capability.files]
    files = template_files()
    owners = {path: [claim for claim in claims if claimed(path, claim)] for path in files}
    assert {path: owner for path, owner in owners.items() if len(owner) != 1} == {}
    assert [claim for claim in claims if not any(claimed(path, claim) for path in files)] == []
    assert sorted(set(claims)) == sorted(claims)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.id)
def test_a_capability_is_complete(capability: Capability) -> None:
    known = {other.id: other.level for other in CAPABILITIES}
    assert capability.dimension in DIMENSIONS
    assert capability.promise.endswith(".") and "\n" not in capability.promise
    assert all(known[required] <= capability.level for required in capability.requires)
    assert all(package.name.count(">=") == 1 and ",<" in package.name for package in capability.packages)
    proofs = [part for part in capability.proof.replace(";", " ").split() if part.endswith(".py")]
    files = template_files()
    assert proofs
    assert [proof for proof in proofs if proof not in files and not (ladder.ROOT / proof).is_file()] == []


def test_ids_name_dimension_and_level() -> None:
    ids = [capability.id for capability in CAPABILITIES]
    assert len(set(ids)) == len(ids)
    assert all(str(capability.level) in capability.id for capability in CAPABILITIES)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_has_the_files_of_its_golden_list(
    level: int, render: Callable[..., Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    project = render(tmp_path / "project", level=level, project_name="Golden list", package_name="package")
    found = "\n".join(ladder.tree(project)) + "\n"
    golden = ladder.ROOT / "tests" / "golden" / f"level-{level}.txt"
    if request.config.getoption("--renew-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8"), "look at the difference; `--renew-golden` accepts it"


def test_a_project_reads_what_levels_say(request: pytest.FixtureRequest) -> None:
    """ladder.json is made from levels/, for projects do not hold that folder."""
    if request.config.getoption("--renew-golden"):
        promises.write(ladder.ROOT)
    made = (ladder.ROOT / promises.FILE).read_text(encoding="utf-8")
    assert made == promises.document(ladder.ROOT), "levels/ or a command changed: `--renew-golden` makes it anew"
    assert [rung["level"] for rung in json.loads(made)["rungs"]] == LEVELS


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("gh:acme/ladder", "git+https://github.com/acme/ladder"),
        ("gl:acme/ladder", "git+https://gitlab.com/acme/ladder"),
        ("git+https://example.com/ladder.git", "git+https://example.com/ladder.git"),
        ("https://example.com/ladder.git", "git+https://example.com/ladder.git"),
        ("ssh://git@example.com/ladder.git", "git+ssh://git@example.com/ladder.git"),
        ("git@example.com:acme/ladder.git", "git+ssh://git@example.com/acme/ladder.git"),
        ("/templates/ladder", "/templates/ladder"),
        ("../ladder", "../ladder"),
    ],
)
def test_the_command_that_climbs_is_taken_from_the_template(source: str, address: str) -> None:
    made = Environment(extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"], trim_blocks=True)
    made.loader = FileSystemLoader(ladder.ROOT)
    shown = made.get_template("levels/address.jinja").render(_copier_answers={"_src_path": source})
    assert shown.strip() == address


def lines(folder: Path) -> int:
    """Lines of Python, all of them."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.py"))


def test_level_0_has_few_files(rendered: Callable[..., Path]) -> None:
    assert len(ladder.tree(rendered(level=0))) <= 34


@pytest.mark.parametrize("level", LEVELS)
def test_what_a_stranger_gets_is_worth_its_lines(level: int, rendered: Callable[..., Path]) -> None:
    project = rendered(level=level)
    code, tests = lines(project / "src" / "lifecycle"), lines(project / "tests" / "lifecycle")
    assert code <= MOST_LINES[level]
    assert tests <= code / 10


def test_a_higher_level_only_adds_files(rendered: Callable[..., Path]) -> None:
    may_grow = {"pyproject.toml", "MATURITY.md", ".copier-answers.yml"}
    below: dict[str, bytes] = {}
    for level in LEVELS:
        files = ladder.tree(rendered(level=level))
        assert {path for path in below if path not in may_grow and files.get(path) != below[path]} == set()
        below = files
