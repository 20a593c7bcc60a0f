"""Posts, and who met them, on each database."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.postings import SqlPostings
from diffuse.adapters.sql.tables import delivery, post, post_attempt, tally
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.post import AlreadyThere, Posted
from diffuse.domain.posted import Ended
from diffuse.domain.posting import LEASE, Meeting, Move, Posting, What
from diffuse.domain.tracking import AGGREGATE, Tracking
from tests.suites.store.given import CLOSES, MINUTE, NOW, TODAY, Store, campaign, person, together, touchpoint

DAY = timedelta(days=1)
THERE = Posted("7", "https://intranet.example/7")
SENT = Ended(what=What.POST, state=State.SENT, stands=THERE, digest="d", publication=1, variant="advice")


@pytest.fixture
def postings(store: Store) -> SqlPostings:
    """One post, of a campaign that was launched twice."""
    store.with_people("ana", "bob")
    store.publications.publish(campaign(title="Autres mots"), {}, NOW)
    kept = SqlPostings(store.engine)
    assert kept.add([new()]) == 1
    return kept


def new(key: str = "a", **changes: Any) -> Posting:  # noqa: ANN401 -- any field
    one = Posting(
        key=key,
        campaign="social-media",
        key_point="disclose",
        audience="everyone",
        language="fr",
        channel="wordpress",
        publication=1,
        variant="advice",
        wanted_on=TODAY,
        due_at=NOW,
        not_after=CLOSES,
    )
    return replace(one, **changes)


def row(postings: SqlPostings, number: int = 1) -> Posting:
    found = postings.get(number)
    assert found is not None
    return found


def take(
    postings: SqlPostings, what: What = What.POST, token: str = "w1", now: datetime = NOW, number: int = 1
) -> bool:
    return postings.take(row(postings, number), what, token, now, now + LEASE)


def published(postings: SqlPostings, number: int = 1) -> Posting:
    assert take(postings, number=number)
    assert postings.end(number, "w1", SENT, NOW)
    return row(postings, number)


def lease(store: Store, number: int = 1) -> tuple[str, datetime | None]:
    with reading(store.engine) as connection:
        held = connection.execute(
            select(post.c.lease_token, post.c.lease_until).where(post.c.id == number)
        ).one()
    return held.lease_token, held.lease_until


# --- keeping


def test_a_post_is_read_as_it_was_added_and_under_its_number(postings: SqlPostings) -> None:
    assert row(postings) == new(id=1)
    assert postings.all() == [new(id=1)]
    assert postings.get(2) is None


def test_a_key_is_added_once_whatever_else_it_says(postings: SqlPostings) -> None:
    assert postings.add([new("a", language="en"), new("b"), new("b")]) == 1
    assert [(one.key, one.language) for one in postings.all()] == [("a", "fr"), ("b", "fr")]
    assert postings.add([]) == 0


def test_who_adds_at_once_adds_once(store: Store, postings: SqlPostings) -> None:
    added = together(6, lambda _: SqlPostings(store.engine).add([new("b"), new("c")]))
    assert sum(added) == 2
    assert sorted(one.key for one in postings.all()) == ["a", "b", "c"]


# --- holding


def test_what_is_taken_to_be_published_is_sending_before_anybody_is_asked(
    store: Store, postings: SqlPostings
) -> None:
    assert take(postings)
    assert (row(postings).state, row(postings).attempt) == (State.SENDING, 1)
    assert lease(store) == ("w1", NOW + LEASE)


def test_of_two_who_take_the_same_post_at_once_one_wins(store: Store, postings: SqlPostings) -> None:
    read = row(postings)
    won = together(
        8, lambda place: SqlPostings(store.engine).take(read, What.POST, f"w{place}", NOW, NOW + LEASE)
    )
    assert (won.count(True), row(postings).attempt) == (1, 1)
    assert lease(store)[0] == f"w{won.index(True)}"


@pytest.mark.parametrize("what", [What.UPDATE, What.WITHDRAW])
def test_what_is_taken_to_be_changed_stands_and_is_held_for_a_while(
    postings: SqlPostings, what: What
) -> None:
    published(postings)
    assert take(postings, what)
    assert (row(postings).state, row(postings).attempt) == (State.SENT, 1)
    assert not take(postings, what, "w2", NOW + LEASE - MINUTE)
    assert take(postings, what, "w2", NOW + LEASE)


def test_who_has_read_a_post_before_it_was_published_cannot_take_it(postings: SqlPostings) -> None:
    early = row(postings)
    published(postings)
    assert not postings.take(early, What.POST, "w2", NOW + DAY, NOW + DAY + LEASE)


def test_who_has_read_a_post_before_its_platform_asked_to_wait_cannot_take_it(postings: SqlPostings) -> None:
    early = row(postings)
    assert take(postings)
    wait = Ended(what=What.POST, state=State.PLANNED, reply="429", retry_at=NOW + 2 * MINUTE)
    assert postings.end(1, "w1", wait, NOW)
    assert not postings.take(early, What.POST, "w2", NOW, NOW + LEASE)
    assert take(postings, now=NOW + 2 * MINUTE)
    assert row(postings).attempt == 2


@pytest.mark.parametrize("what", [What.UPDATE, What.WITHDRAW])
def test_who_has_read_a_post_before_it_was_changed_cannot_take_it(postings: SqlPostings, what: What) -> None:
    early = published(postings)
    assert take(postings, what)
    assert postings.end(1, "w1", Ended(what=what, state=State.SENT, digest="e", is_withdrawn=True), NOW)
    assert not postings.take(early, what, "w2", NOW + DAY, NOW + DAY + LEASE)


def test_an_end_by_a_stranger_is_refused_and_changes_nothing(store: Store, postings: SqlPostings) -> None:
    assert not postings.end(1, "w2", SENT, NOW)
    assert take(postings)
    assert not postings.end(1, "w2", SENT, NOW)
    assert not postings.end(2, "w1", SENT, NOW)
    assert row(postings).state is State.SENDING
    assert _attempts(store) == []
    assert postings.end(1, "w1", SENT, NOW)
    assert not postings.end(1, "w1", SENT, NOW)
    assert _attempts(store) == [("post", "sent", "")]


def _attempts(store: Store) -> list[tuple[str, str, str]]:
    log = post_attempt.c
    with reading(store.engine) as connection:
        rows = connection.execute(select(log.what, log.state, log.reply).order_by(log.id)).all()
    return [(one.what, one.state, one.reply) for one in rows]


def test_whoever_lost_a_post_to_another_one_cannot_end_it_any_more(
    store: Store, postings: SqlPostings
) -> None:
    assert take(postings)
    (left,) = postings.left(NOW + LEASE)
    assert postings.take(left, What.UPDATE, "w2", NOW + LEASE, NOW + 2 * LEASE)
    assert not postings.end(1, "w1", SENT, NOW + LEASE)
    assert postings.end(1, "w2", replace(SENT, stands=AlreadyThere("7", "")), NOW + LEASE)
    assert (row(postings).state, lease(store)) == (State.SENT, ("", None))


def test_only_posts_whose_publisher_has_stopped_are_left(postings: SqlPostings) -> None:
    postings.add([new("b"), new("c")])
    assert take(postings, number=1)
    published(postings, 2)
    assert take(postings, What.WITHDRAW, number=2)
    assert postings.left(NOW + LEASE - MINUTE) == []
    assert [one.key for one in postings.left(NOW + LEASE)] == ["a"]


# --- ends


def test_a_published_post_stands_where_the_platform_says_and_keeps_its_first_day(
    postings: SqlPostings,
) -> None:
    one = published(postings)
    assert (one.state, one.sent_at, one.remote, one.url, one.digest) == (State.SENT, NOW, "7", THERE.url, "d")
    assert take(postings, What.WITHDRAW)
    postings.end(1, "w1", Ended(what=What.WITHDRAW, state=State.SENT, is_withdrawn=True), NOW + DAY)
    assert (row(postings).withdrawn_at, row(postings).stands) == (NOW + DAY, False)
    postings.move(
        1, Move(was=State.SENT, state=State.PLANNED, due_at=NOW + DAY, not_after=CLOSES + DAY), 2, "legal"
    )
    again = row(postings)
    assert (again.state, again.publication, again.variant) == (State.PLANNED, 2, "legal")
    assert take(postings, now=NOW + DAY)
    postings.end(1, "w1", SENT, NOW + DAY)
    assert (row(postings).sent_at, row(postings).withdrawn_at, row(postings).stands) == (NOW, None, True)


def test_what_was_there_already_shows_we_know_not_what(postings: SqlPostings) -> None:
    assert take(postings)
    postings.end(1, "w1", replace(SENT, stands=AlreadyThere("7", "")), NOW)
    assert row(postings).digest == ""
    assert take(postings, What.UPDATE)
    changed = Ended(what=What.UPDATE, state=State.SENT, stands=AlreadyThere("7", ""), digest="e")
    postings.end(1, "w1", changed, NOW + MINUTE)
    assert (row(postings).digest, row(postings).updated_at) == ("e", NOW + MINUTE)


def test_a_refusal_keeps_the_platforms_words_to_the_letter(postings: SqlPostings) -> None:
    words = "403 «\u00a0Accès refusé\u00a0» \U0001f512 it's; 100 %"
    assert take(postings)
    postings.end(1, "w1", Ended(what=What.POST, state=State.FAILED, reply=words), NOW)
    assert (row(postings).state, row(postings).reason, row(postings).sent_at) == (State.FAILED, words, None)


def test_what_is_planned_anew_gets_the_hours_that_it_is_given(store: Store, postings: SqlPostings) -> None:
    published(postings)
    assert take(postings, What.UPDATE, now=NOW + DAY)
    anew = Ended(what=What.UPDATE, state=State.PLANNED, retry_at=NOW + DAY, not_after=CLOSES + DAY)
    postings.end(1, "w1", anew, NOW + DAY)
    one = row(postings)
    assert (one.state, one.due_at, one.not_after, lease(store)) == (
        State.PLANNED,
        NOW + DAY,
        CLOSES + DAY,
        ("", None),
    )


def test_a_change_that_must_wait_is_held_by_nobody_until_then(postings: SqlPostings) -> None:
    published(postings)
    assert take(postings, What.UPDATE)
    wait = Ended(what=What.UPDATE, state=State.SENT, reply="503", retry_at=NOW + 60 * MINUTE)
    postings.end(1, "w1", wait, NOW)
    assert not take(postings, What.UPDATE, now=NOW + 59 * MINUTE)
    assert take(postings, What.UPDATE, "w2", NOW + 60 * MINUTE)


# --- moving, and putting off


def test_a_post_that_has_come_to_another_state_is_not_moved(postings: SqlPostings) -> None:
    move = Move(was=State.PLANNED, state=State.PLANNED, due_at=NOW + DAY, not_after=CLOSES + DAY)
    assert take(postings)
    postings.move(1, move, 2, "legal")
    postings.end(1, "w1", SENT, NOW)
    postings.move(1, move, 2, "legal")
    one = row(postings)
    assert (one.state, one.publication, one.due_at) == (State.SENT, 1, NOW)


def test_a_post_that_somebody_holds_is_not_moved(postings: SqlPostings) -> None:
    published(postings)
    assert take(postings, What.WITHDRAW)
    postings.move(1, Move(was=State.SENT, state=State.PLANNED, due_at=NOW, not_after=CLOSES), 2, "legal")
    assert row(postings).state is State.SENT


def test_a_move_without_hours_keeps_those_that_there_are(postings: SqlPostings) -> None:
    postings.move(1, Move(was=State.PLANNED, state=State.CANCELLED, reason="not any more"), 1, "advice")
    one = row(postings)
    assert (one.state, one.reason, one.due_at, one.not_after) == (
        State.CANCELLED,
        "not any more",
        NOW,
        CLOSES,
    )


def test_putting_off_a_channel_concerns_what_is_planned_on_it_and_comes_before(postings: SqlPostings) -> None:
    late = NOW + 3 * DAY
    postings.add(
        [new("b", due_at=late), new("c", channel="teams"), new("d"), new("e", channel="wordpress/b")]
    )
    assert take(postings, number=4)
    postings.end(4, "w1", Ended(what=What.POST, state=State.FAILED, reply="no"), NOW)
    postings.put_off("wordpress", NOW + DAY)
    assert [one.due_at for one in postings.all()] == [NOW + DAY, late, NOW, NOW, NOW]


def test_putting_off_a_channel_holds_what_is_to_be_changed_but_not_what_somebody_asks_about(
    store: Store, postings: SqlPostings
) -> None:
    postings.add([new("b"), new("c", channel="teams")])
    for number in (1, 2, 3):
        published(postings, number)
    assert take(postings, What.UPDATE, number=2)
    postings.put_off("wordpress", NOW + DAY)
    assert [lease(store, number) for number in (1, 2, 3)] == [
        ("", NOW + DAY),
        ("w1", NOW + LEASE),
        ("", None),
    ]
    postings.put_off("wordpress", NOW + MINUTE)
    assert lease(store, 1) == ("", NOW + DAY)
    assert not take(postings, What.WITHDRAW, number=1, now=NOW + DAY - MINUTE)
    assert take(postings, What.WITHDRAW, number=1, now=NOW + DAY)


# --- meeting


def meeting(postings: SqlPostings, employee: str = "ana", number: int = 1, **changes: Any) -> Meeting:  # noqa: ANN401
    one = Meeting(posting=row(postings, number), employee=employee, day=TODAY, at=NOW, tracking=Tracking())
    return replace(one, **changes)


def test_whoever_meets_a_post_begins_one_delivery(store: Store, postings: SqlPostings) -> None:
    published(postings)
    number = postings.meet(
        meeting(postings, at=NOW + DAY, day=TODAY + DAY, tracking=Tracking(opens=AGGREGATE))
    )
    assert postings.meet(meeting(postings, at=NOW + 2 * DAY)) == number
    kept = store.row(number)
    assert {
        name: kept[name] for name in ("channel", "state", "touch", "step", "post", "publication", "opens")
    } == {
        "channel": "wordpress",
        "state": "sent",
        "touch": 0,
        "step": 0,
        "post": 1,
        "publication": 1,
        "opens": AGGREGATE,
    }
    assert (kept["sent_at"], kept["created_at"], kept["due_on"]) == (NOW, NOW + DAY, TODAY + DAY)
    assert (postings.met_by(1, "ana"), postings.met_by(1, "bob"), postings.met_by(2, "ana")) == (
        [number],
        [],
        [],
    )


def test_eight_who_meet_at_once_as_the_same_employee_begin_one_delivery(
    store: Store, postings: SqlPostings
) -> None:
    published(postings)
    one = meeting(postings)
    numbers = together(8, lambda _: SqlPostings(store.engine).meet(one))
    assert len(set(numbers)) == 1
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(delivery)) == 1
        assert connection.scalar(select(func.sum(tally.c.added))) == 1


def test_who_meets_several_posts_about_the_same_at_once_begins_one_for_each(
    store: Store, postings: SqlPostings
) -> None:
    postings.add([new("b", language="en"), new("c", audience="board"), new("d", channel="teams")])
    met = [meeting(postings, number=number) for number in (1, 2, 3, 4)]
    numbers = together(4, lambda place: SqlPostings(store.engine).meet(met[place]))
    assert len(set(numbers)) == 4
    assert sorted(store.row(number)["touch"] for number in numbers) == [0, 1, 2, 3]


def test_another_text_begins_another_delivery_and_the_newest_comes_first(postings: SqlPostings) -> None:
    first = postings.meet(meeting(postings))
    newer = replace(row(postings), publication=2)
    second = postings.meet(replace(meeting(postings), posting=newer))
    assert postings.met_by(1, "ana") == [second, first]


def test_a_meeting_is_one_more_touch_on_the_step_of_the_last_one(store: Store, postings: SqlPostings) -> None:
    store.plan(touchpoint(step=0), touchpoint(touch=1, step=1), touchpoint(employee="bob", touch=5, step=4))
    store.plan(touchpoint(key_point="pause", touch=7, step=3))
    kept = store.row(postings.meet(meeting(postings)))
    assert (kept["touch"], kept["step"]) == (2, 1)


def test_a_step_that_never_left_is_not_the_last_one(store: Store, postings: SqlPostings) -> None:
    store.plan(touchpoint(step=0), touchpoint(touch=1, step=1))
    with writing(store.engine) as connection:
        connection.execute(update(delivery).where(delivery.c.touch == 1).values(state=State.CANCELLED))
    kept = store.row(postings.meet(meeting(postings)))
    assert (kept["touch"], kept["step"]) == (2, 0)


def test_after_an_acknowledged_text_has_changed_a_meeting_is_on_the_first_step(
    store: Store, postings: SqlPostings
) -> None:
    store.plan(touchpoint(touch=3, step=3))
    mail = store.sent()
    newer = replace(meeting(postings), posting=replace(row(postings), publication=2), since=2)
    assert store.row(postings.meet(replace(newer, employee="bob")))["step"] == 0
    _acknowledge(store, mail.id)
    kept = store.row(postings.meet(newer))
    assert (kept["touch"], kept["step"]) == (4, 0)


def test_an_unacknowledged_step_goes_on_when_its_text_changes(store: Store, postings: SqlPostings) -> None:
    store.plan(touchpoint(touch=3, step=3))
    store.sent()
    newer = replace(meeting(postings), posting=replace(row(postings), publication=2), since=2)
    assert store.row(postings.meet(newer))["step"] == 3


def test_what_is_planned_at_the_same_moment_is_no_trouble(store: Store, postings: SqlPostings) -> None:
    names = [f"p{number}" for number in range(20)]
    store.directory.save([person(name) for name in names])
    met = [meeting(postings, name) for name in names]
    held = store.hold()

    def work(place: int) -> int:
        if place == 0:
            return store.record(*(touchpoint(employee=name) for name in names), held=held).added
        return len([SqlPostings(store.engine).meet(one) for one in met])

    assert together(3, work) == [20, 20, 20]
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(delivery)) == 40


# --- what an answer from a post does to mail


def _mail_and_post(store: Store, postings: SqlPostings, **mail: Any) -> tuple[int, int]:  # noqa: ANN401
    published(postings)
    store.plan(touchpoint(**mail), touchpoint(employee="bob"), touchpoint(key_point="pause"))
    with reading(store.engine) as connection:
        first = connection.scalar(select(func.min(delivery.c.id))) or 0
    return first, postings.meet(meeting(postings))


def _acknowledge(store: Store, number: int) -> None:
    given = Acknowledgement(
        delivery=number,
        policy="conduct",
        version="1",
        language="fr",
        statement="J’ai lu.",
        at=NOW,
        dwell=9000,
    )
    store.hits.acknowledge(given, TODAY)


def _states(store: Store) -> list[str]:
    with reading(store.engine) as connection:
        return list(connection.scalars(select(delivery.c.state).order_by(delivery.c.id)))


@pytest.mark.parametrize("visits", [0, 1, 2])
def test_an_acknowledgement_cancels_the_mail_about_the_same_however_often_the_post_was_seen(
    store: Store, postings: SqlPostings, visits: int
) -> None:
    _, met = _mail_and_post(store, postings)
    for _ in range(visits):
        store.hits.record(Event(delivery=met, kind=Kind.OPENED, at=NOW), TODAY)
    assert _states(store) == ["planned", "planned", "planned", "sent"]
    _acknowledge(store, met)
    assert _states(store) == ["cancelled", "planned", "planned", "sent"]


def test_an_acknowledgement_leaves_a_newer_text_and_one_that_is_leaving_alone(
    store: Store, postings: SqlPostings
) -> None:
    _, met = _mail_and_post(store, postings, publication=2)
    _acknowledge(store, met)
    assert _states(store)[0] == "planned"


def test_what_may_have_arrived_is_of_unknown_fate_then(store: Store, postings: SqlPostings) -> None:
    first, met = _mail_and_post(store, postings)
    with writing(store.engine) as connection:
        connection.execute(update(delivery).where(delivery.c.id == first).values(ambiguous=1, attempt=1))
    _acknowledge(store, met)
    assert store.row(first)["state"] == "unknown"
