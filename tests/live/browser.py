"""Chromium as an employee has it: real pages, no scripts of ours, and axe-core as the judge."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

STANDARD = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NEEDED = "Chromium is needed (Debian: apt-get install chromium)"

REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, textarea, select, [tabindex]')]
    .filter(one => one.tabIndex >= 0 && one.checkVisibility() && one.type !== 'hidden')
    .filter(one => one.type !== 'radio' || one === [...one.form.elements[one.name]].find(o => o.checked)
        || !([...one.form.elements[one.name]].some(o => o.checked)) && one === one.form.elements[one.name][0])
    .length"""
"""Count what the Tab key should reach: of a group of radio buttons, one."""

FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body || one === document.documentElement) return null;
    const box = one.closest('label') || one, rect = box.getBoundingClientRect();
    const seen = [one, box].some(each => getComputedStyle(each).outlineStyle !== 'none');
    const inside = rect.bottom > 0 && rect.top < innerHeight && rect.width > 0;
    return {what: one.name || one.getAttribute('href') || one.tagName, seen: seen && inside};
}"""
"""Say what has the focus, and whether that can be seen."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of this machine.

    Raises:
        RuntimeError: when there is none.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise RuntimeError(NEEDED)
    with sync_playwright() as started:
        # As root, which containers are, Chromium has no sandbox; it shows our own pages only.
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def agent_of(browser: Browser) -> str:
    """Return what this Chromium calls itself on somebody's desk: nothing in it says that nobody looks."""
    major = browser.version.partition(".")[0]
    return (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{major}.0.0.0 Safari/537.36"
    )


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page: the rule, and where."""
    options = {"runOnly": {"type": "tag", "values": list(STANDARD)}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['help']} at {[node['target'] for node in one['nodes']]}" for one in found]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wider)


def by_tab(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top of a page to its end; return what had the focus, in that order.

    Raises:
        AssertionError: when the focus never comes to the end, as in a trap.
    """
    page.evaluate("() => { document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0) }")
    found: list[dict[str, Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        one = page.evaluate(FOCUSED)
        if one is None:
            return found
        found.append(one)
    raise AssertionError(f"the focus never leaves the page: {found[-5:]}")
