"""Which posts a campaign asks for, on which days, and what becomes of each without asking its platform."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Audience
from diffuse.domain.period import Period
from diffuse.domain.policy import Text, Variant
from diffuse.domain.post import KEY, LONGEST_KEY
from diffuse.domain.posting import (
    CLOSED,
    DROPPED,
    NO_HOURS,
    SKIPPED,
    Frame,
    Move,
    Posting,
    Wanted,
    dropped,
    entry,
    is_over,
    mail_after,
    moved,
    posted_on,
    variant_of,
    wanted,
)
from diffuse.domain.schedule import Schedule
from diffuse.domain.window import SendWindow
from tests.unit.domain.given import MONDAY, key_point, policy
from tests.unit.domain.given import campaign as plain

DAY = timedelta(days=1)
BOARD = Audience(id="board", roles=("board",), channels=("teams",))
NINE = datetime(2027, 1, 11, 14, tzinfo=UTC)
"""Nine o'clock in Quebec on that Monday: the window opens, and closes at five."""

FIVE = NINE + timedelta(hours=8)
WINDOW = Frame(window=SendWindow())


def campaign(*points: str, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    some = tuple(key_point(name) for name in points or ("a", "b", "c"))
    return plain(**{"policies": (policy(key_points=some),), "channels": ("wordpress", "email")} | changes)


def posting(**changes: Any) -> Posting:  # noqa: ANN401 -- any field
    one = Posting(
        id=1,
        key="k",
        campaign="social-media",
        key_point="a",
        audience="everyone",
        language="fr",
        channel="wordpress",
        publication=1,
        variant="advice",
        wanted_on=MONDAY,
        due_at=NINE,
        not_after=FIVE,
    )
    return replace(one, **changes)


def asked(one: Campaign, day: date = MONDAY) -> Wanted:
    return replace(next(wanted(one)), wanted_on=day)


# --- what is wanted


def test_a_key_point_is_posted_once_for_each_language_and_platform_and_never_by_mail() -> None:
    one = campaign("a", channels=("wordpress", "email", "teams"), languages=("fr", "en"), policies=_english())
    assert [(each.channel, each.language) for each in wanted(one)] == [
        ("wordpress", "fr"),
        ("wordpress", "en"),
        ("teams", "fr"),
        ("teams", "en"),
    ]


def _english() -> tuple[Any, ...]:
    both = Variant(
        register="advice",
        texts=ByLanguage(fr=Text(subject="Un", body="un"), en=Text(subject="One", body="one")),
    )
    return (policy(key_points=(key_point("a", variants=(both,)),)),)


def test_key_points_come_one_after_the_other_in_their_own_audience() -> None:
    points = (
        key_point("a"),
        key_point("x", audience="board"),
        key_point("b"),
        key_point("y", audience="board"),
    )
    one = campaign(policies=(policy(key_points=points),), audiences=(BOARD,))
    days = {each.key_point: (each.channel, (each.wanted_on - MONDAY).days) for each in wanted(one)}
    assert days == {"a": ("wordpress", 0), "x": ("teams", 0), "b": ("wordpress", 3), "y": ("teams", 3)}


def test_the_ladder_begins_with_its_first_interval_and_the_memory_model_without() -> None:
    late = Schedule(intervals=(Period(days=2), Period(days=9)), introduce_every=Period(days=7))
    assert entry(campaign(schedule=late), 1) == MONDAY + 9 * DAY
    assert entry(campaign(schedule=replace(late, policy="fsrs")), 1) == MONDAY + 7 * DAY


def test_months_between_key_points_are_counted_from_the_first_day() -> None:
    monthly = campaign(starts=date(2027, 1, 31), schedule=Schedule(introduce_every=Period(months=1)))
    assert [entry(monthly, place) for place in range(3)] == [
        date(2027, 1, 31),
        date(2027, 2, 28),
        date(2027, 3, 31),
    ]


def test_a_key_point_of_an_occasion_is_never_posted() -> None:
    points = (key_point("away", occasion="handover"), key_point("a"))
    one = campaign(policies=(policy(key_points=points),))
    assert [(each.key_point, each.wanted_on) for each in wanted(one)] == [("a", MONDAY)]


def test_a_platform_that_is_the_fall_back_comes_so_long_after_the_others() -> None:
    one = campaign("a", channels=("email", "teams", "wordpress"), fall_back_after=Period(days=5))
    assert [(each.channel, each.wanted_on, each.falls_back) for each in wanted(one)] == [
        ("teams", MONDAY, False),
        ("wordpress", MONDAY + 5 * DAY, True),
    ]
    assert mail_after(one) == {}


def test_mail_that_is_the_fall_back_waits_after_the_day_of_each_key_point() -> None:
    one = campaign(fall_back_after=Period(days=5))
    assert mail_after(one) == {"a": MONDAY, "b": MONDAY + 3 * DAY, "c": MONDAY + 6 * DAY}
    assert [each.falls_back for each in wanted(one)] == [False] * 3


def test_a_campaign_by_mail_alone_asks_for_no_post() -> None:
    assert list(wanted(campaign(channels=("email",)))) == []


def test_a_key_is_always_the_same_and_differs_with_each_of_the_five() -> None:
    one = Wanted(campaign="c", key_point="p", audience="a", language="fr", channel="teams", wanted_on=MONDAY)
    assert one.key == replace(one, wanted_on=MONDAY + DAY, falls_back=True).key
    others = [
        replace(one, campaign="x"),
        replace(one, key_point="x"),
        replace(one, audience="x"),
        replace(one, language="x"),
        replace(one, channel="x"),
    ]
    assert len({one.key, *(each.key for each in others)}) == 6


NAME = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)


