"""Chromium as an employee has it: real pages, no scripts of ours, and axe-core as the judge."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

STANDARD = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
WCAG = STANDARD[:-1]
"""Without what is good practice for whole pages: a mail stands in the page of a mail program."""

NEEDED = "Chromium is needed (Debian: apt-get install chromium)"

REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, textarea, select, [tabindex]')]
    .filter(one => one.tabIndex >= 0 && one.checkVisibility() && one.type !== 'hidden')
    .filter(one => {
        if (one.type !== 'radio') return true;
        const group = [...one.form.elements[one.name]];
        return one === (group.find(each => each.checked) || group[0]);
    }).length"""
"""Count what the Tab key should reach: of a group of radio buttons, one."""

FOCUSED = """() => {
    const one = document.activeElement;
    const over = !one || one === document.body || one === document.documentElement;
    if (over || window.reached.has(one)) return null;
    window.reached.add(one);
    const box = one.closest('label') || one, rect = box.getBoundingClientRect();
    const drawn = [one, box].some(each => getComputedStyle(each).outlineStyle !== 'none');
    const inside = rect.bottom > 0 && rect.top < innerHeight && rect.width > 0;
    return {what: one.name || one.getAttribute('href') || one.tagName, seen: drawn && inside};
}"""
"""Say what has the focus, and whether that can be seen; nothing at the end, and when it starts again."""

TOP = """() => {
    window.reached = new Set();
    document.activeElement.blur();
    getSelection().removeAllRanges();
    scrollTo(0, 0);
}"""


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


def violations(page: Page, rules: Sequence[str] = (), standard: Sequence[str] = STANDARD) -> list[str]:
    """Return what axe-core finds wrong with a page, by some rules or by all: the rule, and where."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(standard)}
    # Axe leaves the size of targets out unless it is asked for.
    options = {"runOnly": only, "rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{one['id']}: {one['help']} at {[node['target'] for node in one['nodes']]}" for one in found]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wider)


def by_tab(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top of a page to its end; return what had the focus, in that order."""
    page.evaluate(TOP)
    found: list[dict[str, Any]] = []
    page.keyboard.press("Tab")
    while one := page.evaluate(FOCUSED):
        found.append(one)
        page.keyboard.press("Tab")
    return found
