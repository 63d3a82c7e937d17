"""The ladder explorer, used by clicking in a real browser: what it shows is what Copier makes."""

import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allpairspy import AllPairs
from playwright.sync_api import Browser, Page, expect

from mlops_ladder import explorer
from mlops_ladder.levels import read
from tests import ladder
from tests.tools import browser as chromium

pytestmark = pytest.mark.xdist_group("explorer")

CAPABILITIES = read(ladder.ROOT / "levels")
LEVELS = sorted({capability.level for capability in CAPABILITIES})
TOP = LEVELS[-1]
LADDER = explorer.document()
QUESTIONS = LADDER["questions"]
CHOICES = {"level": LEVELS, **{one["name"]: [choice["value"] for choice in one["choices"]] for one in QUESTIONS}}
CONTROLS = "#explorer-app :is(button, select)"
PAIRS = [dict(zip(CHOICES, row, strict=True)) for row in AllPairs(list(CHOICES.values()))]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launch() as launched:
        yield launched


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page as one file, opened without a server."""
    file = tmp_path_factory.mktemp("explorer") / "explorer.html"
    file.write_text(explorer.standalone(), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with chromium.page(browser, permissions=["clipboard-read", "clipboard-write"]) as opened:
        opened.goto(address)
        yield opened


def choose(page: Page, **answers: Any) -> None:
    """Click a level and pick answers, as a visitor does."""
    if "level" in answers:
        page.locator(f".rung[data-level='{answers['level']}']").click()
    model = page.get_by_role("button", name="Your model")
    if model.get_attribute("aria-expanded") == "false":
        model.click()
    level = int(page.locator(".rung[aria-pressed=true]").get_attribute("data-level") or "")
    for question in QUESTIONS:
        if question["name"] in answers and level in question["levels"]:
            page.get_by_label(question["label"], exact=True).select_option(answers[question["name"]])


def shown(page: Page, selector: str, attribute: str) -> list[str]:
    """An attribute of the elements that can be seen."""
    found = page.locator(selector).filter(visible=True)
    return sorted(found.evaluate_all("(all, name) => all.map((one) => one.getAttribute(name))", attribute))


def files(page: Page, kind: str = ":not(.next)") -> list[str]:
    """The paths in the tree, all folders opened by the button."""
    page.get_by_role("button", name="Open all").click()
    return shown(page, f".file{kind}", "data-path")


def all_files(page: Page) -> list[str]:
    """Every path in the tree, closed folders too."""
    return list(page.locator(".file").evaluate_all("all => all.map((one) => one.dataset.path)"))


def golden(level: int) -> set[str]:
    """What Copier makes of the defaults."""
    listed = (ladder.ROOT / "tests" / "golden" / f"level-{level}.txt").read_text(encoding="utf-8").splitlines()
    return {path.replace("src/package/", "src/my_model/") for path in listed}


def given(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers for Copier: a table of one's own is named by its path."""
    own = {"data_path": "/tables/people.csv", "target": "income"} if answers["data"] == "own" else {}
    return {name: value for name, value in answers.items() if name != "data"} | own


@pytest.mark.parametrize("answers", PAIRS, ids=[f"pairs{number}" for number in range(len(PAIRS))])
def test_the_page_shows_the_files_and_packages_that_copier_makes(
    answers: dict[str, Any], page: Page, render: Callable[..., Path], tmp_path: Path
) -> None:
    choose(page, **answers)
    project = render(tmp_path / "my-model", **given(answers))
    assert files(page) == sorted(ladder.tree(project))
    groups = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"].values()
    packages = {package for group in groups for package in group if isinstance(package, str)}
    assert set(shown(page, ".packages li:not(.next)", "data-package")) == packages


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_the_page_shows_what_the_next_rung_adds(level: int, page: Page) -> None:
    choose(page, level=level)
    assert set(files(page)) == golden(level)
    assert set(files(page, ".next")) == golden(level + 1) - golden(level)
    panel = page.get_by_role("region", name=f"What level {level + 1} adds")
    for capability in LADDER["capabilities"]:
        comes = int(capability["level"] == level + 1)
        expect(panel.get_by_text(capability["promise"])).to_have_count(comes)
        if capability["asks"]:
            expect(panel.get_by_text(f"Asks of people: {capability['asks']}")).to_have_count(comes)
    for rung in LADDER["rungs"]:
        if rung["first"] and rung["level"] == level + 1:
            expect(panel.get_by_text(f"uv run my-model {rung['first']}")).to_be_visible()
    for question in QUESTIONS:
        lets_choose = level + 1 in question["levels"] and level not in question["levels"]
        expect(panel.get_by_text(question["help"])).to_have_count(int(lets_choose))
    expect(panel.get_by_text(f"uvx --from git+<url> mlops-ladder climb --to {level + 1}")).to_be_visible()
    number = len(golden(level + 1) - golden(level))
    expect(panel.get_by_text(f"+{number} files")).to_be_visible()


