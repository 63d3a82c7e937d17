"""The documentation site: built strictly, complete, and readable in a browser without any other host."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from mlops_ladder.levels import read
from mlops_ladder.site import pieces
from tests import ladder
from tests.tools import browser as chromium

pytestmark = pytest.mark.xdist_group("site")

HOST = "http://site.example/"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WINDOWS = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as HTML; a build with a warning fails."""
    folder = tmp_path_factory.mktemp("site")
    ladder.run([sys.executable, "-m", "mlops_ladder.site", folder], ladder.ROOT)
    return folder / "html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launch() as launched:
        yield launched


@contextmanager
def served(site: Path, browser: Browser, window: str = "desktop", scheme: str = "light") -> Iterator[Page]:
    """A page of a browser to which the site is a host; what it complains of, or asks another host for, fails."""
    width, height = WINDOWS[window]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    complaints: list[str] = []

    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url)
        file = site / asked.path.lstrip("/")
        if asked.netloc != urlsplit(HOST).netloc or not file.is_file():
            complaints.append(f"asked for {route.request.url}")
            route.abort()
        else:
            route.fulfill(path=file)

    context.route("**/*", answer)
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {given.get("id") or "", given.get("name") or ""}
        self.links += [link for link in (given.get("href"), given.get("src")) if link]


def pages(site: Path) -> list[str]:
    """The addresses of all pages inside the site."""
    return sorted(str(page.relative_to(site)) for page in site.rglob("*.html"))


def text(site: Path, page: str) -> str:
    """What a page says, without tags."""
    return re.sub(r"<[^>]+>", "", (site / page).read_text(encoding="utf-8"))


def test_every_link_inside_the_site_leads_to_a_page_and_a_place(site: Path) -> None:
    found = {page: Links(site / page) for page in pages(site) if page != "404.html"}
    lost = []
    for page, links in found.items():
        for link in links.links:
            target = urlsplit(urljoin(HOST + page, link))
            path = unquote(target.path.lstrip("/")) or "index.html"
            here = target.netloc == urlsplit(HOST).netloc
            known = path in found and unquote(target.fragment) in found[path].anchors | {""}
            if here and not (known or (path not in found and (site / path).is_file())):
                lost.append(f"{page}: {link}")
    assert lost == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[gone](gone.md)", "page does not exist"),
        ("[gone](index.md#gone)", "anchor does not exist"),
        ("<!-- made: gone -->", "error: wrong.md asks for `gone`, which is not made"),
    ],
)
def test_a_page_that_asks_for_what_is_not_there_stops_the_build(tmp_path: Path, line: str, message: str) -> None:
    clone = tmp_path / "clone"
    ladder.clone(clone)
    (clone / "docs/wrong.md").write_text(f"# Wrong\n\n{line}\n")
    build = [sys.executable, "-m", "mlops_ladder.site", tmp_path / "site"]
    done = ladder.run(build, clone, check=False, PYTHONPATH=str(clone / "src"))
    assert done.returncode and message in done.stderr and "wrong.md" in done.stderr


def test_the_reference_holds_every_capability_question_and_command(site: Path) -> None:
    reference = text(site, "reference/capabilities.html")
    for capability in read(ladder.ROOT / "levels"):
        assert f"{capability.id} {capability.name}" in reference and capability.promise in reference
        assert all(file.name in reference for file in capability.files)
    asked = {name: one for name, one in ladder.questions().items() if one.get("when") is not False}
    questions = Links(site / "reference/questions.html").anchors
    assert asked and set(asked) <= questions
    golden = (ladder.ROOT / "tests/golden/level-2.txt").read_text().split()
    defining = [ladder.ROOT / "template" / path for path in golden]
    commands = {
        path.stem.replace("_", "-")
        for path in defining
        if path.suffix == ".py" and path.is_file() and '\n@extends("command")' in path.read_text(encoding="utf-8")
    }
    assert len(commands) > 20 and commands <= Links(site / "reference/commands.html").anchors


def test_every_piece_that_is_made_is_on_a_page(site: Path) -> None:
    sources = [page.read_text(encoding="utf-8") for page in (ladder.ROOT / "docs").rglob("*.md")]
    asked = set(re.findall(r"<!-- made: (.+) -->", "\n".join(sources)))
    assert asked == set(pieces.WHOLE) | {f"{kind} {level}" for kind in pieces.OF_A_RUNG for level in (1, 2)}
    assert not any("<!-- made" in (site / page).read_text(encoding="utf-8") for page in pages(site))


@pytest.mark.parametrize(("window", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_pages_are_readable_without_another_host(site: Path, browser: Browser, window: str, scheme: str) -> None:
    wide: list[str] = []
    with served(site, browser, window, scheme) as page:
        for address in pages(site):
            page.goto(HOST + address)
            expect(page.locator("h1").first).to_be_visible()
            if (over := int(page.evaluate(TOO_WIDE))) > 0:
                wide.append(f"{address} by {over}")
    assert wide == []


def test_the_search_finds_a_capability(site: Path, browser: Browser) -> None:
    with served(site, browser, "desktop", "light") as page:
        page.goto(HOST + "index.html")
        page.get_by_role("button", name="Search").first.click()
        page.keyboard.type("audit trail")
        expect(page.get_by_role("link", name="G2b").first).to_be_visible()
