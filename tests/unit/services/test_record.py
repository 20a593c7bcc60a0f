"""Recording what comes back: events, answers and acknowledgements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement, Response
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Baked, Excerpt, Wording
from diffuse.domain.policy import Answer, KeyPoint, Policy, Question, Text, Variant
from diffuse.domain.remark import LONGEST, MOST, Remark
from diffuse.domain.tracking import Tracking
from diffuse.domain.verdicts import UNTOLD, Hit, Verdict, Visit, What
from diffuse.domain.versions import Revision
from diffuse.errors import TransientFailure
from diffuse.ports import Doubted, Links, Published, Rejudged, Shown
from diffuse.services.record import (
    DWELL,
    FEW,
    LASTS,
    SOME,
    Asked,
    Given,
    NoSuchAnswer,
    NotOurForm,
    NotOurs,
    Record,
    Unfit,
)
from diffuse.testing import FrozenClock

NOW = datetime(2027, 1, 12, 14, 42, tzinfo=UTC)
READS = timedelta(seconds=20)
LATE_EVENING_IN_QUEBEC = datetime(2027, 1, 13, 3, 30, tzinfo=UTC)

QUESTION = Question(
    asks=ByLanguage(fr="Qui répond la fin de semaine?", en="Who answers on weekends?"),
    answers=(
        Answer(
            says=ByLanguage(fr="Personne", en="Nobody"),
            feedback=ByLanguage(fr="Un compte n’est jamais seul.", en="An account is never alone."),
        ),
        Answer(
            says=ByLanguage(fr="Le substitut", en="The substitute"),
            feedback=ByLanguage(fr="Le substitut prend la relève.", en="The substitute takes over."),
            right=True,
        ),
    ),
)


def key_point(name: str, *, acknowledge: bool, question: Question | None = None) -> KeyPoint:
    texts = ByLanguage(
        fr=Text(subject="Un substitut pour chaque compte", body="Nommez un substitut."),
        en=Text(subject="A substitute for each account", body="Name a substitute."),
    )
    return KeyPoint(
        id=name,
        says=ByLanguage(fr="Chaque compte a un substitut.", en="Each account has a substitute."),
        variants=(Variant(register="advice", texts=texts),),
        acknowledge=acknowledge,
        question=question,
    )


CAMPAIGN = Campaign(
    id="social-media",
    title=ByLanguage(fr="Médias sociaux", en="Social media"),
    owner="Camille Roy <camille.roy@universite.example>",
    starts=date(2027, 1, 4),
    languages=("fr", "en"),
    policies=(
        Policy(
            id="succession",
            title=ByLanguage(fr="Relève", en="Succession"),
            version="2.1",
            link=ByLanguage("https://universite.example/releve"),
            key_points=(
                key_point("substitute", acknowledge=True, question=QUESTION),
                key_point("quiz", acknowledge=False, question=QUESTION),
                key_point("plain", acknowledge=True),
                key_point("notice", acknowledge=False),
            ),
        ),
    ),
)
LINKS = ("https://universite.example/releve", "https://universite.example/aide?a=1&b=2")


class MemoryHits:
    """Keeps what comes back as the ledger does: the first of each kind stands."""

    def __init__(self, *deliveries: Shown) -> None:
        self.deliveries = {shown.id: shown for shown in deliveries}
        self.counts: list[tuple[str, str, Kind]] = []
        self.events: list[tuple[Event, date]] = []
        self.acknowledgements: list[tuple[Acknowledgement, date]] = []
        self.written: list[tuple[Remark, date]] = []
        self.hits: list[Hit] = []
        self.away = False
        self.kept: list[int] = []
        self.judged: list[int] = []

    def shown(self, delivery: int) -> Shown | None:
        if self.away:
            raise TransientFailure("the database cannot be reached")
        return self.deliveries.get(delivery)

    def shown_many(self, deliveries: Collection[int]) -> Mapping[int, Shown]:
        return {number: shown for number in deliveries if (shown := self.shown(number))}

    def record_many(
        self, hits: Sequence[Hit], counted: Sequence[tuple[Shown, Kind]] = ()
    ) -> Sequence[Verdict | None]:
        """Take every hit for a person's."""
        self.hits += hits
        self.counts += [(shown.key_point, shown.week, kind) for shown, kind in counted]
        kinds = {What.OPEN: Kind.OPENED, What.CLICK: Kind.CLICKED}
        for hit in hits:
            if kind := kinds.get(hit.what):
                self.record(Event(delivery=hit.delivery, kind=kind, at=hit.at, detail=hit.detail), hit.day)
        return [Verdict.HUMAN] * len(hits)

    def keep_many(self, hits: Sequence[Hit], counted: Sequence[tuple[Shown, Kind]] = ()) -> None:
        self.kept.append(len(hits))
        self.record_many(hits, counted)

    def judge_kept(self, limit: int) -> int:
        self.judged.append(limit)
        return min(limit, sum(self.kept) - sum(self.judged[:-1]))

    def doubted(self) -> Sequence[Doubted]:
        raise NotImplementedError

    def rejudge(self, campaign: str, after: int, limit: int) -> Rejudged | None:
        raise NotImplementedError

    def record(self, event: Event, reached_on: date, by: str = "link") -> None:
        self.events.append((event, reached_on))
        shown = self.deliveries[event.delivery]
        if event.kind == Kind.ANSWERED and shown.answer is None:
            self.deliveries[shown.id] = replace(shown, answer=int(event.detail.split(":")[0]))

    def remark(self, remark: Remark, reached_on: date, by: str = "link") -> None:
        self.written.append((remark, reached_on))

    def remarks(self, delivery: int) -> Sequence[Remark]:
        return [remark for remark, _ in self.written if remark.delivery == delivery]

    def acknowledge(
        self, acknowledgement: Acknowledgement, reached_on: date, by: str = "link", *, reason: str = ""
    ) -> bool:
        shown = self.deliveries[acknowledgement.delivery]
        if shown.acknowledged_at is not None:
            return False
        self.acknowledgements.append((acknowledgement, reached_on))
        self.deliveries[shown.id] = replace(shown, acknowledged_at=acknowledgement.at)
        return True