@over(NAME, NAME, NAME, st.sampled_from(["fr", "en"]))
def test_every_key_is_one_that_the_strictest_platform_takes(
    campaign: str, point: str, audience: str, language: str
) -> None:
    one = Wanted(
        campaign=campaign,
        key_point=point,
        audience=audience,
        language=language,
        channel="google-chat/a",
        wanted_on=MONDAY,
    )
    assert KEY.fullmatch(one.key)
    assert len(one.key) <= LONGEST_KEY


def test_a_post_keeps_its_register_as_long_as_that_is_written() -> None:
    texts = ByLanguage(fr=Text(subject="Un", body="un"))
    both = key_point(
        "a", variants=(Variant(register="legal", texts=texts), Variant(register="advice", texts=texts))
    )
    assert variant_of(both, "fr") == "legal"
    assert variant_of(both, "fr", "advice") == "advice"
    assert variant_of(both, "fr", "story") == "legal"


# --- when it may be published


def test_the_next_open_hours_are_those_of_the_campaigns_zone_windows_and_holidays() -> None:
    one = campaign(time_zone="America/Vancouver")
    frame = Frame(window=SendWindow(days=("monday", "thursday")), holidays={date(2027, 1, 14)})
    slot = frame.slot(one, MONDAY + DAY, NINE)
    assert slot is not None
    assert slot[0] == datetime(2027, 1, 18, 17, tzinfo=UTC)


def test_of_a_day_that_is_not_over_what_is_left_still_counts() -> None:
    assert WINDOW.slot(campaign(), MONDAY, FIVE - DAY / 86400) == (NINE, FIVE)
    assert WINDOW.slot(campaign(), MONDAY, FIVE) == (NINE + DAY, FIVE + DAY)


def test_a_post_wanted_in_the_past_comes_today() -> None:
    assert WINDOW.slot(campaign(), MONDAY - 30 * DAY, NINE) == (NINE, FIVE)


