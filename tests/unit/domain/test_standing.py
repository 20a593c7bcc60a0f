"""Standings: a fold over what was sent and what came back, which may stop on any day and go on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.memory import Fsrs, Memory
from diffuse.domain.period import NEVER
from diffuse.domain.signals import Signals
from diffuse.domain.standing import EVER, FOR_EVER, Log, Standing, Teaching, fold

TEACHING = Teaching(fsrs=Fsrs(), signals=Signals(), choices=np.array([0, 3]))
DAY = np.datetime64("2027-01-04", "D")


def log(*messages: dict[str, int]) -> Log:
    """Messages of one employee: point, touch, step, and days after the first Monday."""

    def days(name: str) -> np.ndarray:
        return np.array([DAY + one[name] if name in one else NEVER for one in messages], dtype="M8[D]")

    def numbers(name: str) -> np.ndarray:
        return np.array([one.get(name, 0) for one in messages], dtype=np.int64)

    return Log(
        employee=numbers("employee"),
        point=numbers("point"),
        touch=numbers("touch"),
        step=numbers("step"),
        gone=numbers("gone").astype(np.bool_),
        pending=numbers("pending").astype(np.bool_),
        due_on=days("due"),
        opened=days("opened"),
        acknowledged=days("acknowledged"),
        answered=days("answered"),
        right=numbers("right").astype(np.bool_),
        wording=numbers("wording"),
        stale=numbers("stale").astype(np.bool_),
        posted=numbers("posted").astype(np.bool_),
    )


def after(*messages: dict[str, int]) -> Standing:
    return fold(Standing.fresh(2), log(*messages), TEACHING)


def test_nothing_sent_leaves_everything_fresh() -> None:
    assert after().step.tolist() == [-1, -1]
    assert np.isnan(after().memory.stability).all()


def test_the_last_message_of_a_pair_tells_its_step_and_its_tries() -> None:
    standing = after(
        {"touch": 0, "step": 0, "due": 0, "opened": 1},
        {"touch": 1, "step": 1, "due": 4},
        {"touch": 2, "step": 1, "due": 8, "wording": 7},
    )
    assert (standing.step[0], standing.tries[0], standing.touch[0], standing.messages[0]) == (1, 2, 3, 3)
    assert (str(standing.sent[0]), np.isnat(standing.reached[0])) == ("2027-01-12", True)
    assert (standing.back[0], standing.wording[0]) == (1, 7)


def test_a_first_copy_that_is_opened_late_reaches_its_step() -> None:
    standing = after({"touch": 0, "due": 0, "opened": 6}, {"touch": 1, "due": 4})
    assert str(standing.reached[0]) == "2027-01-10"


def test_what_never_left_counts_for_its_number_alone() -> None:
    standing = after({"touch": 0, "due": 0, "gone": 1})
    assert (standing.step[0], standing.touch[0], standing.messages[0], standing.waiting[0]) == (
        -1,
        1,
        0,
        False,
    )


def test_what_may_still_leave_makes_its_pair_wait() -> None:
    standing = after({"touch": 0, "due": 0, "pending": 1})
    assert (standing.waiting.tolist(), standing.messages[0]) == ([True, False], 0)


def test_of_what_came_back_on_one_day_the_strongest_is_learned_once() -> None:
    both = after({"due": 0, "opened": 1, "acknowledged": 1})
    confirmed = after({"due": 0, "acknowledged": 1})
    assert both.memory.stability[0] == confirmed.memory.stability[0]
    assert both.acknowledged.tolist() == [True, False]


def test_right_answers_in_a_row_are_counted_and_a_wrong_one_begins_anew() -> None:
    right = [
        {"point": 1, "touch": n, "step": n, "due": 9 * n, "answered": 9 * n, "right": 1} for n in range(3)
    ]
    assert after(*right).streak.tolist() == [0, 3]
    assert after(*right, {"point": 1, "touch": 3, "due": 30, "answered": 30}).streak.tolist() == [0, 0]


def test_a_message_that_nobody_opened_leaves_memory_alone() -> None:
    opened = {"touch": 0, "step": 0, "due": 0, "opened": 0}
    assert _same(after(opened).memory, after(opened, {"touch": 1, "step": 1, "due": 9}).memory)


def test_who_acknowledged_a_text_that_has_changed_begins_again_at_the_first_step() -> None:
    old = {"touch": 0, "due": 0, "acknowledged": 1, "stale": 1, "wording": 7}
    standing = after(old, {"touch": 1, "step": 1, "due": 9, "opened": 9, "stale": 1, "wording": 8})
    assert (standing.step[0], standing.tries[0], standing.touch[0]) == (-1, 0, 2)
    assert (standing.messages[0], standing.back[0], standing.wording[0]) == (0, 0, 8)
    assert not standing.acknowledged[0]
    assert standing.sent[0] == DAY + 9
    assert np.isnat(standing.reached[0])
    assert np.isnan(standing.memory.stability[0])


def test_who_never_acknowledged_goes_on_when_a_text_changes() -> None:
    standing = after({"touch": 0, "due": 0, "opened": 2, "stale": 1})
    assert (standing.step[0], standing.messages[0], bool(standing.anew[0])) == (0, 1, False)
    assert standing.reached[0] == DAY + 2


def test_the_new_text_is_what_counts_after_beginning_again() -> None:
    old = {"touch": 0, "step": 3, "due": 0, "acknowledged": 1, "stale": 1}
    standing = after(old, {"touch": 1, "step": 0, "due": 9, "acknowledged": 10})
    assert (standing.step[0], standing.messages[0], standing.acknowledged[0]) == (0, 1, True)


def test_an_old_text_acknowledged_when_the_new_one_is_on_its_way_changes_nothing() -> None:
    old = {"touch": 0, "due": 0, "acknowledged": 12, "stale": 1}
    standing = after(old, {"touch": 1, "step": 0, "due": 9})
    assert (standing.step[0], standing.tries[0], standing.messages[0]) == (0, 2, 2)
    assert not standing.acknowledged[0]
    assert np.isnat(standing.reached[0])


MESSAGES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(0, 40),
        st.sampled_from([None, 0, 1, 3, 15]),
        st.sampled_from([None, 0, 2]),
        st.sampled_from([None, 0, 2]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


@given(MESSAGES, st.integers(-1, 60), st.sampled_from([0, 0, 5, 20, 41]))
def test_folding_up_to_a_day_and_then_on_is_folding_everything(
    drawn: list[tuple[int, int, int, int | None, int | None, int | None, bool, bool]], cut: int, changed: int
) -> None:
    count: dict[tuple[int, int], int] = {}
    messages = []
    for who, point, due, *delays, right, gone in sorted(drawn, key=lambda one: one[2]):
        touch = count[who, point] = count.get((who, point), -1) + 1
        one = {"employee": who, "point": point, "touch": touch, "step": touch // 2, "due": due}
        for name, delay in zip(("opened", "acknowledged", "answered"), delays, strict=True):
            if delay is not None and not gone:
                one[name] = due + delay
        messages.append(one | {"right": int(right), "gone": int(gone), "stale": int(due < changed)})
    everything = log(*messages)
    begin = DAY + cut
    halfway = fold(Standing.fresh(4), everything, TEACHING, EVER, begin)
    late = (everything.due_on >= begin) | (everything.opened >= begin) | (everything.acknowledged >= begin)
    late |= everything.answered >= begin
    piecewise = fold(halfway, everything.rows(late), TEACHING, begin, FOR_EVER)
    whole = fold(Standing.fresh(4), everything, TEACHING)
    for name in (
        "touch",
        "step",
        "tries",
        "messages",
        "back",
        "sent",
        "reached",
        "streak",
        "acknowledged",
        "anew",
    ):
        assert np.array_equal(
            getattr(piecewise, name).astype("int64"), getattr(whole, name).astype("int64")
        ), name
    assert _same(piecewise.memory, whole.memory)


def _same(one: Memory, other: Memory) -> bool:
    return all(
        np.allclose(getattr(one, name), getattr(other, name), rtol=1e-12, equal_nan=True)
        for name in ("stability", "difficulty", "exposed", "step")
    )
