"""Meet: an employee comes from a post; what they see, and what is kept of that."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import counted, delivery
from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.evidence import Acknowledgement, Response
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Audience
from diffuse.domain.policy import MATERIAL, Answer, PolicyChange, Question
from diffuse.domain.post import Refused, Unsure
from diffuse.domain.tracking import AGGREGATE, NAMED, OFF, Tracking
from diffuse.services.record import Given, NoSuchAnswer, NotOurForm, NotOurs, Unfit
from tests.unit.services.given import DAY, EARLY, LATE, Office, campaign, key_point, person
from tests.unit.services.reading import acknowledge, deliveries, meet, token_of, visit, who

NINE = EARLY + timedelta(hours=1)
SECONDS = timedelta(seconds=10)
QUESTION = Question(
    asks=ByLanguage("Qui?"),
    answers=(
        Answer(says=ByLanguage("Moi"), feedback=ByLanguage("Oui."), right=True),
        Answer(says=ByLanguage("Personne"), feedback=ByLanguage("Non.")),
    ),
)


def posts(*points: Any, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    return campaign(*points, **{"channels": ("wordpress",), "languages": ("fr",)} | changes)


def office(one: Campaign | None = None, **changes: Any) -> Office:  # noqa: ANN401 -- any field
    here = Office(person("ana"), person("bob"), **{"at": NINE} | changes)
    here.launch(one or posts())
    here.announce.run()
    return here


def again(**changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    """The same campaign with other words, and a policy that has changed materially."""
    point = replace(key_point("other-words"), id="pause")
    change = PolicyChange(kind=MATERIAL, reason="It says more.")
    return posts(point, version="2", change=change, **changes)


# --- what begins


def test_an_employee_who_comes_begins_one_delivery_on_the_channel_of_the_post() -> None:
    here = office()
    first, second = visit(here, "ana"), visit(here, "ana")
    (row,) = deliveries(here, "ana")
    assert (first.delivery, second.delivery) == (row["id"], row["id"])
    assert (row["channel"], row["state"], row["touch"], row["step"]) == ("wordpress", "sent", 0, 0)
    assert (row["post"], row["publication"], row["sent_at"], row["raw_opens"]) == (1, 1, NINE, 1)
    assert deliveries(here, "bob") == []
    assert (first.name, first.is_for, first.page.can_acknowledge) == ("Ana Roy", True, True)


def test_what_began_is_on_the_day_of_whoever_came() -> None:
    here = office()
    here.directory.save([person("ana", time_zone="Pacific/Kiritimati")])
    visit(here, "ana")
    (row,) = deliveries(here, "ana")
    assert row["due_on"] == NINE.date() + DAY


def test_an_acknowledgement_is_kept_with_the_words_that_were_shown_and_how_they_were_known() -> None:
    here = office()
    acknowledge(here, "ana")
    (row,) = deliveries(here, "ana")
    assert row["acknowledged_at"] == NINE + SECONDS
    shown = visit(here, "ana")
    assert (shown.page.can_acknowledge, shown.delivery) == (False, row["id"])


def test_acknowledging_twice_changes_nothing() -> None:
    here = office()
    met = visit(here, "ana")
    here.clock.advance(SECONDS)
    for _ in range(2):
        meet(here).respond(token_of(here), who("ana"), Given(form=met.stamp, response=Response.ACKNOWLEDGE))
        here.clock.advance(SECONDS)
    (row,) = deliveries(here, "ana")
    assert row["acknowledged_at"] == NINE + SECONDS


# --- what is measured


@pytest.mark.parametrize(("opens", "kept", "sums"), [(NAMED, 1, 0), (AGGREGATE, 0, 1), (OFF, 0, 0)])
@pytest.mark.parametrize("says", ["campaign", "house", "directory"])
def test_whether_a_visit_is_kept_is_what_everybody_concerned_allows(
    opens: str, kept: int, sums: int, says: str
) -> None:
    tracking = Tracking(opens=opens)
    here = office(posts(tracking=tracking) if says == "campaign" else None)
    if says == "house":
        here.house.publish(Attention(tracking=tracking), NINE)
    if says == "directory":
        here.directory.save([person("ana", tracking=opens)])
    met = visit(here, "ana")
    assert (len(deliveries(here, "ana")), met.delivery > 0) == (kept, kept == 1)
    assert _counted(here) == sums


def _counted(here: Office) -> int:
    with reading(here.engine) as connection:
        return connection.scalar(select(func.coalesce(func.sum(counted.c.hits), 0))) or 0


def test_an_acknowledgement_is_always_kept_by_name() -> None:
    here = office(posts(tracking=Tracking(opens=OFF, clicks=OFF)))
    acknowledge(here, "ana")
    (row,) = deliveries(here, "ana")
    assert (row["acknowledged_at"], row["opened_at"], row["opens"]) == (NINE + SECONDS, None, OFF)


@pytest.mark.parametrize("opens", [AGGREGATE, OFF])
def test_a_form_that_cannot_be_recorded_keeps_no_visit(opens: str) -> None:
    here = office(posts(key_point("pause", question=QUESTION), tracking=Tracking(opens=opens)))
    met = visit(here, "ana")
    for given, refusal in (
        (Given(form=met.stamp, response=Response.ACKNOWLEDGE, answer=0), Unfit),
        (Given(form="made up", response=Response.ACKNOWLEDGE, answer=0), NotOurForm),
    ):
        with pytest.raises(refusal):
            meet(here).respond(token_of(here), who("ana"), given)
    here.clock.advance(SECONDS)
    for unfit, why in (
        (Given(form=met.stamp), Unfit),
        (Given(form=met.stamp, response=Response.ACKNOWLEDGE, answer=7), NoSuchAnswer),
        (Given(form=met.stamp, response=Response.ACKNOWLEDGE, answer=-1), NoSuchAnswer),
    ):
        with pytest.raises(why):
            meet(here).respond(token_of(here), who("ana"), unfit)
    assert deliveries(here, "ana") == []


# --- for whom


def test_whoever_a_post_is_not_meant_for_is_shown_it_asked_nothing_and_not_kept() -> None:
    board = Audience(id="board", roles=("board",))
    here = office(posts(key_point("pause", audience="board", question=QUESTION), audiences=(board,)))
    met = visit(here, "ana")
    assert (met.is_for, met.delivery, met.page.acknowledge, met.page.question) == (False, 0, False, None)
    here.clock.advance(SECONDS)
    with pytest.raises(NotOurs):
        meet(here).respond(token_of(here), who("ana"), Given(form=met.stamp, response=Response.ACKNOWLEDGE))
    assert deliveries(here, "ana") == []
    here.directory.save([person("ana", roles=("board",))])
    assert visit(here, "ana").is_for


def test_nobody_whom_the_directory_does_not_know_is_shown_anything() -> None:
    here = office()
    with pytest.raises(NotOurs):
        visit(here, "eve")


@pytest.mark.parametrize("purpose", ["acknowledge", "open", "click", "mine"])
def test_no_other_link_leads_to_a_post_nor_does_that_of_a_post_lead_elsewhere(purpose: str) -> None:
    here = office()
    visit(here, "ana")
    other = here.signer.address(purpose, 1).rpartition("/")[2]
    with pytest.raises(NotOurs):
        meet(here).about(other)
    assert here.signer.read(purpose, token_of(here)) is None


def test_a_form_is_shown_for_one_employee_alone() -> None:
    here = office()
    met = visit(here, "ana")
    here.clock.advance(SECONDS)
    with pytest.raises(NotOurForm):
        meet(here).respond(token_of(here), who("bob"), Given(form=met.stamp, response=Response.ACKNOWLEDGE))
    assert deliveries(here, "bob") == []


# --- which posts


def test_a_link_leads_nowhere_before_its_post_is_published_and_after_it_was_withdrawn() -> None:
    here = office(at=EARLY)
    with pytest.raises(NotOurs):
        visit(here, "ana")
    here.clock.set(NINE)
    here.announce.run()
    assert visit(here, "ana").is_for
    here.control.cancel("social-media", "wrong", NINE)
    here.announce.run()
    with pytest.raises(NotOurs):
        visit(here, "ana")


def test_a_post_of_which_nobody_knows_whether_it_is_there_can_be_answered_by_whoever_sees_it() -> None:
    here = Office(person("ana"), at=NINE)
    here.launch(posts())
    here.platforms["wordpress"].answers = [Unsure("no answer came")]
    here.announce.run()
    acknowledge(here, "ana")
    assert deliveries(here, "ana")[0]["acknowledged_at"] is not None


def test_a_post_that_failed_cannot() -> None:
    here = Office(person("ana"), at=NINE)
    here.launch(posts())
    here.platforms["wordpress"].answers = [Refused("403")]
    here.announce.run()
    with pytest.raises(NotOurs):
        visit(here, "ana")


def test_anybody_with_the_link_learns_which_text_it_is_about_and_no_more() -> None:
    about = meet(here := office()).about(token_of(here))
    assert (about.language, about.campaign, about.policy, about.subject) == (
        "fr",
        "Médias sociaux",
        "Conduite",
        "Un rappel",
    )


# --- other words


def test_after_a_material_change_whoever_comes_is_asked_again_in_a_new_delivery() -> None:
    here = office()
    acknowledge(here, "ana")
    here.launch(again())
    assert not visit(here, "ana").page.can_acknowledge  # the post still says what they acknowledged
    here.announce.run()
    assert visit(here, "ana").page.can_acknowledge
    acknowledge(here, "ana")
    first, second = deliveries(here, "ana")
    assert (first["publication"], second["publication"], second["touch"]) == (1, 2, 1)
    assert (first["post"], second["post"]) == (1, 1)
    assert not visit(here, "ana").page.can_acknowledge


def test_after_another_change_what_was_acknowledged_stays_so() -> None:
    here = office()
    acknowledge(here, "ana")
    here.launch(posts(replace(key_point("other-words"), id="pause")))
    here.announce.run()
    assert not visit(here, "ana").page.can_acknowledge
    assert len(deliveries(here, "ana")) == 1


def test_a_pair_that_begins_again_does_so_on_its_first_step() -> None:
    here = Office(person("ana"))
    both = {"channels": ("email", "wordpress")}
    here.launch(posts(**both))
    for _ in range(5):  # the first message and, once it is reached, the second
        here.day()
        for row in here.rows():
            here.acknowledge(row)
    acknowledge(here, "ana")
    assert [row["step"] for row in deliveries(here, "ana")][-1] >= 1
    here.launch(again(**both))
    here.clock.advance(2 * DAY + timedelta(hours=2))  # Monday
    here.announce.run()
    visit(here, "ana")
    newest = deliveries(here, "ana")[-1]
    assert (newest["publication"], newest["channel"], newest["step"]) == (2, "wordpress", 0)


# --- mail about the same


def _planned(here: Office, employee: str) -> list[str]:
    return [row["state"] for row in deliveries(here, employee) if row["channel"] == "email"]


@pytest.fixture
def mailed() -> Office:
    """A morning on which a post has come, and mail about it is planned."""
    here = Office(person("ana"), person("bob"))
    here.launch(posts("pause", "share", channels=("email", "wordpress")))
    here.plan.run()
    here.clock.set(NINE)
    here.announce.run()
    assert _planned(here, "ana") == ["planned"]
    return here


def test_acknowledging_from_a_post_cancels_the_mail_about_it_and_nobody_elses(mailed: Office) -> None:
    acknowledge(mailed, "ana")
    assert (_planned(mailed, "ana"), _planned(mailed, "bob")) == (["cancelled"], ["planned"])
    mailed.clock.set(LATE)
    mailed.beat.run()
    assert [one.email for one in mailed.channel.accepted] == ["bob@universite.example"]


def test_seeing_a_post_is_no_answer_and_cancels_nothing(mailed: Office) -> None:
    visit(mailed, "ana")
    assert _planned(mailed, "ana") == ["planned"]


def test_an_answer_alone_cancels_the_mail_too() -> None:
    here = Office(person("ana"))
    point = key_point("pause", question=QUESTION, acknowledge=False)
    here.launch(posts(point, channels=("email", "wordpress")))
    here.plan.run()
    here.clock.set(NINE)
    here.announce.run()
    met = visit(here, "ana")
    here.clock.advance(SECONDS)
    meet(here).respond(token_of(here), who("ana"), Given(form=met.stamp, answer=1))
    assert _planned(here, "ana") == ["cancelled"]


def test_a_question_to_the_owner_cancels_nothing(mailed: Office) -> None:
    met = visit(mailed, "ana")
    mailed.clock.advance(SECONDS)
    given = Given(form=met.stamp, response=Response.QUESTION, text="Et mon compte à moi?")
    meet(mailed).respond(token_of(mailed), who("ana"), given)
    assert _planned(mailed, "ana") == ["planned"]


def test_a_mail_with_a_newer_text_is_not_cancelled_by_an_answer_to_an_older_one(mailed: Office) -> None:
    mailed.launch(again(channels=("email", "wordpress")))
    _change_mail_of(mailed, "ana", publication=2)
    acknowledge(mailed, "ana")
    assert _planned(mailed, "ana") == ["planned"]


def _change_mail_of(here: Office, employee: str, **values: int) -> None:
    row = delivery.c
    with writing(here.engine) as connection:
        connection.execute(
            update(delivery).where(row.employee == employee, row.channel == "email").values(values)
        )


def test_a_mail_that_may_have_arrived_already_is_of_unknown_fate_and_not_cancelled(mailed: Office) -> None:
    _change_mail_of(mailed, "ana", ambiguous=1, attempt=1)
    acknowledge(mailed, "ana")
    assert _planned(mailed, "ana") == ["unknown"]


def test_meeting_a_post_takes_no_attention(mailed: Office) -> None:
    before = [row["state"] for row in deliveries(mailed, "bob")]
    visit(mailed, "bob")
    mailed.clock.set(LATE)
    mailed.beat.run()
    assert before == ["planned"]
    assert [row["state"] for row in deliveries(mailed, "bob")] == [State.SENT, State.SENT]
    assert "bob@universite.example" in [one.email for one in mailed.channel.accepted]


def test_whoever_has_confirmed_by_mail_is_asked_nothing_more_by_the_post() -> None:
    here = office(posts(channels=("email", "wordpress")))
    here.beat.run()
    here.clock.set(LATE)
    here.beat.run()
    (mail,) = [row for row in here.results.results() if (row.employee, row.channel) == ("ana", "email")]
    given = Acknowledgement(
        delivery=mail.delivery, policy="conduct", version="1", language="fr", statement="Oui.", at=LATE
    )
    here.hits.acknowledge(given, LATE.date())
    met = visit(here, "ana")
    assert (met.is_known, met.page.can_acknowledge, met.page.question) == (True, False, None)
    assert not visit(here, "bob").is_known
