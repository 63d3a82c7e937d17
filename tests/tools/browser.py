"""A real headless Chromium, driven by Playwright; a page that complains or asks another host fails its test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests import tools

# The text that one sees, with the worst contrast to what is behind it: WCAG's ratio, over all visible text of the page.
CONTRASTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const styles = (element) => element ? [getComputedStyle(element), ...styles(element.parentElement)] : [];
  const opaque = (color) => (numbers(color)[3] ?? 1) > 0;
  const ratio = (element) => {
    const all = styles(element);
    const behind = all.map((style) => style.backgroundColor).find(opaque);
    const seen = all.every((style) => style.opacity === "1" && style.filter === "none");
    const pair = [light(all[0].color), light(behind)].sort((one, other) => other - one);
    return seen ? (pair[0] + 0.05) / (pair[1] + 0.05) : 0;
  };
  const written = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const shown = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  return [...document.querySelectorAll("body *:not(script, style, option)")]
    .filter((element) => element.matches("select") || [...element.childNodes].some(written))
    .filter(shown)
    .map((element) => [ratio(element), element.textContent.trim().slice(0, 60)]);
}"""
# A container for queries hides from the page's width what sticks out of it, so each element is asked for its edge.
EDGES = """() => [document.documentElement, ...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility())
  .map((element) => Math.max(element.getBoundingClientRect().right, element.scrollWidth))"""


@contextmanager
def launch() -> Iterator[Browser]:
    """A browser that finds no host but this machine; skips the test, or fails it with CI=true, where there is none."""
    program = tools.need("chromium")
    with sync_playwright() as playwright:
        # Root may not use Chromium's sandbox.
        options = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@contextmanager
def page(browser: Browser, host: str = "", **options: Any) -> Iterator[Page]:
    """A page of its own; what it complained of, and the hosts but `host` that it asked, fail the test at the end."""
    context = browser.new_context(**options)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda sent: None if urlsplit(sent.url).netloc in ("", host) else complaints.append(sent.url))
    yield opened
    context.close()
    assert complaints == []


def contrasts(opened: Page) -> list[tuple[float, str]]:
    """The contrast of each visible text with its background, lowest first."""
    return sorted((ratio, text) for ratio, text in opened.evaluate(CONTRASTS))


def overflow(opened: Page) -> float:
    """By how many pixels the widest that one sees goes beyond the window."""
    return float(opened.evaluate(f"Math.max(...({EDGES})()) - document.documentElement.clientWidth"))
