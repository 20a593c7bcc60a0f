"""The intranet and mail together, day by day: who is mailed, and when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from diffuse.domain.delivery import State
from diffuse.domain.period import Period
from diffuse.domain.policy import MATERIAL, PolicyChange
from diffuse.domain.post import Refused, Retry
from diffuse.domain.schedule import Schedule
from diffuse.domain.window import WEEKDAYS, SendWindow
from tests.unit.services.given import DAY, EARLY, Office, campaign, key_point, person
from tests.unit.services.reading import acknowledge, visit

FALLS: dict[str, Any] = {
    "channels": ("wordpress", "email"),
    "fall_back_after": Period(days=5),
    "languages": ("fr",),
}
HOUR = timedelta(hours=1)
EIGHT = 8
EVERY_DAY = SendWindow(days=WEEKDAYS)


def office(*points: Any, **changes: Any) -> Office:  # noqa: ANN401 -- any field
    here = Office(person("ana"), person("bob"))
    here.launch(campaign(*points, **FALLS | {"send_window": EVERY_DAY} | changes))
    return here


def live(
    here: Office, days: int, then: Callable[[int, int], None] = lambda _day, _hour: None
) -> dict[int, list[str]]:
    """Let so many days pass, a beat every hour; return to whom something was mailed on which day, from 1."""
    mailed: dict[int, list[str]] = {}
    begins = here.clock.now()
    for day in range(1, days + 1):
        before = len(here.channel.accepted)
        for hour in range(11):
            here.clock.set(begins + (day - 1) * DAY + hour * HOUR)
            here.beat.run()
            then(day, EIGHT + hour)
        if new := [one.email.partition("@")[0] for one in here.channel.accepted[before:]]:
            mailed[day] = sorted(new)
    here.clock.set(begins + days * DAY)
    return mailed


def test_a_post_on_the_first_day_and_mail_from_the_sixth_to_those_who_have_not_acknowledged() -> None:
    here = office()

    def read(day: int, hour: int) -> None:
        if (day, hour) == (2, 10):
            acknowledge(here, "ana")

    mailed = live(here, 12, read)
    assert [row.sent_at for row in here.postings.all()] == [EARLY + HOUR]
    assert set(here.platforms["wordpress"].posts) == {row.key for row in here.postings.all()}
    assert min(mailed) == 6
    assert {name for names in mailed.values() for name in names} == {"bob"}


def test_seeing_the_post_without_a_word_does_not_spare_the_mail() -> None:
    here = office()

    def look(day: int, hour: int) -> None:
        if (day, hour) == (1, 10):
            visit(here, "ana")

    mailed = live(here, 7, look)
    assert mailed[6] == ["ana", "bob"]


def test_acknowledging_on_the_very_morning_spares_the_mail_of_the_day() -> None:
    here = office()

    def read(day: int, hour: int) -> None:
        if (day, hour) == (6, EIGHT):
            acknowledge(here, "ana")

    assert live(here, 6, read) == {6: ["bob"]}
    mail = [row for row in here.rows() if (row.employee, row.channel) == ("ana", "email")]
    assert [row.state for row in mail] == ["cancelled"]


def test_while_the_platform_is_down_mail_waits_until_so_long_after_the_post_really_came() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Retry(HOUR, "nobody answers")] * 24  # of three days, hour by hour
    mailed = live(here, 9)
    assert [row.sent_at for row in here.postings.all()] == [EARLY + 3 * DAY + HOUR]
    assert mailed == {9: ["ana", "bob"]}


def test_a_platform_that_stays_down_holds_up_no_mail_and_its_post_comes_when_it_can() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Retry(HOUR, "nobody answers")] * 63  # seven days, hour by hour
    assert live(here, 6) == {6: ["ana", "bob"]}
    assert [row.state for row in here.postings.all()] == [State.PLANNED]
    assert live(here, 3) == {}
    assert [row.state for row in here.postings.all()] == [State.SENT]


def test_a_post_that_is_refused_lets_mail_go_so_long_after_it_was_wanted() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Refused("403 Forbidden")]
    mailed = live(here, 7)
    assert (min(mailed), mailed[6]) == (6, ["ana", "bob"])


def test_without_a_fall_back_both_come_at_once() -> None:
    here = office(channels=("email", "wordpress"), fall_back_after=Period())
    mailed = live(here, 1)
    assert mailed == {1: ["ana", "bob"]}
    assert [row.state for row in here.postings.all()] == [State.SENT]


def test_mail_of_a_backlog_waits_for_the_turn_of_each_post() -> None:
    here = office("a", "b", "c", schedule=Schedule(introduce_every=Period(days=1)))
    here.clock.advance(14 * DAY)
    live(here, 9)
    posted = {row.key_point: row.sent_at for row in here.postings.all()}
    first: dict[str, Any] = {}
    for row in sorted(here.rows(), key=lambda one: one.due_on):
        first.setdefault(row.key_point, row.due_on)
    for point, day in first.items():
        came = posted[point]
        assert came is not None
        assert (day - came.date()).days >= 5
    assert len(first) == 3


@pytest.mark.parametrize("material", [True, False])
def test_only_after_a_material_change_is_whoever_acknowledged_asked_again(material: bool) -> None:
    here = office()

    def read(day: int, hour: int) -> None:
        if (day, hour) == (2, 10):
            acknowledge(here, "ana")
            acknowledge(here, "bob")

    assert live(here, 8, read) == {}
    point = replace(key_point("other-words"), id="pause")
    change = PolicyChange(kind=MATERIAL, reason="It says more.") if material else None
    version = "2" if material else "1"
    here.launch(campaign(point, version=version, change=change, send_window=EVERY_DAY, **FALLS))
    mailed = live(here, 7)
    (row,) = here.postings.all()
    assert (row.publication, row.updated_at) == (2, EARLY + 8 * DAY + HOUR)
    assert mailed == ({6: ["ana", "bob"]} if material else {})


def test_a_post_takes_nothing_of_the_attention_that_mail_may_take() -> None:
    here = office(
        "a", "b", channels=("email", "wordpress"), fall_back_after=Period(), max_messages_per_week=1
    )

    def look(day: int, hour: int) -> None:
        if (day, hour) == (1, 10):
            visit(here, "ana")

    mailed = live(here, 8, look)
    assert mailed[1] == ["ana", "bob"]
    assert mailed[8] == ["ana", "bob"]
