"""Simulated employees: seeded habits, and nothing but their own mail and HTTP."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest

from diffuse.demo.inbox import Mail
from diffuse.demo.people import EVENING, HABITS, MORNING, Form, Habit, Reader, readers

ZONE = ZoneInfo("America/Toronto")
NOON = datetime(2027, 1, 4, 17, tzinfo=UTC)
SITE = "https://diffuse.universite.example"
EAGER = Habit(share=1, opens=1, shows_images=1, follows=1, confirms=1, remembers=1)
MAIL = Mail(
    to="ana@universite.example",
    message_id="<1@universite.example>",
    text="Un rappel",
    pixel=f"{SITE}/o/p",
    links=(f"{SITE}/c/1", f"{SITE}/c/2"),
    confirm=f"{SITE}/a/t",
)
ASKING = """
<h1>Un rappel</h1>
<form method="post"><fieldset><legend>Qui  prend
la relève?</legend>
<label><input type="radio" name="answer" value="0"> Personne</label>
<label><input type="radio" name="answer" value="1"> Le <em>substitut</em>
désigné</label>
</fieldset><input type="hidden" name="statement" value="s-1"><input type="text">
<button name="confirm" value="yes">Confirmer</button><button>Autre</button></form>
"""


def at_once(_time: timedelta) -> None:
    """Read without waiting."""


LESSON = "<dl><dt>Votre réponse</dt><dd>Personne</dd><dt>La bonne</dt><dd>Le substitut désigné</dd></dl>"
PLAIN = '<form method="post"><button name="confirm" value="yes">Confirmer</button></form>'
DONE = "<h1>Merci</h1>"


class Site:
    """A tracking service that serves one page and notes what is asked of it."""

    def __init__(self, page: str = PLAIN, after: str = DONE) -> None:
        self.page = page
        self.after = after
        self.asked: list[str] = []
        self.posted: list[dict[str, list[str]]] = []
        self.status = 200
        self.browser = httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if request.method == "POST":
            self.posted.append(parse_qs(request.content.decode()))
            return httpx.Response(self.status, text=self.after)
        if request.url.path.startswith("/c/"):
            return httpx.Response(302, headers={"location": "https://elsewhere.example/"})
        return httpx.Response(self.status, text=self.page)


def reader(habit: Habit = EAGER, seed: int = 1) -> Reader:
    one = Reader("ana@universite.example", ZONE, seed)
    one._habit = habit
    return one


def habit(**changes: float) -> Habit:
    never = {
        "share": 1.0,
        "opens": 0.0,
        "shows_images": 0.0,
        "follows": 0.0,
        "confirms": 0.0,
        "remembers": 0.0,
    }
    return Habit(**{**never, **changes})


def test_a_form_is_read_as_a_browser_would_send_it() -> None:
    form = Form.of(ASKING)
    assert form.fields == [("statement", "s-1"), ("confirm", "yes")]
    assert form.question == "Qui prend la relève?"
    assert form.choices == {"0": "Personne", "1": "Le substitut désigné"}
    assert form.lesson == ""


def test_the_right_answer_is_the_last_that_a_page_defines() -> None:
    assert Form.of(LESSON).lesson == "Le substitut désigné"


@pytest.mark.parametrize("page", ["", DONE, "<label>Sans choix</label>", "<input type=checkbox>"])
def test_a_page_without_a_form_has_nothing_to_send(page: str) -> None:
    form = Form.of(page)
    assert (form.fields, form.choices, form.question, form.lesson) == ([], {}, "", "")


def test_an_eager_reader_shows_the_image_follows_one_link_and_confirms() -> None:
    site = Site()
    reader().read(MAIL, site.browser, at_once)
    assert site.asked[0] == "GET /o/p"
    assert site.asked[1] in {"GET /c/1", "GET /c/2"}
    assert site.asked[2:] == ["GET /a/t", "POST /a/t"]
    assert site.posted == [{"confirm": ["yes"]}]


def test_a_link_is_not_followed_out_of_the_tracking_service() -> None:
    site = Site()
    reader(habit(follows=1)).read(MAIL, site.browser, at_once)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("only", "asked"),
    [
        (habit(shows_images=1), ["GET /o/p"]),
        (habit(confirms=1), ["GET /a/t", "POST /a/t"]),
        (habit(), []),
    ],
)
def test_a_reader_does_what_the_habit_has(only: Habit, asked: list[str]) -> None:
    site = Site()
    reader(only).read(MAIL, site.browser, at_once)
    assert site.asked == asked


def test_a_message_without_image_links_or_page_is_just_read() -> None:
    site = Site()
    bare = Mail(to=MAIL.to, message_id=MAIL.message_id, text="", pixel="", links=(), confirm="")
    reader().read(bare, site.browser, at_once)
    assert site.asked == []


def test_a_page_that_asks_for_nothing_is_not_confirmed() -> None:
    site = Site(page=DONE)
    reader(habit(confirms=1)).read(MAIL, site.browser, at_once)
    assert site.asked == ["GET /a/t"]


@pytest.mark.parametrize("what", ["shows_images", "confirms"])
def test_a_tracking_service_that_fails_is_not_passed_over(what: str) -> None:
    site = Site()
    site.status = 500
    with pytest.raises(httpx.HTTPStatusError):
        reader(habit(**{what: 1.0})).read(MAIL, site.browser, at_once)


def test_what_a_page_taught_is_answered_the_next_time() -> None:
    site = Site(page=ASKING, after=LESSON)
    ana = reader(habit(confirms=1, remembers=1))
    for _ in range(10):
        ana.read(MAIL, site.browser, at_once)
    assert site.posted[0]["statement"] == ["s-1"]
    assert {given["answer"][0] for given in site.posted[1:]} == {"1"}


def test_who_remembers_nothing_goes_on_guessing() -> None:
    site = Site(page=ASKING, after=LESSON)
    ana = reader(habit(confirms=1))
    for _ in range(20):
        ana.read(MAIL, site.browser, at_once)
    assert {given["answer"][0] for given in site.posted} == {"0", "1"}


def test_a_lesson_that_is_no_answer_any_more_leads_to_a_guess() -> None:
    site = Site(page=ASKING, after="<dd>Autre chose</dd>")
    ana = reader(habit(confirms=1, remembers=1))
    for _ in range(20):
        ana.read(MAIL, site.browser, at_once)
    assert {given["answer"][0] for given in site.posted} == {"0", "1"}


def test_the_same_seed_and_address_behave_the_same_way() -> None:
    def times(seed: int) -> list[datetime | None]:
        one = Reader("ana@universite.example", ZONE, seed)
        return [one.opens_at(NOON) for _ in range(50)]

    assert times(1) == times(1)
    assert len({tuple(times(seed)) for seed in range(10)}) > 1


def test_who_never_opens_has_no_time_of_opening() -> None:
    assert reader(habit()).opens_at(NOON) is None


def test_mail_is_opened_after_it_came_by_day_and_half_of_it_within_two_hours() -> None:
    ana = reader(habit(opens=1))
    waits = []
    for _ in range(500):
        at = ana.opens_at(NOON)
        assert at is not None
        assert at > NOON
        assert MORNING <= at.astimezone(ZONE).hour < EVENING
        waits.append(at - NOON)
    assert 0.4 < sum(wait <= timedelta(hours=2) for wait in waits) / len(waits) < 0.6


def test_habits_are_shared_out_over_everybody() -> None:
    assert sum(each.share for each in HABITS) == pytest.approx(1)

    def everybody() -> Iterable[tuple[str, ZoneInfo]]:
        return ((f"e{number}@universite.example", ZONE) for number in range(1000))

    people = readers(iter(everybody()), 7)
    assert list(people) == [address for address, _ in everybody()]
    drawn = Counter(one._habit for one in people.values())
    for each in HABITS:
        assert drawn[each] / 1000 == pytest.approx(each.share, abs=0.05)
