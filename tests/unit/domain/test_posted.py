"""What follows for a post from what its platform answered."""

from datetime import UTC, datetime, timedelta

import pytest

from diffuse.domain.delivery import State
from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Retry, Unsure, Withdrawn
from diffuse.domain.posted import (
    AGAIN,
    HELD_BY_NOBODY,
    MAY_BE_THERE,
    Ended,
    changed,
    found,
    published,
    withdrawn,
)
from diffuse.domain.posting import What

NOW = datetime(2027, 1, 11, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
THERE = Posted("7", "https://intranet.example/7")
BEFORE = AlreadyThere("7", "https://intranet.example/7")
LATER, NEVER, LOST = Retry(HOUR, "503 Busy"), Refused("403 Forbidden"), Unsure("no answer came")


@pytest.mark.parametrize("answer", [THERE, BEFORE])
def test_what_is_published_or_was_there_stands(answer: Posted | AlreadyThere) -> None:
    assert published(answer, NOW) == Ended(what=What.POST, state=State.SENT, stands=answer)


def test_what_could_not_be_published_now_is_planned_for_when_the_platform_says() -> None:
    ended = published(LATER, NOW)
    assert (ended.state, ended.retry_at, ended.reply) == (State.PLANNED, NOW + HOUR, "503 Busy")


def test_what_is_refused_has_failed_in_the_platforms_own_words() -> None:
    assert published(NEVER, NOW) == Ended(what=What.POST, state=State.FAILED, reply="403 Forbidden")


def test_what_nobody_knows_is_unknown_and_not_asked_for_again() -> None:
    assert published(LOST, NOW) == Ended(what=What.POST, state=State.UNKNOWN, reply="no answer came")


def test_a_post_that_is_found_after_a_crash_stands_and_may_show_an_earlier_text() -> None:
    assert found(THERE, NOW) == Ended(what=What.POST, state=State.SENT, stands=BEFORE)


def test_a_post_that_is_absent_after_a_crash_is_planned_again() -> None:
    assert found(Absent(), NOW) == Ended(what=What.POST, state=State.PLANNED, reply=HELD_BY_NOBODY)


def test_while_the_platform_cannot_say_the_post_stays_with_whoever_asks() -> None:
    ended = found(LATER, NOW)
    assert (ended.state, ended.retry_at) == (State.SENDING, NOW + HOUR)


@pytest.mark.parametrize("answer", [NEVER, LOST])
def test_a_platform_that_will_not_say_leaves_the_post_unknown(answer: Refused | Unsure) -> None:
    ended = found(answer, NOW)
    assert (ended.state, ended.reply) == (State.UNKNOWN, f"{MAY_BE_THERE}: {answer.reason}")


@pytest.mark.parametrize("is_material", [True, False])
def test_a_post_that_was_changed_stands_where_the_platform_says(is_material: bool) -> None:
    ended = changed(THERE, NOW, is_material=is_material, is_there=True)
    assert ended == Ended(what=What.UPDATE, state=State.SENT, stands=THERE)


@pytest.mark.parametrize("is_material", [True, False])
def test_a_change_that_must_wait_waits_and_the_post_stands(is_material: bool) -> None:
    ended = changed(LATER, NOW, is_material=is_material, is_there=True)
    assert (ended.state, ended.retry_at, ended.stands) == (State.SENT, NOW + HOUR, None)


def test_only_a_material_change_is_published_anew_where_nothing_can_be_changed() -> None:
    assert changed(NEVER, NOW, is_material=True, is_there=False).state is State.PLANNED
    assert changed(NEVER, NOW, is_material=False, is_there=False).state is State.SENT


@pytest.mark.parametrize("is_material", [True, False])
def test_a_change_that_was_refused_is_asked_for_again_where_the_post_is_there(is_material: bool) -> None:
    ended = changed(NEVER, NOW, is_material=is_material, is_there=True)
    assert (ended.state, ended.retry_at, ended.reply) == (State.SENT, NOW + AGAIN, NEVER.reason)


@pytest.mark.parametrize("is_material", [True, False])
def test_a_change_of_unknown_fate_is_asked_for_again_and_never_published_twice(
    is_material: bool,
) -> None:
    ended = changed(LOST, NOW, is_material=is_material, is_there=False)
    assert (ended.state, ended.retry_at, ended.reply) == (State.SENT, NOW + AGAIN, "no answer came")


def test_what_is_withdrawn_was_published_and_nobody_reads_it_any_more() -> None:
    ended = withdrawn(Withdrawn(), NOW, is_chat=False)
    assert (ended.what, ended.state, ended.is_withdrawn) == (What.WITHDRAW, State.SENT, True)


def test_a_withdrawal_that_must_wait_is_asked_for_again() -> None:
    ended = withdrawn(LATER, NOW, is_chat=False)
    assert (ended.state, ended.retry_at, ended.is_withdrawn) == (State.SENT, NOW + HOUR, False)


@pytest.mark.parametrize("answer", [NEVER, LOST])
def test_a_page_that_was_not_withdrawn_is_asked_again_later(answer: Refused | Unsure) -> None:
    ended = withdrawn(answer, NOW, is_chat=False)
    assert (ended.is_withdrawn, ended.retry_at, ended.reply) == (False, NOW + AGAIN, answer.reason)


@pytest.mark.parametrize("answer", [NEVER, LOST])
def test_what_stays_said_is_let_be_in_the_platforms_words(answer: Refused | Unsure) -> None:
    ended = withdrawn(answer, NOW, is_chat=True)
    assert (ended.state, ended.is_withdrawn, ended.reply) == (State.SENT, True, answer.reason)


def test_what_was_unknown_is_cancelled_once_it_is_surely_not_there() -> None:
    assert withdrawn(Withdrawn(), NOW, State.UNKNOWN, is_chat=False).state is State.CANCELLED
    assert withdrawn(NEVER, NOW, State.UNKNOWN, is_chat=False).state is State.UNKNOWN
    assert withdrawn(LATER, NOW, State.UNKNOWN, is_chat=False).state is State.UNKNOWN
