"""WordPress's twins, days, roles and troubles; the live one is tried in ``tests/intranet``."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from diffuse.adapters.platforms.wordpress import WordPress
from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Retry, Withdrawn
from tests.suites.platforms.double_server import Answered
from tests.suites.platforms.sample import a_post
from tests.suites.platforms.wordpress_double import Refusal, WordPressDouble, wordpress_double

KEY = a_post().key
OPEN: list[WordPress] = []
"""What a test has put together, for it to hang up."""


@pytest.fixture(scope="module")
def whole_site() -> Iterator[WordPressDouble]:
    with wordpress_double() as double:
        yield double


@pytest.fixture
def double(whole_site: WordPressDouble) -> WordPressDouble:
    whole_site.empty()
    return whole_site


@pytest.fixture(autouse=True)
def hangs_up() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def wordpress(double: WordPressDouble) -> WordPress:
    return adapter(double)


def adapter(double: WordPressDouble, role: str = "author", **changes: str) -> WordPress:
    OPEN.append(WordPress(**{**double.recipe(role=role).arguments, **changes}))
    return OPEN[-1]


def kept(double: WordPressDouble) -> list[tuple[str, str]]:
    """Return address and status of every post, the oldest first."""
    return [(item.slug, item.status) for _, item in sorted(double.items.items())]


def in_days(days: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def test_a_post_for_later_is_scheduled_in_utc_and_moves_with_its_day(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    posted = wordpress.post(a_post(publish_at=in_days(3)))
    assert isinstance(posted, Posted)
    assert kept(double) == [(KEY, "future")]
    assert wordpress.lookup(KEY) == posted
    assert wordpress.update(a_post(publish_at=in_days(4))) == posted
    (item,) = double.items.values()
    assert abs(item.date - in_days(4)) < timedelta(minutes=1)
    assert not double.posts()
    assert wordpress.update(a_post()) == posted
    assert kept(double) == [(KEY, "publish")]


def test_what_is_published_keeps_its_day_when_it_changes(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    day = in_days(-9)
    double.add(KEY, status="publish", date=day)
    assert isinstance(wordpress.update(a_post(publish_at=in_days(9))), Posted)
    assert [(item.status, item.date) for item in double.items.values()] == [("publish", day)]


def test_a_scheduled_post_that_was_withdrawn_appears_at_once_when_it_is_due(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    wordpress.post(a_post(publish_at=in_days(3)))
    assert wordpress.withdraw(KEY) == Withdrawn()
    assert wordpress.lookup(KEY) == Absent()
    assert isinstance(wordpress.post(a_post()), Posted)
    assert len(double.posts()) == 1


def test_what_an_editor_keeps_from_readers_is_not_there_and_not_withdrawn_again(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    double.add(KEY, status="private")
    assert wordpress.lookup(KEY) == Absent()
    assert wordpress.withdraw(KEY) == Withdrawn()
    assert isinstance(wordpress.update(a_post()), Refused)
    assert kept(double) == [(KEY, "private")]


def test_a_contributor_may_not_publish_and_is_told_so(double: WordPressDouble) -> None:
    answer = adapter(double, role="contributor").post(a_post())
    assert isinstance(answer, Refused)
    assert "may the account do it? 403 Forbidden: Sorry, you are not allowed to publish" in answer.reason
    assert not double.posts()


def test_the_post_of_somebody_else_is_not_changed(double: WordPressDouble, wordpress: WordPress) -> None:
    double.add(KEY, status="publish").author = "direction"
    for answer in (wordpress.update(a_post()), wordpress.withdraw(KEY)):
        assert isinstance(answer, Refused)
        assert "not allowed to edit this post" in answer.reason


def test_a_site_that_shows_nothing_to_strangers_is_read_as_an_author(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    double.private = True
    assert isinstance(wordpress.post(a_post()), Posted)
    answer = adapter(double, password="faux").post(a_post())
    assert isinstance(answer, Refused)
    assert (
        "does not accept our credentials: 401 Unauthorized: You are not currently logged in" in answer.reason
    )


def test_a_password_is_taken_with_its_spaces_and_shown_in_neither_way(double: WordPressDouble) -> None:
    password = str(double.recipe().arguments["password"])
    spaced = " ".join(re.findall("....", password))
    platform = adapter(double, password=spaced)
    assert isinstance(platform.post(a_post()), Posted)
    told = Refusal(400, "rest_oops", f"{spaced} {password}")
    double.answers["GET"] = [told.answered]
    assert platform.lookup(KEY) == Refused("400 Bad Request: … …")


def test_an_address_that_the_site_keeps_for_itself_is_named(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    answer = wordpress.post(a_post("feed"))
    assert isinstance(answer, Refused)
    assert "it offers 'feed-2'" in answer.reason
    assert not double.items


def test_two_drafts_of_one_address_become_one_post(double: WordPressDouble, wordpress: WordPress) -> None:
    def another() -> None:
        double.add(KEY)

    double.meanwhile[4] = another  # between our draft and the look at what has its address
    posted = wordpress.post(a_post())
    assert isinstance(posted, Posted)
    assert kept(double) == [(KEY, "publish")]


def test_whoever_gets_another_address_goes_on_with_the_draft_that_was_there_before(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    def another() -> None:
        double.add(KEY)

    double.meanwhile[3] = another  # right before our draft
    posted = wordpress.post(a_post())
    (item,) = double.items.values()
    assert posted == Posted(f"{item.id}", f"{double.address}/?p={item.id}")
    assert (item.slug, item.status, item.title) == (KEY, "publish", a_post().title)


@pytest.mark.parametrize("status", ["publish", "future"])
def test_a_post_that_came_out_in_the_same_moment_is_the_one_that_stays(
    double: WordPressDouble, wordpress: WordPress, status: str
) -> None:
    def another() -> None:
        double.add(KEY, status=status, date=in_days(1))

    double.meanwhile[5] = another  # right before our draft is published
    answer = wordpress.post(a_post())
    assert isinstance(answer, AlreadyThere), answer
    assert kept(double) == [(KEY, status)]


def test_a_draft_that_came_in_the_same_moment_gives_the_address_back(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    def another() -> None:
        double.add(KEY)

    double.meanwhile[5] = another
    assert isinstance(wordpress.post(a_post()), Posted)
    assert kept(double) == [(KEY, "publish")]


def test_an_address_that_cannot_be_had_back_is_named_and_nothing_is_left(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    def draft() -> None:
        double.add(KEY)

    def attachment() -> None:
        double.add(KEY, status="inherit")  # what the interface for posts does not list

    double.meanwhile = {5: draft, 6: attachment}
    answer = wordpress.post(a_post())
    assert isinstance(answer, Refused)
    assert f"keeps the address '{KEY}' for something else" in answer.reason
    assert kept(double) == [(KEY, "inherit")]


def test_a_draft_that_somebody_deletes_in_the_middle_is_made_again_later(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    double.meanwhile[5] = double.items.clear
    answer = wordpress.post(a_post())
    assert isinstance(answer, Retry)
    assert "the post is gone meanwhile: 404 Not Found: Invalid post ID." in answer.reason
    assert isinstance(wordpress.post(a_post()), Posted)


def test_a_change_that_was_lost_is_made_again(double: WordPressDouble, wordpress: WordPress) -> None:
    wordpress.post(a_post())
    double.answers["POST"] = [Refusal(500, "internal_server_error", "Oups").answered] * 2
    for answer in (wordpress.update(a_post()), wordpress.withdraw(KEY)):
        assert isinstance(answer, Retry)
        assert "Oups" in answer.reason


@pytest.mark.parametrize("told", [{}, [7], [{"id": "7", "slug": KEY}], [{"id": 7}], None])
def test_what_is_no_list_of_posts_is_refused(
    double: WordPressDouble, wordpress: WordPress, told: object
) -> None:
    double.answers["GET"] = [Answered(told=told)]
    answer = wordpress.lookup(KEY)
    assert isinstance(answer, Refused)
    assert "not that of this platform" in answer.reason


def test_an_answer_to_a_draft_that_cannot_be_read_leads_to_a_look_up(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    double.answers["POST"] = [Answered(told={"done": True}, status=201)]
    answer = wordpress.post(a_post())
    assert isinstance(answer, Refused)
    assert "not that of this platform" in answer.reason
    assert isinstance(wordpress.post(a_post()), Posted)


def test_a_question_that_the_site_does_not_understand_is_refused_in_its_words(
    double: WordPressDouble, wordpress: WordPress
) -> None:
    refusal = Refusal(400, "rest_invalid_param", "Invalid parameter(s): orderby")
    double.answers["GET"] = [refusal.answered]
    assert wordpress.post(a_post()) == Refused("400 Bad Request: Invalid parameter(s): orderby")


def test_text_is_not_run_and_links_stay(wordpress: WordPress) -> None:
    link = '<a href="https://diffuse.exemple.ca/p/a_b?x=1&amp;y=[2]">Confirmer</a>'
    dressed = wordpress.dress(a_post(html=f"<p>[gallery] https://youtu.be/1 {link}</p>"))
    assert dressed.media_type == "text/html"
    assert "<p>&#91;gallery] https&#58;//youtu.be/1 <a href=" in dressed.content
    assert dressed.content.startswith('<!-- wp:html -->\n<div lang="fr">')
    assert 'href="https://diffuse.exemple.ca/p/a_b?x=1' in dressed.content


@pytest.mark.parametrize(
    ("path", "more", "words"),
    [
        ("", {"status": "bogus"}, "not one of publish"),
        ("", {"date_gmt": "bogus"}, "date_gmt"),
        ("", {"slug": "K 1"}, "slug"),
        ("", {"meta": {}}, "body"),
        ("", {"title": "", "content": ""}, "are empty"),
        ("/99", {}, "Invalid post ID"),
    ],
)
def test_the_server_of_these_tests_refuses_what_a_wordpress_would_not_take(
    wordpress: WordPress, path: str, more: dict[str, object], words: str
) -> None:
    query = {"rest_route": f"/wp/v2/posts{path}", "context": "edit"}
    fields = {"title": "t", "content": "c", **more}
    statuses = (400, 404)
    told = wordpress._calls.ask("POST", "/index.php", known=statuses, params=query, json=fields)
    assert words in told.text


@pytest.mark.parametrize(
    ("method", "path", "query", "words"),
    [
        ("GET", "", {"slug": "a", "per_page": "101"}, "per_page"),
        ("GET", "", {"slug": "a", "search": "b"}, "query"),
        ("GET", "", {"slug": "a", "status": "trash"}, "status"),
        ("POST", "", {"context": "edit"}, "rest_invalid_json"),
        ("POST", "", {"context": "view"}, "query"),
        ("DELETE", "/1", {}, "rest_trash_not_supported"),
        ("GET", "x", {}, "rest_no_route"),
    ],
)
def test_the_server_of_these_tests_refuses_what_it_was_not_built_for(  # noqa: PLR0917 -- a table
    double: WordPressDouble, wordpress: WordPress, method: str, path: str, query: dict[str, str], words: str
) -> None:
    double.numbers = iter([1])
    double.add(KEY)
    asked = {"rest_route": f"/wp/v2/posts{path}", **query}
    told = wordpress._calls.ask(method, "/index.php", known=(400, 404, 501), params=asked)
    assert words in told.text
