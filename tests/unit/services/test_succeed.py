"""Absence and succession through whole days: who gets what while somebody is away."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Absence, Audience
from diffuse.domain.policy import KeyPoint, Text, Variant
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.succession import Duty
from diffuse.domain.window import SendWindow
from diffuse.errors import AuthoringError
from diffuse.services.page import statement
from diffuse.services.succeed import Relieved
from tests.unit.services.given import DAY, MONDAY, Office, campaign, key_point, person

DUTY = Duty(role="crisis-cell", duty="Answer the press", holder="ana", substitute="bob")
CRISIS = Audience(id="crisis", roles=("crisis-cell",))


def handover() -> KeyPoint:
    text = Text(subject="À vous", body="{{ occasion.about }} s'absente : {{ occasion.duty }}.")
    return key_point(
        "take-over",
        occasion="handover",
        variants=(Variant(register="advice", texts=ByLanguage(fr=text, en=text)),),
    )


def office(**changes: Any) -> Office:  # noqa: ANN401 -- any field of a campaign
    place = Office(person("ana", roles=("crisis-cell",)), person("bob"), person("eve"))
    place.launch(
        campaign(
            key_point("call", audience="crisis"),
            *((key_point("pause"),) if "audiences" in changes else ()),
            handover(),
            **{"audiences": (Audience(id="everyone"), CRISIS), **changes},
        )
    )
    place.succeed.assign({2: DUTY})
    return place


def away(name: str, starts: int, ends: int) -> Absence:
    return Absence(employee=name, starts=MONDAY + starts * DAY, ends=MONDAY + ends * DAY)


def only(place: Office) -> Relieved:
    (one,) = place.succeed.report()
    return one


def sent(place: Office) -> list[tuple[str, str, date]]:
    return [(row.employee, row.key_point, row.due_on) for row in place.rows() if row.state == "sent"]


def test_a_named_substitute_is_trained_before_anybody_is_away() -> None:
    place = office()
    place.day()
    assert sent(place) == [("ana", "call", MONDAY), ("bob", "call", MONDAY)]
    assert only(place).gap == "the substitute has not acknowledged 1 of the role's 1 key points"


def test_the_substitute_hears_of_the_absence_on_its_first_day_and_once() -> None:
    place = office()
    place.succeed.absent({2: away("ana", 2, 9)})
    for _ in range(7):
        place.day()
    assert [row for row in sent(place) if row[1] == "take-over"] == [("bob", "take-over", MONDAY + 2 * DAY)]
    place.succeed.absent({2: away("ana", 2, 20)})  # prolonged
    place.day()
    assert len([row for row in sent(place) if row[1] == "take-over"]) == 1
    (row,) = [row for row in place.rows() if row.key_point == "take-over"]
    handover_now = only(place)
    assert handover_now.handover is not None
    assert (handover_now.handover.starts, handover_now.passed.sent_at) == (MONDAY + 2 * DAY, row.sent_at)
    assert [
        one.values["occasion.about"] for one in place.channel.accepted if one.delivery == row.delivery
    ] == ["Ana Roy"]
    assert [
        one.values["occasion.duty"] for one in place.channel.accepted if one.delivery == row.delivery
    ] == ["Answer the press"]


def test_who_is_away_gets_nothing_and_what_was_planned_waits_with_its_reason() -> None:
    place = office()
    place.succeed.absent({2: away("ana", 0, 4)})
    for _ in range(5):
        place.day()
    assert [row for row in sent(place) if row[0] == "ana"] == []
    (held,) = [row for row in place.rows() if row.employee == "ana"]
    assert (held.state, held.reason) == ("held", "the employee is away")
    for _ in range(4):
        place.day()
    (done,) = [row for row in place.rows() if row.employee == "ana"]
    assert (done.state, done.wanted_on, done.delayed_by) == ("sent", MONDAY, "the employee is away")
    assert done.due_on > MONDAY + 4 * DAY


def test_an_absence_that_is_cancelled_before_the_window_opens_is_told_to_nobody() -> None:
    place = office()
    place.succeed.absent({2: away("ana", 0, 4)})
    place.plan.run()
    (planned,) = [row for row in place.rows() if row.key_point == "take-over"]
    place.succeed.absent({})
    place.day()
    (row,) = [row for row in place.rows() if row.key_point == "take-over"]
    assert (planned.state, row.state, row.reason) == (
        "planned",
        "cancelled",
        "what it was for has passed",
    )


def test_a_handover_that_is_cancelled_and_then_true_after_all_is_told() -> None:
    place = office()
    for absences in ({2: away("ana", 0, 4)}, {}, {2: away("ana", 0, 4)}):
        place.succeed.absent(absences)
        place.plan.run()
    place.day()
    assert [row[1] for row in sent(place) if row[0] == "bob"] == ["take-over"]


def test_a_weekend_that_becomes_a_week_is_told_on_monday() -> None:
    window = SendWindow(days=("monday", "tuesday", "wednesday", "thursday", "friday"))
    place = office(send_window=window)
    place.clock.advance(5 * DAY)  # Saturday
    place.succeed.absent({2: away("ana", 5, 6)})
    place.day()
    place.succeed.absent({2: away("ana", 5, 11)})
    place.day()
    place.day()
    assert [row[2] for row in sent(place) if row[1] == "take-over"] == [MONDAY + 7 * DAY]


def test_a_role_that_somebody_has_for_another_closes_no_audience_to_them() -> None:
    place = office(
        audiences=(Audience(id="everyone", exclude_roles=("crisis-cell",)), CRISIS),
    )
    for _ in range(12):
        place.day()
    assert {row[1] for row in sent(place) if row[0] == "bob"} == {"call", "pause"}
    assert {row[1] for row in sent(place) if row[0] == "ana"} == {"call"}


def test_the_confirmation_says_which_duty_is_taken_over_and_whose() -> None:
    place = office()
    place.succeed.absent({2: away("ana", 0, 4)})
    place.day()
    (row,) = [row for row in place.rows() if row.key_point == "take-over"]
    shown = place.hits.shown(row.delivery)
    assert shown is not None
    assert (shown.about, shown.duty) == ("Ana Roy", "Answer the press")
    policy, point = campaign(handover()).key_point("take-over")
    assert statement(policy, point, shown).endswith("J’assure la relève de Ana Roy\u00a0: Answer the press.")


def test_a_second_absence_is_a_handover_of_its_own() -> None:
    place = office()
    place.succeed.absent({2: away("ana", 0, 1), 3: away("ana", 8, 9)})
    for _ in range(12):
        place.day()
    assert [row[2] for row in sent(place) if row[1] == "take-over"] == [MONDAY, MONDAY + 8 * DAY]


def test_without_a_message_for_handovers_a_duty_passes_on_all_the_same() -> None:
    place = Office(person("ana", roles=("crisis-cell",)), person("bob"))
    place.succeed.assign({2: DUTY})
    place.succeed.absent({2: away("ana", 0, 1)})
    assert place.succeed.pass_on() == {"bob": {"crisis-cell"}}
    one = only(place)
    assert one.handover is not None
    assert one.gap == "no running campaign has a key point for this role"


def test_the_manager_of_who_cannot_be_reached_hears_of_it_once() -> None:
    reminder = key_point("a-word", occasion="reminder", acknowledge=False)
    place = Office(person("ana"), person("bob", manager="ana"))
    place.launch(
        campaign(
            "pause",
            reminder,
            schedule=Schedule(max_resends=9),
            targets=Targets(acknowledged_by=MONDAY + 60 * DAY, reach=0.5, escalate="manager"),
        )
    )
    for _ in range(30):
        place.day()
        for row in place.rows():
            if row.employee == "ana" and row.state == "sent" and row.opened_at is None:
                place.acknowledge(row)
    found = [row for row in place.rows() if row.key_point == "a-word"]
    assert [(row.employee, row.state) for row in found] == [("ana", "sent")]


@pytest.mark.parametrize("kind", ["absences", "duties"])
def test_a_list_that_names_a_stranger_is_refused_whole(kind: str) -> None:
    place = office()
    absences = {2: away("ana", 0, 1), 3: away("evee", 0, 1)}
    duties = {3: Duty(role="x", duty="y", holder="eve", substitute="evee")}
    take: dict[str, Callable[[], object]] = {
        "absences": partial(place.succeed.absent, absences, "a.csv"),
        "duties": partial(place.succeed.assign, duties, "a.csv"),
    }
    with pytest.raises(AuthoringError) as refused:
        take[kind]()
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.suggestion) == ("a.csv", 3, "eve")
    assert place.relief.absences() == ()
    assert place.relief.duties() == (DUTY,)


def test_one_employees_absences_are_read_and_replaced() -> None:
    place = office()
    assert place.succeed.absent_one("eve", [away("eve", 0, 3), away("eve", 4, 6)]) == (away("eve", 0, 6),)
    place.clock.advance(timedelta(days=3))
    assert place.succeed.absent_one("eve", []) == (away("eve", 0, 2),)
    assert place.succeed.absences_of("eve") == (away("eve", 0, 2),)
    with pytest.raises(KeyError):
        place.succeed.absences_of("zoe")
