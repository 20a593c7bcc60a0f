"""Pages that show posts before they are published, as an officer opens them in Chromium."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from diffuse import bootstrap
from diffuse.adapters.gallery import FolderGallery
from diffuse.adapters.platforms.building import looks
from diffuse.domain.channel import PLATFORMS
from diffuse.services.preview import preview
from tests.live.browser import chromium, violations

SHIPPED = Path(__file__).parents[2] / "campaigns" / "social-media"
POLICY = "default-src 'none'; "
"""What keeps scripts out of such a page, and the judge too: it is taken out for it alone."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped campaign on every platform, as its officers see it."""
    folder, writing = tmp_path_factory.mktemp("preview"), bootstrap.authoring()
    read = writing.campaigns.read(SHIPPED)
    assert read.campaign is not None
    first = replace(read.campaign.policies[0], key_points=read.campaign.policies[0].key_points[:1])
    everywhere = replace(read.campaign, channels=("email", *PLATFORMS), policies=(first,))
    preview([replace(read, campaign=everywhere)], writing.renderer, FolderGallery(folder), looks)
    return folder


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("channel", PLATFORMS)
def test_a_page_of_a_post_can_be_read_by_everybody_and_fits_on_a_phone(
    browser: Browser, folder: Path, channel: str, language: str
) -> None:
    (file,) = folder.glob(f"*/*.legal.{language}.{channel}.html")
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    content = page.content()
    assert POLICY in content
    page.goto("about:blank")
    page.set_content(content.replace(POLICY, ""))
    assert violations(page) == []
    page.close()


def test_the_index_leads_to_every_page_and_can_be_read_by_everybody(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    assert violations(page) == []
    links = page.locator(".posts a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert len(links) == 2 * 2 * len(PLATFORMS)
    assert all((folder / link).is_file() for link in links)
    page.close()