def test_after_the_last_day_and_in_a_window_that_is_never_open_there_are_no_hours() -> None:
    assert WINDOW.slot(campaign(ends=MONDAY), MONDAY, FIVE) is None
    assert Frame(window=None).slot(campaign(), MONDAY, NINE) is None
    assert (
        Frame(window=SendWindow(), holidays={MONDAY + n * DAY for n in range(400)}).slot(
            campaign(), MONDAY, NINE
        )
        is None
    )


def test_days_that_are_taken_are_left_out() -> None:
    assert WINDOW.free(campaign(), NINE, {MONDAY, MONDAY + DAY}) == (NINE + 2 * DAY, FIVE + 2 * DAY)
    assert WINDOW.free(campaign(ends=MONDAY + DAY), NINE, {MONDAY, MONDAY + DAY}) is None


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (NINE - DAY / 86400, False),
        (NINE, True),
        (FIVE - DAY / 86400, True),
        (FIVE, False),
        (NINE + 5 * DAY, False),
    ],
)
def test_posts_change_within_the_window_alone(at: datetime, is_open: bool) -> None:
    assert WINDOW.is_open(campaign(), at) is is_open


def test_an_hour_that_the_clocks_skip_leaves_no_window_on_that_day() -> None:
    gap = Frame(window=SendWindow(days=("sunday", "monday"), opens=time(2, 10), closes=time(2, 50)))
    slot = gap.slot(campaign(), date(2027, 3, 14), datetime(2027, 3, 14, 1, tzinfo=UTC))
    assert slot is not None
    assert slot[0] == datetime(2027, 3, 15, 6, 10, tzinfo=UTC)


# --- what becomes of it


def test_within_its_hours_nothing_becomes_of_a_post() -> None:
    one = campaign()
    assert moved(one, WINDOW, posting(), asked(one), FIVE - DAY / 86400) is None
    assert moved(one, WINDOW, posting(state=State.SENT, sent_at=NINE), asked(one), FIVE + DAY) is None


def test_a_window_that_closed_gives_the_next_one_with_the_platforms_words() -> None:
    one = campaign()
    move = moved(one, WINDOW, posting(reason="503 Busy; come back"), asked(one), FIVE)
    assert move == Move(
        was=State.PLANNED,
        state=State.PLANNED,
        reason="the window of 2027-01-11 closed before it could be published; 503 Busy; come back",
        due_at=NINE + DAY,
        not_after=FIVE + DAY,
    )


def test_a_reason_does_not_grow_with_every_window_that_closes() -> None:
    one, row = campaign(), posting(reason="503 Busy; come back")
    for day in range(1, 5):
        move = moved(one, WINDOW, row, asked(one), FIVE + (day - 1) * DAY)
        assert move is not None
        assert move.due_at
        assert move.not_after
        row = replace(row, reason=move.reason, due_at=move.due_at, not_after=move.not_after)
    assert row.reason == "the window of 2027-01-14 closed before it could be published; 503 Busy; come back"
    bare = moved(
        one,
        WINDOW,
        posting(reason="the window of 2027-01-10 closed before it could be published"),
        asked(one),
        FIVE,
    )
    assert bare is not None
    assert bare.reason == "the window of 2027-01-11 closed before it could be published"


def test_a_platform_that_asks_to_be_left_alone_for_days_is() -> None:
    one, until = campaign(), NINE + 3 * DAY + timedelta(hours=2)
    move = moved(one, WINDOW, posting(due_at=until), asked(one), FIVE)
    assert move is not None
    assert (move.due_at, move.not_after) == (until, FIVE + 3 * DAY)


def test_a_day_on_which_its_readers_get_another_post_is_left_out() -> None:
    one = campaign()
    move = moved(one, WINDOW, posting(), asked(one), FIVE, {MONDAY + DAY})
    assert move is not None
    assert move.due_at == NINE + 2 * DAY