class OnePublication:
    """Holds a single published campaign whose wordings are nothing but links."""

    def __init__(self, campaign: Campaign) -> None:
        self.published = Published(id=1, digest="0" * 64, campaign=campaign, published_at=NOW)

    def publish(
        self,
        campaign: Campaign,
        wordings: Mapping[Wording, Baked],
        at: datetime,
        revisions: Sequence[Revision] = (),
    ) -> Published:
        raise NotImplementedError

    def earlier(self, campaign: str) -> Sequence[Published]:
        raise NotImplementedError

    def running(self) -> Sequence[Published]:
        return (self.published,)

    def get(self, publication: int) -> Published:
        return {1: self.published}[publication]

    def wording(self, publication: int, wording: Wording) -> Baked:
        _, point = self.get(publication).campaign.key_point(wording.key_point)
        text = point.variants[0].texts[wording.language]
        excerpt = Excerpt(subject=text.subject, body=f"<p>{text.body}</p>", action=text.action)
        return Baked(language=wording.language, subject=(), html=(), text=(), links=LINKS, excerpt=excerpt)


class OpenSigner:
    """Writes tokens that anybody can read: ``click 7 1`` is the second link of delivery 7."""

    def message_id(self, campaign: str, key_point: str, touch: int, employee: str) -> str:
        raise NotImplementedError

    def address(self, purpose: str, delivery: int, number: int = 0) -> str:
        return f"{purpose} {delivery} {number}"

    def stamp(self, shown: str, at: datetime) -> str:
        return f"{at.isoformat()}|{shown}"

    def stamped_at(self, shown: str, stamp: str) -> datetime | None:
        at, _, said = stamp.partition("|")
        return datetime.fromisoformat(at) if said == shown else None

    def resembling(self, token: str) -> int | None:
        number = token.split(" ")[1:2]
        return int(number[0]) if number and number[0].isdigit() else None

    def read(self, purpose: str, token: str) -> Links | None:
        made_for, _, rest = token.partition(" ")
        if made_for != purpose:
            return None
        delivery, number = rest.split(" ")
        return Links(delivery=int(delivery), number=int(number))


