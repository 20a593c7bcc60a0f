"""What is particular to a real WordPress: days, roles, twins, and what it would make of plain text."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Withdrawn
from diffuse.ports import Platform
from tests.suites.platforms.sample import a_post, built
from tests.suites.platforms.wordpress_server import WordPressRig


@pytest.fixture
def rig(wordpress: WordPressRig) -> WordPressRig:
    """The site, without a post."""
    wordpress.empty()
    return wordpress


@pytest.fixture
def platform(rig: WordPressRig) -> Iterator[Platform]:
    """The adapter, as an author."""
    with built(rig.recipe()) as one:
        yield one


def kept(rig: WordPressRig) -> list[list[str]]:
    """Return slug, status and day of every post, the oldest first."""
    rows = rig.sql(
        "SELECT post_name, post_status, post_date_gmt FROM wp_posts WHERE post_type='post' ORDER BY ID"
    )
    return [row.split("\t") for row in rows.splitlines()]


def page(rig: WordPressRig, posted: object) -> str:
    """Return the page that people open."""
    assert isinstance(posted, Posted), posted
    return httpx.get(posted.url, follow_redirects=True, timeout=30).text


def test_a_post_for_later_is_scheduled_in_utc_and_moves_with_its_day(
    rig: WordPressRig, platform: Platform
) -> None:
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    posted = platform.post(a_post(publish_at=day))
    assert isinstance(posted, Posted)
    assert kept(rig) == [["loi-25-incidents-1", "future", f"{day:%Y-%m-%d %H:%M:%S}"]]
    assert not rig.posts()
    assert platform.lookup("loi-25-incidents-1") == posted
    assert platform.update(a_post(publish_at=day + timedelta(days=1))) == posted
    assert kept(rig)[0][1:] == ["future", f"{day + timedelta(days=1):%Y-%m-%d %H:%M:%S}"]
    assert platform.update(a_post()) == posted
    assert kept(rig)[0][1] == "publish"
    assert len(rig.posts()) == 1


def test_a_scheduled_post_that_was_withdrawn_appears_at_once_when_it_is_due(
    rig: WordPressRig, platform: Platform
) -> None:
    platform.post(a_post(publish_at=datetime.now(UTC) + timedelta(days=3)))
    assert platform.withdraw("loi-25-incidents-1") == Withdrawn()
    assert platform.lookup("loi-25-incidents-1") == Absent()
    assert isinstance(platform.post(a_post()), Posted)
    ((_, status, day),) = kept(rig)
    assert status == "publish"
    assert abs(datetime.fromisoformat(f"{day}+00:00") - datetime.now(UTC)) < timedelta(minutes=2)


def test_a_contributor_may_not_publish_and_is_told_so(rig: WordPressRig) -> None:
    with built(rig.recipe(role="contributor")) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "not allowed to publish posts" in answer.reason
    assert "may the account do it?" in answer.reason
    assert not rig.posts()


def test_a_password_is_taken_with_its_spaces_as_the_profile_shows_it(rig: WordPressRig) -> None:
    recipe = rig.recipe()
    spaced = " ".join(re.findall("....", recipe.arguments["password"]))
    with built(
        type(recipe)(adapter=recipe.adapter, arguments={**recipe.arguments, "password": spaced})
    ) as one:
        assert isinstance(one.post(a_post()), Posted)


def test_an_address_that_the_site_keeps_for_itself_is_named(rig: WordPressRig, platform: Platform) -> None:
    answer = platform.post(a_post("feed"))
    assert isinstance(answer, Refused)
    assert "it offers 'feed-2'" in answer.reason
    assert kept(rig) == []


def test_a_draft_that_was_left_behind_is_published(rig: WordPressRig, platform: Platform) -> None:
    platform.post(a_post())
    rig.sql("UPDATE wp_posts SET post_status='draft'")
    assert isinstance(platform.post(a_post()), Posted)
    assert [row[:2] for row in kept(rig)] == [["loi-25-incidents-1", "publish"]]


def test_two_drafts_of_one_address_become_one_post(rig: WordPressRig, platform: Platform) -> None:
    for key in ("loi-25-incidents-1", "autre"):
        platform.post(a_post(key))
    rig.sql("UPDATE wp_posts SET post_status='draft', post_name='loi-25-incidents-1'")
    answer = platform.post(a_post())
    assert isinstance(answer, Posted), answer
    assert [row[:2] for row in kept(rig)] == [["loi-25-incidents-1", "publish"]]
    assert platform.post(a_post()) == AlreadyThere(answer.id, answer.url)


def test_the_language_is_marked_and_text_is_not_run(rig: WordPressRig, platform: Platform) -> None:
    words = "[gallery] [caption]x[/caption] &lt;b&gt;"
    post = a_post(
        html=f"<p>https://www.youtube.com/watch?v=1</p><p>{words}</p><p>Une\nligne</p>", language="fr"
    )
    shown = page(rig, platform.post(post))
    assert '<div lang="fr">' in shown
    assert "<iframe" not in shown
    assert "<br" not in shown
    assert "https://www.youtube.com/watch?v=1" in html.unescape(shown)
    assert "[gallery] [caption]x[/caption] <b>" in html.unescape(shown)


def test_links_stay_as_they_are(rig: WordPressRig, platform: Platform) -> None:
    link = "https://diffuse.exemple.ca/p/a_b-c~d?x=1&amp;y=[2]"
    shown = page(rig, platform.post(a_post(html=f'<p><a href="{link}">Confirmer</a></p>')))
    (found,) = re.findall('href="([^"]*)"', shown)
    assert html.unescape(found) == html.unescape(link)


def test_the_address_of_something_else_is_no_platform(rig: WordPressRig) -> None:
    recipe = rig.recipe(f"{rig.address}/wp-content/themes/bare/style.css")
    with built(recipe) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Refused), answer