def test_a_campaign_that_skips_what_is_late_does_but_not_against_an_operator() -> None:
    one = campaign(late="skip")
    move = moved(one, WINDOW, posting(), asked(one), FIVE)
    assert move is not None
    assert (move.state, move.reason) == (State.EXPIRED, SKIPPED)
    wished = moved(
        one,
        WINDOW,
        posting(due_at=NINE + DAY, not_after=NO_HOURS, reason="Ana asks"),
        asked(one),
        NINE + DAY,
    )
    assert wished is not None
    assert (wished.state, wished.reason, wished.not_after) == (State.PLANNED, "Ana asks", FIVE + DAY)


def test_a_campaign_that_is_launched_again_with_a_later_day_is_waited_for() -> None:
    one = campaign()
    move = moved(one, WINDOW, posting(), asked(one, MONDAY + 7 * DAY), NINE)
    assert move is not None
    assert (move.due_at, move.not_after) == (NINE + 7 * DAY, FIVE + 7 * DAY)
    there = posting(due_at=NINE + 7 * DAY, not_after=FIVE + 7 * DAY)
    assert moved(one, WINDOW, there, asked(one, MONDAY + 7 * DAY), NINE) is None


def test_while_there_are_no_more_hours_a_post_waits_for_the_last_day_to_pass() -> None:
    one = campaign(ends=MONDAY)
    assert moved(one, WINDOW, posting(), asked(one), FIVE) is None
    after = dropped(one, posting(), asked(one), FIVE + DAY)
    assert (after.state, "2027-01-11" in after.reason) == (State.EXPIRED, True)
    assert dropped(one, posting(), None, FIVE + DAY) == Move(
        was=State.PLANNED, state=State.CANCELLED, reason=DROPPED
    )


def test_a_post_stays_as_long_as_its_campaign_says() -> None:
    row = posting(state=State.SENT, sent_at=NINE)
    assert not is_over(campaign(), row, NINE + 999 * DAY)
    short = campaign(withdraw_after=Period(days=30))
    assert not is_over(short, row, NINE + 30 * DAY - timedelta(hours=10))
    assert is_over(short, row, NINE + 30 * DAY - timedelta(hours=9))
    assert not is_over(short, posting(), NINE + 999 * DAY)
    changed_on = MONDAY + 40 * DAY
    assert not is_over(short, row, NINE + 69 * DAY, changed_on)
    assert is_over(short, row, NINE + 70 * DAY, changed_on)
    ended = campaign(ends=MONDAY)
    assert (is_over(ended, row, FIVE), is_over(ended, row, FIVE + DAY)) == (False, True)


def test_people_can_read_what_stands_and_what_may_be_there() -> None:
    assert not posting().may_be_read
    assert posting(state=State.SENDING).may_be_read
    assert posting(state=State.UNKNOWN).may_be_read
    anew = posting(state=State.PLANNED, sent_at=NINE)
    assert (anew.may_be_read, anew.stands) == (True, False)
    gone = posting(state=State.SENT, sent_at=NINE, withdrawn_at=FIVE)
    assert (gone.may_be_read, gone.stands, gone.standing) == (False, False, "withdrawn")


# --- for mail that waits after it


def came(one: Campaign, *rows: Posting, today: int, renewed: Any = None) -> dict[str, int]:  # noqa: ANN401
    found = posted_on(one, rows, MONDAY + today * DAY, renewed or {})
    return {name: (day - MONDAY).days for name, day in found.items()}


def rows_of(one: Campaign, **changes: Any) -> list[Posting]:  # noqa: ANN401 -- any field
    return [
        posting(
            key=each.key, key_point=each.key_point, channel=each.channel, wanted_on=each.wanted_on, **changes
        )
        for each in wanted(one)
    ]


FALLS = {"channels": ("wordpress", "email"), "fall_back_after": Period(days=5)}


def test_a_post_came_on_the_day_of_its_publication() -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(one, state=State.SENT, sent_at=NINE + 2 * DAY)
    assert came(one, row, today=9) == {"a": 2}
    assert came(one, replace(row, withdrawn_at=NINE + 3 * DAY), today=9) == {"a": 2}