def delivery(**changes: object) -> Shown:
    shown = Shown(
        id=7,
        publication=1,
        key_point="substitute",
        variant="advice",
        language="fr",
        employee="e-1042",
        time_zone="America/Toronto",
        acknowledged_at=None,
        answer=None,
    )
    return replace(shown, **changes)  # type: ignore[arg-type]


@dataclass
class Desk:
    """A record service with everything that it talks to."""

    hits: MemoryHits
    publications: OnePublication
    clock: FrozenClock
    record: Record

    def press(self, answer: int | None = None, *, reads: timedelta = READS, **given: Any) -> None:  # noqa: ANN401 -- whatever a form holds
        """Open the page of delivery 7 some time ago, and press its button now."""
        token, now = "acknowledge 7 0", self.clock.now()
        self.clock.set(now - reads)
        page = self.record.page(token)
        stamp = self.record.stamp(token, page)
        self.clock.set(now)
        response = given.pop("response", Response.ACKNOWLEDGE)
        self.record.respond(token, Given(**{"form": stamp, "response": response, "answer": answer, **given}))


def desk(*deliveries: Shown, at: datetime = NOW) -> Desk:
    hits, publications = MemoryHits(*deliveries), OnePublication(CAMPAIGN)
    clock = FrozenClock(at)
    record = Record(hits=hits, publications=publications, clock=clock, signer=OpenSigner())
    return Desk(hits=hits, publications=publications, clock=clock, record=record)


def kinds(hits: MemoryHits) -> list[tuple[str, str]]:
    return [(event.kind.value, event.detail) for event, _ in hits.events]


def test_an_open_is_recorded_without_detail_each_time() -> None:
    it = desk(delivery())
    it.record.opened("open 7 0")
    it.record.opened("open 7 0")
    assert kinds(it.hits) == [("opened", ""), ("opened", "")]
    assert it.hits.events[0][0].at == NOW


def test_an_event_reaches_the_employee_on_the_local_day() -> None:
    it = desk(delivery(), delivery(id=8, time_zone="Europe/Paris"), at=LATE_EVENING_IN_QUEBEC)
    it.record.opened("open 7 0")
    it.record.opened("open 8 0")
    it.press(1)
    assert [day for _, day in it.hits.events] == [date(2027, 1, 12), date(2027, 1, 13), date(2027, 1, 12)]
    assert it.hits.acknowledgements[0][1] == date(2027, 1, 12)


def test_a_click_is_recorded_with_its_destination_and_leads_there() -> None:
    it = desk(delivery())
    assert it.record.clicked("click 7 1") == LINKS[1]
    assert kinds(it.hits) == [("clicked", LINKS[1])]


def test_a_hit_says_who_asked_on_which_day_and_how_many_links_there_are() -> None:
    it = desk(delivery(), at=LATE_EVENING_IN_QUEBEC)
    visit = Visit(agent="curl/8", prefetch="preview", network="203.0.113.0/24", method="HEAD")
    it.record.clicked("click 7 1", visit)
    (hit,) = it.hits.hits
    assert (hit.what, hit.number, hit.links, hit.detail) == (What.CLICK, 1, 3, LINKS[1])
    assert (hit.at, hit.day) == (LATE_EVENING_IN_QUEBEC, date(2027, 1, 12))
    assert Visit(agent=hit.agent, prefetch=hit.prefetch, network=hit.network, method=hit.method) == visit


def test_a_page_that_is_shown_and_a_form_that_is_sent_are_hits_without_an_event() -> None:
    it = desk(delivery())
    it.record.visited("acknowledge 7 0", Visit())
    assert it.hits.events == []
    it.press(1)
    assert [hit.what for hit in it.hits.hits] == [What.PAGE, What.FORM]