def test_above_the_highest_rung_there_is_nothing(page: Page) -> None:
    choose(page, level=TOP)
    expect(page.get_by_text(f"Level {TOP} is the highest rung of this release.")).to_be_visible()
    assert files(page, ".next") == [] and set(files(page)) == golden(TOP)


@pytest.mark.parametrize("level", LEVELS)
def test_the_matrix_lights_the_capabilities_of_the_rung(level: int, page: Page) -> None:
    choose(page, level=level)
    for state, below in (("kept", 0), ("next", 1)):
        ids = [one.id for one in CAPABILITIES if (one.level <= level if not below else one.level == level + 1)]
        assert shown(page, f".chip.{state}", "data-id") == sorted(ids)
    expect(page.locator(".rung[aria-pressed=true]")).to_have_attribute("data-level", str(level))


def test_a_capability_tells_its_promise_its_proof_and_its_files(page: Page) -> None:
    choose(page, level=1)
    for capability in CAPABILITIES:
        chip = page.locator(f".chip[data-id='{capability.id}']")
        chip.click()
        detail = page.locator(f"[id='{chip.get_attribute('aria-controls')}']")
        expect(detail).to_contain_text(capability.promise)
        expect(detail).to_contain_text(capability.proof)
    chip = page.get_by_role("button", name="continuous integration (kept)")
    chip.click()
    expect(page.get_by_text(".github/workflows/ci.yml")).to_be_visible()
    choose(page, ci="gitlab")
    expect(page.get_by_text(".gitlab/ci/checks.yml")).to_be_visible()
    chip.click()
    expect(page.get_by_text(".gitlab/ci/checks.yml")).to_be_hidden()


def test_the_command_makes_what_the_page_shows(page: Page, source: Path, tmp_path: Path) -> None:
    choose(page, level=2, ci="gitlab", orchestrator="prefect", data="own", license="MIT")
    page.get_by_role("button", name="Copy: Make this project").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".outcome code").inner_text()
    assert "--data ci=gitlab" in copied and "tracking" not in copied
    command = shlex.split(copied.replace("<url>", str(source)))
    assert command[:2] == ["uvx", "copier"] and command[-1] == "my-model"
    ladder.run([shutil.which("copier", path=chromium.tools.path()), *command[2:]], tmp_path)
    assert files(page) == sorted(ladder.tree(tmp_path / "my-model"))


def test_without_the_right_to_copy_the_command_is_selected(page: Page) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')); }")
    page.get_by_role("button", name="Copy: Make this project").click()
    expect(page.get_by_text("Selected: now copy it")).to_be_visible()
    assert page.evaluate("getSelection().toString()").strip() == page.locator(".outcome code").inner_text()


def test_the_address_keeps_the_choice(page: Page, address: str, browser: Browser) -> None:
    choose(page, level=2, ci="gitlab", compute="ray", framework="xgboost")
    kept, paths = page.url, files(page)
    assert kept == f"{address}#level=2&ci=gitlab&compute=ray&framework=xgboost"
    with chromium.page(browser) as other:
        other.goto(kept)
        assert files(other) == paths
        expect(other.get_by_label("Framework", exact=True)).to_have_value("xgboost")
        other.reload()
        assert files(other) == paths
        other.goto(f"{address}#level=0")
        assert set(files(other)) == golden(0)
        other.goto(f"{address}#some-heading")
        assert set(files(other)) == golden(0)


def test_an_address_with_unknown_values_shows_the_defaults(page: Page, address: str) -> None:
    page.goto(f"{address}#level=9&ci=jenkins&nothing=1")
    page.reload()
    assert set(files(page)) == golden(LADDER["level"])


def test_a_tool_that_the_level_does_not_ask_for_is_kept_for_the_one_that_does(page: Page) -> None:
    choose(page, level=2, orchestrator="prefect")
    choose(page, level=1)
    expect(page.get_by_label("Orchestrator")).to_be_hidden()
    assert "orchestrator=prefect" in page.url and "orchestration/prefect_flow.py" in files(page, ".next")
    choose(page, level=0)
    expect(page.get_by_label("CI", exact=True)).to_be_hidden()
    expect(page.get_by_text("There is nothing to choose before level 1.")).to_be_visible()


