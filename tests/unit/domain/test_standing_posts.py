"""Standings with posts that employees met, also while a message about the same was held."""

from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from diffuse.domain.standing import EVER, FOR_EVER, Standing, fold
from tests.unit.domain.test_standing import DAY, TEACHING, after, log

COUNTS = (
    "touch",
    "step",
    "tries",
    "messages",
    "back",
    "streak",
    "acknowledged",
    "anew",
    "renewed",
    "wording",
)
DAYS = ("sent", "reached")


def test_a_post_that_was_met_reaches_its_step_and_is_no_message() -> None:
    standing = after({"touch": 0, "due": 2, "opened": 2, "posted": 1})
    assert (standing.step[0], standing.touch[0], standing.messages[0], standing.back[0]) == (0, 1, 0, 0)
    assert (standing.sent[0], standing.reached[0]) == (DAY + 2, DAY + 2)


def test_a_post_reaches_the_step_of_the_mail_that_nobody_opened() -> None:
    standing = after(
        {"touch": 0, "step": 1, "due": 0}, {"touch": 1, "step": 1, "due": 3, "opened": 3, "posted": 1}
    )
    assert (standing.step[0], standing.tries[0], standing.reached[0]) == (1, 2, DAY + 3)
    assert (standing.messages[0], standing.back[0]) == (1, 0)


def test_what_was_acknowledged_from_a_post_is_acknowledged_and_learned() -> None:
    standing = after({"touch": 0, "due": 2, "acknowledged": 2, "posted": 1})
    assert standing.acknowledged.tolist() == [True, False]
    assert standing.memory.stability[0] == after({"due": 2, "acknowledged": 2}).memory.stability[0]


def test_a_mail_that_was_held_while_a_post_was_met_is_the_last_one() -> None:
    held = {"touch": 0, "step": 0, "due": 9, "wording": 7}
    standing = after(held, {"touch": 1, "step": 0, "due": 3, "opened": 3, "posted": 1, "wording": 8})
    assert (standing.sent[0], standing.wording[0], standing.reached[0]) == (DAY + 9, 7, DAY + 3)


def test_a_post_with_a_newer_text_begins_again_what_was_acknowledged_before() -> None:
    old = {"touch": 0, "step": 3, "due": 0, "acknowledged": 1, "stale": 1}
    standing = after(old, {"touch": 1, "step": 0, "due": 9, "opened": 9, "posted": 1})
    assert (standing.step[0], standing.messages[0], standing.acknowledged[0]) == (0, 0, False)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([(0, 0), (0, 1), (1, 1)]),
        st.integers(0, 6),
        st.sampled_from([0, 0, 0, 8]),
        st.booleans(),
        st.sampled_from([None, 0, 1, 15]),
        st.sampled_from([None, None, 0, 2]),
        st.booleans(),
    ),
    max_size=14,
)
"""A pair; days after the event before; for how long it was held; whether a post; what came back; gone."""

Drawn = list[tuple[tuple[int, int], int, int, bool, int | None, int | None, bool]]


def course(drawn: Drawn, changed: int) -> list[dict[str, int]]:
    """What a ledger holds: a pair's mails follow one another, and its posts are met whenever it likes."""
    free: dict[tuple[int, int], int] = {}
    today: dict[tuple[int, int], int] = {}
    touches: dict[tuple[int, int], int] = {}
    steps: dict[tuple[int, int], int] = {}
    found = []
    for number, (pair, later, held, posted, opened, acknowledged, gone) in enumerate(drawn):
        day = today[pair] = today.get(pair, 0) + later
        if not posted and day < free.get(pair, 0):
            continue  # a mail waits already
        touch = touches[pair] = touches.get(pair, -1) + 1
        due = day if posted else day + held
        if not posted:
            free[pair] = due + 1
            steps[pair] = touch // 2
        one = {"employee": pair[0], "point": pair[1], "touch": touch, "step": steps.get(pair, 0), "due": due}
        if posted or not gone:
            one |= {} if opened is None else {"opened": due + opened}
            one |= {} if acknowledged is None else {"acknowledged": due + acknowledged}
        never = int(gone and not posted)
        found.append(
            one | {"posted": int(posted), "gone": never, "stale": int(day < changed), "wording": number}
        )
    return found


@given(EVENTS, st.integers(-1, 60), st.sampled_from([0, 0, 9, 30]))
@example([((0, 0), 0, 8, False, None, None, False), ((0, 0), 3, 0, True, 0, None, False)], 5, 0)
def test_folding_up_to_a_day_and_then_on_is_folding_everything(drawn: Drawn, cut: int, changed: int) -> None:
    everything = log(*course(drawn, changed))
    begin = DAY + cut
    halfway = fold(Standing.fresh(4), everything, TEACHING, EVER, begin)
    late = (everything.due_on >= begin) | (everything.opened >= begin) | (everything.acknowledged >= begin)
    piecewise = fold(halfway, everything.rows(late), TEACHING, begin, FOR_EVER)
    whole = fold(Standing.fresh(4), everything, TEACHING)
    for name in (*COUNTS, *DAYS):
        one, other = getattr(piecewise, name), getattr(whole, name)
        assert np.array_equal(one.astype("int64"), other.astype("int64")), name
    assert np.allclose(piecewise.memory.stability, whole.memory.stability, rtol=1e-12, equal_nan=True)


@given(EVENTS)
def test_posts_count_neither_as_messages_nor_as_messages_that_came_back(drawn: Drawn) -> None:
    everything: list[Any] = course(drawn, 0)
    with_posts = fold(Standing.fresh(4), log(*everything), TEACHING)
    mails = fold(Standing.fresh(4), log(*(one for one in everything if not one["posted"])), TEACHING)
    assert with_posts.messages.tolist() == mails.messages.tolist()
    assert with_posts.back.tolist() == mails.back.tolist()