@pytest.mark.parametrize(("name", "links"), [("substitute", 3), ("notice", 2), ("quiz", 3)])
def test_the_page_is_one_of_the_links_of_a_message_that_asks_for_something(name: str, links: int) -> None:
    it = desk(delivery(key_point=name))
    it.record.clicked("click 7 1", Visit())
    assert [hit.links for hit in it.hits.hits] == [links]


def test_the_hidden_link_is_noted_and_leads_nowhere() -> None:
    it = desk(delivery())
    with pytest.raises(NotOurs):
        it.record.lured("decoy 7 0", Visit())
    with pytest.raises(NotOurs):
        it.record.lured("open 7 0", Visit())
    assert [hit.what for hit in it.hits.hits] == [What.DECOY, What.MUTATED]


def test_a_link_that_is_almost_ours_is_noted_and_refused_in_the_same_words() -> None:
    it = desk(delivery())
    for token in ("open 7 0", "broken 7 0", "broken 99 0", "nonsense"):
        with pytest.raises(NotOurs) as refused:
            it.record.clicked(token, Visit())
        assert str(refused.value) == str(NotOurs())
    assert [(hit.what, hit.delivery) for hit in it.hits.hits] == [(What.MUTATED, 7)] * 2


def test_a_link_that_is_almost_ours_is_refused_alike_while_the_database_is_away() -> None:
    it = desk(delivery())
    it.hits.away = True
    with pytest.raises(NotOurs):
        it.record.opened("broken 7 0", Visit())


@pytest.mark.parametrize(
    "token",
    ["open 7 0", "acknowledge 7 0", "click 7 2", "click 99 0", "nonsense", ""],
    ids=lambda t: t or "empty",
)
def test_a_click_that_leads_nowhere_is_refused_in_the_same_words_whatever_the_reason(token: str) -> None:
    it = desk(delivery())
    with pytest.raises(NotOurs) as refused:
        it.record.clicked(token)
    assert str(refused.value) == str(NotOurs())
    assert it.hits.events == []


@pytest.mark.parametrize("verb", ["opened", "page"])
@pytest.mark.parametrize("token", ["click 7 0", "open 99 0", "acknowledge 99 0", "nonsense"])
def test_a_token_of_another_purpose_or_delivery_leads_nowhere(verb: str, token: str) -> None:
    it = desk(delivery())
    with pytest.raises(NotOurs):
        getattr(it.record, verb)(token)
    assert not it.hits.events
    assert not it.hits.acknowledgements


def test_the_page_shows_the_message_in_its_language_and_records_nothing() -> None:
    it = desk(delivery(language="en"))
    page = it.record.page("acknowledge 7 0")
    assert (page.campaign, page.policy, page.version) == ("Social media", "Succession", "2.1")
    assert (page.subject, page.body) == ("A substitute for each account", "<p>Name a substitute.</p>")
    assert page.link == "https://universite.example/releve"
    assert page.question is not None
    assert page.question.answers == ("Nobody", "The substitute")
    assert page.statement == (
        "I have read and understood this message: “Each account has a substitute” (Succession, version 2.1)."
    )
    assert page.can_answer
    assert page.can_acknowledge
    assert not it.hits.events
    assert not it.hits.acknowledgements


def test_an_acknowledgement_keeps_the_version_and_the_exact_words_shown() -> None:
    it = desk(delivery())
    shown = it.record.page("acknowledge 7 0").statement
    it.press(1)
    assert [kept for kept, _ in it.hits.acknowledgements] == [
        Acknowledgement(
            delivery=7,
            policy="succession",
            version="2.1",
            language="fr",
            statement=shown,
            at=NOW,
            dwell=20_000,
        )
    ]
    assert "message\u00a0: «\u00a0Chaque compte a un substitut\u00a0»" in shown


def test_a_second_acknowledgement_keeps_the_first_time() -> None:
    it = desk(delivery())
    it.press(1)
    it.clock.advance(timedelta(days=1))
    it.press(1)
    at = it.record.page("acknowledge 7 0").acknowledged_at
    assert len(it.hits.acknowledgements) == 1
    assert at is not None
    assert at.isoformat() == "2027-01-12T09:42:00-05:00"