def test_everything_works_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(f".rung[data-level='{TOP}']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f".rung[data-level='{TOP}']")).to_be_focused()
    expect(page.locator(f".rung[data-level='{TOP}']")).to_have_attribute("aria-pressed", "true")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.get_by_label("CI", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("CI", exact=True)).to_be_focused()
    assert "ci=gitlab" in page.url
    page.locator(".chip[data-id=D1]").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("D1 data versioning")).to_be_visible()
    folder = page.get_by_role("button", name="conf/")
    folder.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-path='conf/schema.yaml']")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-path='conf/schema.yaml']")).to_be_hidden()
    page.get_by_role("button", name="Close all").click()
    assert shown(page, ".file", "data-path") == sorted(path for path in all_files(page) if "/" not in path)


def test_every_control_has_a_name(page: Page) -> None:
    choose(page, level=TOP)
    named = "all => all.map((one) => one.ariaLabel || (one.labels[0] ?? one).textContent.trim())"
    assert all(page.locator(CONTROLS).evaluate_all(named))
    for question in QUESTIONS:
        expect(page.get_by_label(question["label"], exact=True)).to_have_accessible_description(question["help"])


def opened_everywhere(page: Page, level: int) -> None:
    """Show all that can be shown."""
    choose(page, level=level, data="own")
    page.get_by_role("button", name="Open all").click()
    for row in page.locator(".row:not(.head)").all():
        row.locator(".chip").last.click()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_needs_scrolling_sideways(width: int, browser: Browser, address: str) -> None:
    with chromium.page(browser, viewport={"width": width, "height": 740}) as narrow:
        narrow.goto(address)
        for level in LEVELS:
            opened_everywhere(narrow, level)
            assert chromium.overflow(narrow) <= 0
        heights = "all => all.map((one) => one.getBoundingClientRect().height)"
        assert min(narrow.locator(CONTROLS).filter(visible=True).evaluate_all(heights)) >= 24


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(scheme: Any, browser: Browser, address: str) -> None:
    with chromium.page(browser, color_scheme=scheme) as colored:
        colored.goto(address)
        for level in LEVELS:
            opened_everywhere(colored, level)
            found = chromium.contrasts(colored)
            assert len(found) > 100 and found[0][0] >= 4.5, found[:5]
        background = colored.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_the_theme_of_the_site_goes_before_that_of_the_system(browser: Browser, tmp_path: Path) -> None:
    """The pages as `write` leaves them for the site, in Material's and Zensical's two colour schemes."""
    explorer.write(tmp_path)
    text = (tmp_path / "explorer.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    (tmp_path / "explorer.html").write_text(f"<!doctype html><body>{text}</body>", encoding="utf-8")
    rung = ".rung[aria-pressed=true]"
    for system in ("light", "dark"):
        with chromium.page(browser, color_scheme=system) as page:
            page.goto((tmp_path / "explorer.html").as_uri())
            choose(page, level=1)
            assert set(files(page)) == golden(1)
            seen = {}
            for scheme in ("default", "slate"):
                page.evaluate(f"document.body.dataset.mdColorScheme = '{scheme}'")
                seen[scheme] = page.locator(rung).evaluate("element => getComputedStyle(element).color")
            assert seen == {"default": "rgb(29, 39, 51)", "slate": "rgb(223, 229, 236)"}


def test_without_scripts_the_page_says_where_the_facts_are(browser: Browser, address: str) -> None:
    with chromium.page(browser, java_script_enabled=False) as plain:
        plain.goto(address)
        expect(plain.get_by_text(explorer.WITHOUT_SCRIPT)).to_be_visible()


def test_the_choices_of_a_fork_are_shown(tmp_path: Path) -> None:
    shutil.copytree(ladder.ROOT / "levels", tmp_path / "levels")
    shutil.copy(ladder.ROOT / "copier.yml", tmp_path)
    (tmp_path / "organization.yml").write_text(
        "ci: {type: str, default: gitlab, choices: [gitlab], help: Only GitLab., when: '{{ level >= 1 }}'}\n"
        "level: {type: int, default: 1, choices: [0, 1], help: Not yet higher.}\n"
    )
    made = explorer.document(tmp_path)
    found = {question["name"]: question for question in made["questions"]}
    assert found["ci"]["choices"] == [{"value": "gitlab", "label": "gitlab"}]
    assert found["ci"]["default"] == "gitlab" and found["ci"]["levels"] == [1]
    assert [rung["level"] for rung in made["rungs"]] == [0, 1]
    assert {capability["level"] for capability in made["capabilities"]} == {0, 1}
