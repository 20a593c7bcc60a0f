"""The fakes that ship with diffuse keep the promises of the ports that they stand in for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from diffuse.domain.delivery import Ending, State
from diffuse.domain.message import Baked, Excerpt, Outgoing
from diffuse.domain.post import Absent, AlreadyThere, Post, Posted, Refused, Retry, Unsure, Withdrawn
from diffuse.ports import Calendar, Channel, Clock, Platform, Queue
from diffuse.testing import (
    FixedCalendar,
    FrozenClock,
    MemoryChannel,
    MemoryJournal,
    MemoryJournals,
    MemoryPlatform,
    MemoryQueue,
)

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)


def outgoing(number: int, email: str) -> Outgoing:
    return Outgoing(
        delivery=number,
        attempt=1,
        email=email,
        name="Ana Roy",
        reply_to_name="Zoé Roy",
        reply_to_email="zoe@universite.example",
        list_id="social-media.universite.example",
        list_name="Médias sociaux",
        message_id=f"<{number}@universite.example>",
        date=NOON,
        baked=Baked(
            language="fr",
            subject=("Un rappel",),
            html=("<p>",),
            text=("",),
            links=(),
            excerpt=Excerpt(subject="Un rappel", body="", action=""),
        ),
        values={},
    )


def test_each_fake_is_what_its_port_asks_for() -> None:
    clock = FrozenClock(NOON)
    ports: tuple[Clock, Channel, Queue, Calendar, Platform] = (
        clock,
        MemoryChannel(clock),
        MemoryQueue(),
        FixedCalendar(),
        MemoryPlatform(),
    )
    assert len(ports) == 5


def test_a_frozen_clock_stands_still_until_it_is_told_to_move_and_tells_utc() -> None:
    clock = FrozenClock(datetime(2027, 1, 4, 7, tzinfo=timezone(-timedelta(hours=5))))
    assert clock.now() == clock.now() == NOON
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(hours=1))
    assert clock.now() == NOON + timedelta(hours=1)
    clock.set(NOON.astimezone(timezone(timedelta(hours=9))))
    assert (clock.now(), clock.now().tzinfo) == (NOON, UTC)


def test_a_clock_that_is_given_an_instant_without_an_offset_says_so() -> None:
    with pytest.raises(ValueError, match="aware"):
        FrozenClock(datetime(2027, 1, 4))  # noqa: DTZ001 -- the naive one is the point
    clock = FrozenClock(NOON)
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2027, 1, 4))  # noqa: DTZ001 -- as above
    assert clock.now() == NOON


class Turns:
    """Allows the given deliveries, and keeps what ended."""

    def __init__(self, *allowed: int) -> None:
        self.allowed, self.asked, self.ended = allowed, list[int](), list[Ending]()

    def __call__(self, ended: Sequence[Ending], wanted: Sequence[int]) -> list[int]:
        self.asked += wanted
        self.ended += ended
        return [number for number in wanted if number in self.allowed]


def test_a_channel_in_memory_accepts_each_message_that_may_be_sent() -> None:
    channel = MemoryChannel(FrozenClock(NOON))
    batch = [outgoing(1, "ana@universite.example"), outgoing(2, "zoe@universite.example")]
    turns = Turns(2)
    assert channel.send(batch, turns, MemoryJournal()) == {}
    assert turns.asked == [1, 2]
    assert turns.ended == [Ending(delivery=2, attempt=1, state=State.SENT, reply="scripted: sent")]
    assert channel.accepted == [batch[1]]
    channel.close()


@pytest.mark.parametrize("state", [State.FAILED, State.UNKNOWN, State.PLANNED])
def test_a_scripted_ending_accepts_nothing(state: State) -> None:
    channel = MemoryChannel(FrozenClock(NOON))
    channel.replies["ana@universite.example"] = state
    turns = Turns(1)
    channel.send([outgoing(1, "ana@universite.example")], turns, MemoryJournal())
    assert [(one.state, one.reply) for one in turns.ended] == [(state, f"scripted: {state.value}")]
    assert channel.accepted == []


def test_a_channel_that_is_down_says_so_and_accepts_nothing() -> None:
    channel = MemoryChannel(FrozenClock(NOON))
    channel.down = "nobody answers"
    turns = Turns(1)
    batch = [outgoing(1, "ana@universite.example")]
    assert channel.send(batch, turns, MemoryJournal()) == {"": "nobody answers"}
    assert (turns.asked, channel.accepted) == ([], [])


def test_journals_in_memory_keep_nothing() -> None:
    journals = MemoryJournals()
    with journals.begin("w1") as journal:
        journal.dots([(1, 1)])
        journal.replies([])
    assert list(journals.left()) == []


def test_a_queue_in_memory_counts_its_hints() -> None:
    queue = MemoryQueue()
    queue.kick()
    queue.kick()
    assert queue.kicks == 2


def test_a_fixed_calendar_knows_its_days_in_the_years_asked_for_and_none_without_a_region() -> None:
    calendar = FixedCalendar(date(2026, 12, 25), date(2027, 1, 1))
    assert calendar.holidays("CA-QC", (2027, 2028)) == {date(2027, 1, 1)}
    assert calendar.holidays("CA-QC", iter((2026, 2027))) == {date(2026, 12, 25), date(2027, 1, 1)}
    assert calendar.holidays("", (2026, 2027)) == frozenset()


POST = Post(key="social-media-pause", title="Un rappel", html="<p>", text="", language="fr", publish_at=NOON)
ADDRESS = "https://intranet.example/social-media-pause"


def test_a_platform_in_memory_publishes_once_finds_changes_and_withdraws() -> None:
    platform = MemoryPlatform("plone/staff")
    assert (platform.name, platform.lookup(POST.key)) == ("plone/staff", Absent())
    assert platform.post(POST) == Posted(POST.key, ADDRESS)
    assert platform.post(replace(POST, title="Autre")) == AlreadyThere(POST.key, ADDRESS)
    assert platform.posts == {POST.key: POST}
    assert platform.lookup(POST.key) == Posted(POST.key, ADDRESS)
    other = replace(POST, title="Autre")
    assert platform.update(other) == Posted(POST.key, ADDRESS)
    assert platform.posts == {POST.key: other}
    assert platform.withdraw(POST.key) == platform.withdraw(POST.key) == Withdrawn()
    assert (platform.posts, platform.lookup(POST.key)) == ({}, Absent())
    assert isinstance(platform.update(POST), Refused)
    assert platform.dress(POST).content == POST.html
    assert [what for what, _ in platform.asked][:4] == ["lookup", "post", "post", "lookup"]
    platform.close()


def test_a_platform_without_memory_publishes_as_often_as_it_is_asked_and_can_do_nothing_else() -> None:
    platform = MemoryPlatform("teams", has_memory=False)
    assert platform.post(POST) == platform.post(POST) == Posted(POST.key, ADDRESS)
    assert isinstance(platform.lookup(POST.key), Unsure)
    assert isinstance(platform.update(POST), Refused)
    assert isinstance(platform.withdraw(POST.key), Refused)
    assert platform.posts == {POST.key: POST}


def test_a_platform_in_memory_gives_the_answers_that_it_is_told_and_does_nothing_then() -> None:
    platform = MemoryPlatform()
    told: list[Retry | Refused | Unsure] = [
        Retry(timedelta(hours=1), "429"),
        Refused("403"),
        Unsure("lost"),
        Refused("404"),
    ]
    platform.answers = list(told)
    heard = [platform.post(POST), platform.lookup("k"), platform.update(POST), platform.withdraw("k")]
    assert (heard, platform.posts) == (told, {})
    assert platform.asked == [("post", POST.key), ("lookup", "k"), ("update", POST.key), ("withdraw", "k")]
    assert platform.post(POST) == Posted(POST.key, ADDRESS)