@pytest.mark.parametrize(("number", "detail"), [(0, "0:wrong"), (1, "1:right")])
def test_an_answer_is_recorded_with_whether_it_was_right(number: int, detail: str) -> None:
    it = desk(delivery())
    it.press(number)
    assert kinds(it.hits) == [("answered", detail)]
    assert len(it.hits.acknowledgements) == 1


def test_the_first_answer_stands_and_the_page_gives_its_feedback() -> None:
    it = desk(delivery())
    it.press(0)
    it.press(1)
    chosen = it.record.page("acknowledge 7 0").chosen
    assert kinds(it.hits) == [("answered", "0:wrong")]
    assert chosen is not None
    assert (chosen.says, chosen.right, chosen.right_answer) == ("Personne", False, "Le substitut")
    assert chosen.feedback == "Un compte n’est jamais seul."


def test_a_key_point_that_only_asks_is_answered_and_never_acknowledged() -> None:
    it = desk(delivery(key_point="quiz"))
    it.press(1)
    page = it.record.page("acknowledge 7 0")
    assert kinds(it.hits) == [("answered", "1:right")]
    assert it.hits.acknowledgements == []
    assert (page.statement, page.can_acknowledge, page.can_answer) == ("", False, False)


@pytest.mark.parametrize(
    ("point", "answer"), [("substitute", 2), ("substitute", -1), ("plain", 0), ("notice", 0)]
)
def test_an_answer_that_was_not_offered_is_refused_and_nothing_is_recorded(point: str, answer: int) -> None:
    it = desk(delivery(key_point=point))
    with pytest.raises(NoSuchAnswer, match=r"choose one that the page shows"):
        it.press(answer)
    assert not it.hits.events
    assert not it.hits.acknowledgements


def test_whoever_answers_for_nobody_gets_no_form_recorded() -> None:
    it = desk(delivery())
    with pytest.raises(NotOurForm):
        it.press(1, form=f"{NOW.isoformat()}|another page")
    with pytest.raises(NotOurs):
        it.record.respond("acknowledge 99 0", Given(form="", response=Response.ACKNOWLEDGE))
    assert not it.hits.events
    assert not it.hits.acknowledgements


@pytest.mark.parametrize(
    ("why", "given"),
    [
        ("early", {"reads": DWELL - timedelta(milliseconds=1)}),
        ("early", {"reads": timedelta(seconds=-5)}),
        ("late", {"reads": LASTS + timedelta(seconds=1)}),
        ("choose", {"response": None}),
        ("answer", {"answer": None}),
        ("long", {"response": Response.QUESTION, "text": "é" * (LONGEST + 1)}),
    ],
)
def test_a_form_that_does_not_fit_records_nothing_and_says_why(why: str, given: dict[str, Any]) -> None:
    it = desk(delivery())
    with pytest.raises(Unfit) as refused:
        it.press(**{"answer": 1, **given})
    assert refused.value.why == why
    assert [it.hits.events, it.hits.acknowledgements, it.hits.written] == [[], [], []]


@pytest.mark.parametrize("reads", [DWELL, LASTS])
def test_a_form_counts_from_two_seconds_to_seven_days_after_its_page(reads: timedelta) -> None:
    it = desk(delivery())
    it.press(1, reads=reads)
    assert it.hits.acknowledgements[0][0].dwell == reads // timedelta(milliseconds=1)


def test_a_question_is_kept_with_its_words_and_confirms_nothing() -> None:
    it = desk(delivery(language="en"))
    it.press(response=Response.QUESTION, text="Who is my substitute?")
    ((remark, day),) = it.hits.written
    assert (remark.response, remark.text, day) == ("question", "Who is my substitute?", date(2027, 1, 12))
    assert remark.statement.startswith(
        "I have a question about this message: “Each account has a substitute”"
    )
    assert not it.hits.acknowledgements
    page = it.record.page("acknowledge 7 0")
    assert page.can_acknowledge
    assert [one.text for one in page.remarks] == ["Who is my substitute?"]


