"""What operators decide about posts, and what monitors see of them, on each database."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.overview import SqlOverview
from diffuse.adapters.sql.postings import SqlPostings
from diffuse.adapters.sql.tables import post, post_attempt
from diffuse.domain.delivery import State
from diffuse.domain.post import Posted
from diffuse.domain.posted import Ended
from diffuse.domain.posting import LEASE, Posting, What
from diffuse.ports import Lane, Posts, Settled
from tests.suites.store.given import CLOSES, MINUTE, NOW, TODAY, Store, campaign

LATER = NOW + timedelta(days=1)


@pytest.fixture
def postings(store: Store) -> SqlPostings:
    """Three posts that were planned, on two channels."""
    store.publications.publish(campaign(), {}, NOW)
    kept = SqlPostings(store.engine)
    kept.add([_posting("a", "wordpress"), _posting("b", "wordpress"), _posting("c", "teams")])
    return kept


def _posting(key: str, channel: str) -> Posting:
    return Posting(
        key=key,
        campaign="social-media",
        key_point="disclose",
        audience="everyone",
        language="fr",
        channel=channel,
        publication=1,
        variant="advice",
        wanted_on=TODAY,
        due_at=NOW,
        not_after=CLOSES,
    )


def _ended(postings: SqlPostings, number: int, state: State, reply: str = "") -> None:
    """Let an attempt to publish a post end so."""
    row = postings.get(number)
    assert row is not None
    assert postings.take(row, What.POST, "w1", NOW, NOW + LEASE)
    stands = Posted("7", "https://intranet.example/7") if state is State.SENT else None
    assert postings.end(number, "w1", Ended(what=What.POST, state=state, reply=reply, stands=stands), NOW)


def _log(store: Store) -> list[tuple[int, str, str, str]]:
    row = post_attempt.c
    with reading(store.engine) as connection:
        rows = connection.execute(select(row.post, row.what, row.state, row.reply).order_by(row.id))
        return [(each.post, each.what, each.state, each.reply) for each in rows]


def test_a_post_that_somebody_saw_counts_as_published_when_it_was_asked_for(
    store: Store, postings: SqlPostings
) -> None:
    _ended(postings, 1, State.UNKNOWN, "no answer came")
    assert postings.settle({1}, State.SENT, "ana", LATER) == Settled(done=1, others={})
    settled = postings.get(1)
    assert settled is not None
    assert (settled.state, settled.sent_at, settled.stands) == (State.SENT, NOW, True)
    assert settled.reason == "ana says that it is there"
    assert _log(store)[-1] == (1, "post", "sent", "ana says that it is there")


def test_a_post_that_is_not_there_is_due_at_once(store: Store, postings: SqlPostings) -> None:
    _ended(postings, 1, State.UNKNOWN, "no answer came")
    assert postings.settle({1}, State.PLANNED, "ana", LATER).done == 1
    settled = postings.get(1)
    assert settled is not None
    assert (settled.state, settled.due_at, settled.sent_at) == (State.PLANNED, LATER, None)
    assert _log(store)[-1] == (1, "post", "planned", "ana says that it is not there; it is planned again")


def test_only_posts_of_unknown_fate_are_settled_and_the_others_are_counted(
    store: Store, postings: SqlPostings
) -> None:
    _ended(postings, 1, State.UNKNOWN)
    _ended(postings, 2, State.SENT)
    told = postings.settle({1, 2, 3, 99}, State.SENT, "ana", LATER)
    assert told == Settled(done=1, others={State.SENT: 1, State.PLANNED: 1}, missing=(99,))
    assert [number for number, *_ in _log(store)] == [1, 2, 1]


def test_nothing_of_a_cancelled_campaign_is_planned_again(store: Store, postings: SqlPostings) -> None:
    _ended(postings, 1, State.UNKNOWN)
    _ended(postings, 2, State.FAILED, "403")
    SqlControl(store.engine).cancel("social-media", "", NOW)
    assert postings.settle({1}, State.PLANNED, "ana", LATER) == Settled(done=0, others={State.UNKNOWN: 1})
    assert postings.retry("social-media", "ana", LATER) == 0
    assert postings.settle({1}, State.SENT, "ana", LATER).done == 1


def test_what_somebody_asks_a_platform_about_just_now_is_left_alone(
    store: Store, postings: SqlPostings
) -> None:
    _ended(postings, 1, State.UNKNOWN)
    with writing(store.engine) as connection:
        held = {"lease_token": "w2", "lease_until": LATER + MINUTE}
        connection.execute(update(post).where(post.c.id == 1).values(held))
    assert postings.settle({1}, State.SENT, "ana", LATER) == Settled(done=0, others={State.UNKNOWN: 1})
    assert postings.settle({1}, State.SENT, "ana", LATER + MINUTE).done == 1


def test_a_post_is_settled_although_its_platform_rests(store: Store, postings: SqlPostings) -> None:
    _ended(postings, 1, State.UNKNOWN)
    with writing(store.engine) as connection:
        connection.execute(update(post).where(post.c.id == 1).values(lease_until=LATER + MINUTE))
    assert postings.settle({1}, State.SENT, "ana", LATER).done == 1


def test_what_failed_of_one_campaign_is_planned_again_and_nothing_else(
    store: Store, postings: SqlPostings
) -> None:
    _ended(postings, 1, State.FAILED, "401 wrong password")
    _ended(postings, 2, State.UNKNOWN)
    assert postings.retry("other", "ana", LATER) == 0
    assert postings.retry("social-media", "ana", LATER) == 1
    assert [row.state for row in postings.all()] == [State.PLANNED, State.UNKNOWN, State.PLANNED]
    assert _log(store)[-1] == (1, "post", "planned", "ana asks for another attempt")


def test_posts_are_counted_by_campaign_channel_and_what_people_see(
    store: Store, postings: SqlPostings
) -> None:
    _ended(postings, 1, State.SENT)
    _ended(postings, 2, State.SENT)
    sent = postings.get(2)
    assert sent is not None
    postings.take(sent, What.WITHDRAW, "w1", NOW, NOW + LEASE)
    postings.end(2, "w1", Ended(what=What.WITHDRAW, state=State.SENT, is_withdrawn=True), NOW)
    assert [(one.channel, one.state, one.number) for one in SqlOverview(store.engine).posts()] == [
        ("teams", "planned", 1),
        ("wordpress", "sent", 1),
        ("wordpress", "withdrawn", 1),
    ]
    assert SqlOverview(store.engine).posts()[0] == Posts(
        campaign="social-media", channel="teams", state="planned", number=1
    )


def test_a_platform_that_asks_us_to_wait_is_a_lane_in_trouble_until_then(
    store: Store, postings: SqlPostings
) -> None:
    row = postings.get(1)
    assert row is not None
    postings.take(row, What.POST, "w1", NOW, NOW + LEASE)
    until = NOW + 3 * MINUTE
    later = Ended(what=What.POST, state=State.PLANNED, reply="503 maintenance", retry_at=until)
    postings.end(1, "w1", later, NOW)
    postings.put_off("wordpress", until)
    overview = SqlOverview(store.engine)
    assert overview.lanes(NOW) == (Lane(name="platform:wordpress", until=until, reason="503 maintenance"),)
    assert overview.lanes(until) == ()


def test_a_change_that_waits_for_its_platform_is_a_trouble_too(store: Store, postings: SqlPostings) -> None:
    _ended(postings, 1, State.SENT)
    row = postings.get(1)
    assert row is not None
    postings.take(row, What.UPDATE, "w1", NOW, NOW + LEASE)
    until = NOW + 2 * MINUTE
    postings.end(1, "w1", Ended(what=What.UPDATE, state=State.SENT, reply="503", retry_at=until), NOW)
    assert [one.until for one in SqlOverview(store.engine).lanes(NOW)] == [until]