def test_a_post_that_came_counts_from_its_day_although_the_campaign_wants_it_later_by_now() -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(one, state=State.SENT, sent_at=NINE)
    assert came(replace(one, starts=MONDAY + 7 * DAY), row, today=9) == {"a": 0}


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING])
def test_a_post_that_waits_for_its_platform_comes_today(state: State) -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(one, state=state)
    assert came(one, row, today=4) == {"a": 4}


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING])
def test_mail_waits_for_a_platform_in_trouble_no_longer_than_it_was_to_wait_for_readers(state: State) -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(
        one, state=state, reason="the window of 2027-01-04 closed before it could be published; 503"
    )
    assert came(one, row, today=4) == {"a": 4}
    assert came(one, row, today=5) == {"a": 0}
    assert came(one, replace(row, reason=CLOSED.format(day=MONDAY)), today=9) == {"a": 9}


def test_what_waits_behind_a_post_in_trouble_is_given_up_as_it_is() -> None:
    one = campaign(**FALLS)
    row = rows_of(one, state=State.PLANNED, reason="503")[0]
    assert [(each.wanted_on - MONDAY).days for each in wanted(one)] == [0, 3, 6]
    assert came(one, row, today=9) == {"a": 0, "b": 3, "c": 9}
    assert came(one, replace(row, reason=""), today=9) == {"a": 9, "b": 9, "c": 9}


def test_a_change_that_a_platform_in_trouble_does_not_show_counts_from_its_day() -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(one, state=State.SENT, sent_at=NINE, publication=1, reason="503")
    renewed = {"a": (2, MONDAY + 20 * DAY)}
    assert came(one, row, today=24, renewed=renewed) == {"a": 24}
    assert came(one, row, today=25, renewed=renewed) == {"a": 20}


@pytest.mark.parametrize("state", [State.FAILED, State.UNKNOWN, State.EXPIRED, State.CANCELLED])
def test_a_post_that_cannot_come_counts_as_wanted(state: State) -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(one, state=state)
    assert came(one, row, today=4) == {"a": 0}


def test_a_post_of_a_backlog_that_waits_for_its_turn_comes_today() -> None:
    one = campaign(**FALLS)
    rows = rows_of(one, state=State.SENT, sent_at=NINE + 20 * DAY)[:1]
    assert came(one, *rows, today=20) == {"a": 20, "b": 20, "c": 20}


def test_of_a_post_that_is_wanted_later_nothing_is_said_yet() -> None:
    one = campaign(**FALLS)
    assert came(one, *rows_of(one, state=State.SENT, sent_at=NINE)[:1], today=1) == {"a": 0}


def test_of_several_platforms_the_first_counts() -> None:
    one = campaign("a", channels=("wordpress", "teams", "email"), fall_back_after=Period(days=5))
    up, down = rows_of(one)
    up = replace(up, state=State.SENT, sent_at=NINE + DAY)
    assert came(one, up, down, today=4) == {"a": 1}


def test_a_post_that_is_not_asked_for_any_more_does_not_count() -> None:
    one = campaign("a", **FALLS)
    gone = posting(key="elsewhere", key_point="a", state=State.SENT, sent_at=NINE, withdrawn_at=FIVE)
    assert came(one, gone, today=4) == {"a": 4}


def test_a_text_that_has_changed_materially_comes_anew() -> None:
    one = campaign("a", **FALLS)
    (row,) = rows_of(one, state=State.SENT, sent_at=NINE)
    renewed = {"a": (3, MONDAY + 20 * DAY)}
    assert came(one, row, today=21, renewed=renewed) == {"a": 21}
    assert came(one, replace(row, publication=3), today=22, renewed=renewed) == {"a": 20}
    first = replace(row, publication=3, sent_at=NINE + 21 * DAY)
    assert came(one, first, today=22, renewed=renewed) == {"a": 21}
