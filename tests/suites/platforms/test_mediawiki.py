"""MediaWiki's sessions, rights, moved pages and troubles; the live one is in ``tests/intranet``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from diffuse.adapters.platforms.mediawiki import MARK, MediaWiki
from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Retry, Withdrawn
from tests.suites.platforms.fault_proxy import FaultProxy, Reply
from tests.suites.platforms.mediawiki_double import (
    PASSWORDS,
    MediaWikiDouble,
    Page,
    Refusal,
    mediawiki_double,
)
from tests.suites.platforms.sample import a_post

KEY = a_post().key
OPEN: list[MediaWiki] = []
"""What a test has put together, for it to hang up."""

TITLE = "Loi-25-incidents-1"


@pytest.fixture(scope="module")
def whole_wiki() -> Iterator[MediaWikiDouble]:
    with mediawiki_double() as double:
        yield double


@pytest.fixture
def double(whole_wiki: MediaWikiDouble) -> MediaWikiDouble:
    whole_wiki.empty()
    return whole_wiki


@pytest.fixture(autouse=True)
def hangs_up() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def wiki(double: MediaWikiDouble) -> MediaWiki:
    return adapter(double)


def adapter(double: MediaWikiDouble, account: str = "Eraser", **changes: Any) -> MediaWiki:  # noqa: ANN401
    OPEN.append(MediaWiki(**{**double.recipe(account=account).arguments, **changes}))
    return OPEN[-1]


def test_a_post_is_a_page_under_its_key(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    posted = wiki.post(a_post())
    assert posted == Posted(f"{double.pages[TITLE].id}", f"{double.address}/index.php/{TITLE}")


def test_pages_may_have_a_prefix_a_category_and_their_own_title(double: MediaWikiDouble) -> None:
    wiki = adapter(double, prefix="Avis/", category="Gouvernance", display_title=True)
    assert isinstance(wiki.post(a_post(title="A & B")), Posted)
    (title,) = double.pages
    assert title == f"Avis/{KEY}"
    text = double.pages[title].text
    assert "{{DISPLAYTITLE:A &#38; B}}" in text
    assert text.endswith("[[Category:Gouvernance|A &#38; B]]")
    assert [seen.title for seen in double.posts()] == ["A & B"]


@pytest.mark.parametrize(
    ("prefix", "words"),
    [("Avis[", "caractères non valides"), ("Special:", "no such kind"), ("wikipedia:", "another wiki")],
)
def test_a_prefix_that_no_page_can_have_is_refused(double: MediaWikiDouble, prefix: str, words: str) -> None:
    answer = adapter(double, prefix=prefix).post(a_post())
    assert isinstance(answer, Refused)
    assert words in answer.reason
    assert "change the prefix" in answer.reason


def test_a_wiki_that_leaves_its_scheme_to_others_is_read_with_ours(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    double.server = "//wiki.exemple.ca"
    posted = wiki.post(a_post())
    assert isinstance(posted, Posted)
    assert posted.url == f"http://wiki.exemple.ca/index.php/{TITLE}"


def test_a_post_for_later_waits(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    answer = wiki.post(a_post(publish_at=datetime.now(UTC) + timedelta(hours=3)))
    assert isinstance(answer, Retry)
    assert timedelta(hours=2, minutes=59) < answer.after <= timedelta(hours=3)
    assert not double.pages


def test_a_bot_that_may_not_delete_leaves_a_page_that_says_so(double: MediaWikiDouble) -> None:
    wiki = adapter(double, account="Writer")
    posted = wiki.post(a_post())
    assert wiki.withdraw(KEY) == wiki.withdraw(KEY) == Withdrawn()
    assert double.pages[TITLE].text.startswith(MARK)
    assert wiki.lookup(KEY) == Absent()
    assert isinstance(wiki.update(a_post()), Refused)
    assert wiki.post(a_post()) == posted
    assert MARK not in double.pages[TITLE].text


def test_what_somebody_else_deleted_a_moment_before_is_withdrawn(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    wiki.post(a_post())
    double.meanwhile["delete"] = double.pages.clear
    assert wiki.withdraw(KEY) == Withdrawn()


def test_a_page_that_cannot_be_deleted_for_another_reason_is_told(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    wiki.post(a_post())
    double.refusals["delete"] = [Refusal("bigdelete", "Cette page a trop de révisions.")]
    assert wiki.withdraw(KEY) == Refused("the wiki refuses: Cette page a trop de révisions. (bigdelete)")


def test_whoever_was_quicker_keeps_the_page(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    double.meanwhile["edit"] = lambda: double.pages.update({TITLE: Page(id=99, text="Un autre texte.")})
    assert wiki.post(a_post()) == AlreadyThere("99", f"{double.address}/index.php/{TITLE}")


def test_what_the_wiki_refuses_is_said_in_its_words(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    double.refusals["edit"] = [Refusal("permissiondenied")]
    answer = wiki.post(a_post())
    assert isinstance(answer, Refused)
    assert answer.reason.startswith("the wiki refuses: L’action que vous essayez de réaliser")


def test_a_page_that_somebody_moved_is_still_ours(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    posted = wiki.post(a_post())
    assert isinstance(posted, Posted)
    double.move(TITLE, "Signaler un incident")
    moved = wiki.lookup(KEY)
    assert moved == Posted(posted.id, f"{double.address}/index.php/Signaler_un_incident")
    assert wiki.post(a_post()) == AlreadyThere(moved.id, moved.url)
    assert wiki.update(a_post(html="<p>Autre.</p>")) == moved
    assert wiki.withdraw(KEY) == Withdrawn()
    # What is left is a redirect to a page that is no more: it becomes the page.
    assert isinstance(wiki.post(a_post()), Posted)
    assert len(double.posts()) == 1


@pytest.mark.parametrize("code", ["assertuserfailed", "badtoken", "readapidenied"])
def test_a_session_that_is_over_is_begun_again_once(
    double: MediaWikiDouble, wiki: MediaWiki, code: str
) -> None:
    assert wiki.lookup("autre") == Absent()
    double.refusals["edit"] = [Refusal(code)]
    assert isinstance(wiki.post(a_post()), Posted)
    double.refusals["query"] = [Refusal(code)]
    assert isinstance(wiki.lookup(KEY), Posted)


def test_a_wiki_that_forgets_every_session_is_refused_in_the_end(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    assert wiki.lookup("autre") == Absent()
    double.refusals["edit"] = [Refusal("badtoken")] * 2
    answer = wiki.post(a_post())
    assert isinstance(answer, Refused)
    assert "does not accept our credentials: Jeton CSRF non valide. (badtoken)" in answer.reason


def test_sessions_that_a_wiki_lost_are_begun_again(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    wiki.post(a_post())
    double.sessions.clear()
    assert isinstance(wiki.update(a_post(html="<p>Autre.</p>")), Posted)


def test_a_private_wiki_is_read_as_an_account(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    double.private = True
    posted = wiki.post(a_post())
    assert isinstance(posted, Posted)
    assert wiki.lookup(KEY) == posted


def test_a_wiki_that_is_read_only_says_why_and_is_tried_again(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    double.readonly = "Entretien jusqu’à midi"
    answer = wiki.post(a_post())
    assert isinstance(answer, Retry)
    assert "Entretien jusqu’à midi (readonly)" in answer.reason


def test_a_wiki_whose_copies_are_behind_is_given_the_time_that_it_asks_for(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    double.lag = 7
    answer = wiki.post(a_post())
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(seconds=5)
    assert "7 secondes" in answer.reason


@pytest.mark.parametrize("code", ["ratelimited", "editconflict"])
def test_whoever_is_slowed_down_tries_again(double: MediaWikiDouble, wiki: MediaWiki, code: str) -> None:
    double.refusals["edit"] = [Refusal(code, "Trop vite.")]
    assert isinstance(wiki.post(a_post()), Retry)
    assert isinstance(wiki.post(a_post()), Posted)


def test_nobody_knows_what_became_of_an_edit_that_broke_so_it_is_looked_up(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    broken = Refusal("internal_api_error_DBQueryError", "[50e2] boum")
    double.refusals["edit"] = [broken]
    answer = wiki.post(a_post())
    assert isinstance(answer, Retry)
    assert "no post is there yet: [50e2] boum" in answer.reason
    double.refusals["query"] = [broken]
    found = wiki.lookup(KEY)
    assert isinstance(found, Refused)
    assert "the wiki refuses: [50e2] boum" in found.reason


def test_a_password_that_was_wrong_too_often_closes_the_door_for_a_while_only(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    double.throttled = True
    answer = wiki.post(a_post())
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(minutes=5)
    assert "the wiki lets nobody sign in: Vous avez tenté" in answer.reason


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ({"result": "NeedToken", "token": "x"}, Retry, "lets nobody sign in: NeedToken"),
        ({"result": "WrongToken"}, Retry, "lets nobody sign in: WrongToken"),
        ({"result": "Failed", "reason": "Non"}, Refused, "does not accept our credentials: Non"),
        ({"result": "Aborted"}, Refused, "does not accept our credentials: Aborted"),
        ([], Refused, "not that of this platform"),
    ],
)
def test_a_sign_in_without_success_is_told(
    double: MediaWikiDouble,
    wiki: MediaWiki,
    told: Any,  # noqa: ANN401
    kind: type,
    words: str,
) -> None:
    double.results["login"] = [told]
    answer = wiki.post(a_post())
    assert isinstance(answer, kind)
    assert words in f"{answer}"


def test_a_wrong_password_is_not_repeated(double: MediaWikiDouble) -> None:
    answer = adapter(double, password=PASSWORDS["Writer"]).post(a_post())
    assert isinstance(answer, Refused)
    assert "does not accept our credentials: Le nom d’utilisateur" in answer.reason
    assert PASSWORDS["Writer"] not in answer.reason


def test_an_edit_that_has_to_solve_a_riddle_is_refused_with_a_remedy(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    double.results["edit"] = [{"result": "Failure", "captcha": {"type": "math"}}]
    answer = wiki.post(a_post())
    assert isinstance(answer, Refused)
    assert "may the account skip its checks" in answer.reason


def test_an_answer_to_an_edit_that_cannot_be_read_leads_to_a_look_up(
    double: MediaWikiDouble, wiki: MediaWiki
) -> None:
    double.results["edit"] = [{"done": True}]
    answer = wiki.post(a_post())
    assert isinstance(answer, Refused)
    assert "not that of this platform" in answer.reason


def test_an_officer_sees_what_the_wiki_is_given(wiki: MediaWiki) -> None:
    dressed = wiki.dress(a_post(html="<p>Mot [[lien]]</p><script>vole()</script>"))
    assert dressed.media_type == "text/x-wiki"
    assert "Mot &#91;&#91;lien&#93;&#93;" in dressed.content
    assert "vole" not in dressed.content


@pytest.mark.parametrize(
    ("method", "fields", "code"),
    [
        ("POST", {"action": "nonsense"}, "badvalue"),
        ("POST", {"action": "query", "list": "allpages"}, "unrecognizedparams"),
        ("GET", {"action": "edit", "title": "A", "text": "a"}, "mustbeposted"),
        ("POST", {"action": "query", "titles": "A", "assert": "user"}, "assertuserfailed"),
        ("POST", {"action": "query", "titles": "A"}, "readapidenied"),
        ("POST", {"action": "edit", "title": "A", "text": "{{a}}"}, "badtoken"),
    ],
)
def test_the_server_of_these_tests_refuses_what_a_wiki_would_not_take(
    double: MediaWikiDouble, wiki: MediaWiki, method: str, fields: dict[str, str], code: str
) -> None:
    double.private = True
    form: Any = "params" if method == "GET" else "data"
    given: dict[str, Any] = {form: fields}
    told = wiki._session._calls.ask(method, "/api.php", **given)
    assert told.json()["errors"][0]["code"] == code


def test_the_server_of_these_tests_runs_no_markup(double: MediaWikiDouble, wiki: MediaWiki) -> None:
    assert wiki.lookup(KEY) == Absent()
    for fields, code in (
        ({"title": "A", "text": "{{a}}"}, "markup"),
        ({"title": "A", "text": "a", "nocreate": "1"}, "missingtitle"),
        ({"pageid": "7", "text": "a"}, "nosuchpageid"),
    ):
        form = {"action": "edit", "token": wiki._session._token, **fields}
        told = wiki._session._calls.ask("POST", "/api.php", data=form)
        assert told.json()["errors"][0]["code"] == code
    assert not double.pages


def test_an_answer_that_is_no_object_is_refused(double: MediaWikiDouble) -> None:
    with FaultProxy(double.address) as proxy:
        proxy.injected = Reply(status=200, headers={"Content-Type": "application/json"}, body=b"[]")
        wiki = adapter(double, url=f"{proxy.address}/api.php")
        answer = wiki.post(a_post())
        wiki.close()
    assert isinstance(answer, Refused)
    assert "an object was expected, not list" in answer.reason