def test_a_disagreement_can_be_followed_by_a_confirmation() -> None:
    it = desk(delivery())
    it.press(response=Response.DISAGREE)
    it.press(1)
    assert [one.response for one, _ in it.hits.written] == ["disagree"]
    assert len(it.hits.acknowledgements) == 1


def test_only_so_many_remarks_are_taken_about_one_message() -> None:
    it = desk(delivery())
    for number in range(MOST):
        it.press(response=Response.QUESTION, text=f"{number}")
    with pytest.raises(Unfit, match="many"):
        it.press(response=Response.QUESTION, text="again")
    assert len(it.hits.written) == MOST


def test_a_message_measured_without_a_name_counts_hits_and_keeps_none() -> None:
    tracking = Tracking(opens="aggregate", clicks="aggregate")
    it = desk(delivery(week="2027-W02", tracking=tracking))
    it.record.opened("open 7 0")
    assert it.record.clicked("click 7 0") == LINKS[0]
    assert it.hits.events == []
    assert it.hits.counts == [
        ("substitute", "2027-W02", Kind.OPENED),
        ("substitute", "2027-W02", Kind.CLICKED),
    ]


def test_of_a_message_that_is_not_measured_nothing_is_kept_and_its_links_work() -> None:
    it = desk(delivery(tracking=Tracking(opens="off", clicks="off")))
    it.record.opened("open 7 0")
    assert it.record.clicked("click 7 0") == LINKS[0]
    assert (it.hits.events, it.hits.counts) == ([], [])


def test_answers_and_acknowledgements_are_kept_however_little_is_measured() -> None:
    it = desk(delivery(tracking=Tracking(opens="off", clicks="off")))
    it.press(1)
    assert [event.kind for event, _ in it.hits.events] == [Kind.ANSWERED]
    assert len(it.hits.acknowledgements) == 1


def asked(it: Desk, *tokens: str, what: What = What.OPEN) -> list[Asked]:
    return [it.record.asked(what, token, UNTOLD) for token in tokens]


def test_a_group_is_answered_one_by_one_and_what_leads_nowhere_harms_no_other() -> None:
    it = desk(delivery())
    group = [*asked(it, "click 7 1", "click 7 9", "click 8 0", "open 7 0", what=What.CLICK)]
    good, no_link, no_delivery, mutated = it.record.take(group)
    assert good == LINKS[1]
    assert all(isinstance(one, NotOurs) for one in (no_link, no_delivery, mutated))
    assert [hit.what for hit in it.hits.hits] == [What.CLICK, What.MUTATED]
    assert it.hits.kept == []


def test_what_does_not_even_resemble_ours_is_never_asked_for() -> None:
    with pytest.raises(NotOurs):
        desk(delivery()).record.asked(What.OPEN, "nowhere", UNTOLD)


def test_of_many_that_come_at_once_the_verdicts_are_put_off() -> None:
    it = desk(delivery())
    it.record.take(asked(it, *["open 7 0"] * FEW))
    assert it.hits.kept == []
    it.record.take(asked(it, *["open 7 0"] * (SOME + FEW)))
    assert it.hits.kept == [SOME + FEW]
    assert [it.record.catch_up() for _ in range(3)] == [True, False, False]
    assert it.hits.judged == [SOME, SOME]


def test_what_another_process_left_is_judged_too_and_once() -> None:
    it = desk(delivery())
    assert (it.record.catch_up(), it.record.catch_up()) == (False, False)
    assert it.hits.judged == [SOME]
    it.hits.kept = [2 * SOME]
    it.hits.judged = []
    it.record.judge_all()
    assert it.hits.judged == [SOME, SOME, SOME]


def test_a_database_that_is_away_tells_nothing_about_links_that_only_resemble_ours() -> None:
    it = desk(delivery())
    it.hits.away = True
    with pytest.raises(NotOurs):
        it.record.opened("click 7 0")
    with pytest.raises(TransientFailure):
        it.record.opened("open 7 0")
