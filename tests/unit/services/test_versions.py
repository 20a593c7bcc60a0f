"""Versions, from the launch to the next message, the page and the tables."""

from dataclasses import replace
from datetime import timedelta

import pytest

from diffuse.domain.delivery import State
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Absence
from diffuse.domain.period import Period
from diffuse.domain.policy import KeyPoint, PolicyChange
from diffuse.domain.schedule import Schedule
from diffuse.ports import Result
from diffuse.services.newer import Newer, newer
from tests.unit.services.given import DAY, MONDAY, Office, campaign, key_point, person
from tests.unit.services.test_export import Sheets, exported

RULE = PolicyChange(kind="material", reason="The rule changed.")
TYPO = PolicyChange(kind="minor", reason="A typo.")
ONCE = Schedule(intervals=(Period(),), introduce_every=Period(days=1), max_resends=0)
"""Each key point is sent once; what comes after was asked again."""

BOTH = ("pause", "disclose")


def reworded(name: str) -> KeyPoint:
    return replace(key_point(name), says=ByLanguage("Autre chose."))


def deliveries(office: Office) -> list[Result]:
    return list(office.results.results())


def acknowledge(office: Office, *which: tuple[str, str]) -> None:
    """Let employees acknowledge the first message of key points."""
    now = office.clock.now()
    for one in deliveries(office):
        if (one.employee, one.key_point) in which and one.touch == 0:
            given = Acknowledgement(
                delivery=one.delivery, policy="conduct", version="1", language="fr", statement="Lu.", at=now
            )
            office.hits.acknowledge(given, now.date())


def days(office: Office, number: int) -> None:
    """Let days pass, each with everything that it sends."""
    for _ in range(number):
        office.day()


def told() -> Office:
    """Three employees were told both key points; ana acknowledged both, bob the second one."""
    office = Office(*(person(name) for name in ("ana", "bob", "zoe")))
    office.launch(campaign(*BOTH, schedule=ONCE))
    days(office, 4)
    assert {(one.employee, one.key_point, one.state) for one in deliveries(office)} == {
        (name, point, State.SENT) for name in ("ana", "bob", "zoe") for point in BOTH
    }
    acknowledge(office, ("ana", "pause"), ("ana", "disclose"), ("bob", "disclose"))
    return office


def again(office: Office) -> list[tuple[str, str]]:
    """Who was sent what a second time."""
    return sorted((one.employee, one.key_point) for one in deliveries(office) if one.touch)


def test_a_minor_version_asks_nobody_again() -> None:
    office = told()
    office.launch(campaign(reworded("pause"), "disclose", version="2", change=TYPO, schedule=ONCE))
    days(office, 10)
    assert again(office) == []
    rows = exported(office).tables["deliveries"]
    assert {row["acknowledgement"] for row in rows if row["acknowledged_at"]} == {"earlier"}


def test_a_material_version_asks_again_those_who_acknowledged_what_changed() -> None:
    office = told()
    office.launch(campaign(reworded("pause"), "disclose", version="2", change=RULE, schedule=ONCE))
    days(office, 10)
    assert again(office) == [("ana", "pause")]
    (asked,) = [one for one in deliveries(office) if one.touch]
    assert (asked.step, asked.state) == (0, State.SENT)


def test_the_new_text_is_asked_until_it_is_acknowledged_and_then_no_more() -> None:
    office = told()
    office.launch(campaign(reworded("pause"), "disclose", version="2", change=RULE, schedule=ONCE))
    days(office, 40)
    assert again(office) == [("ana", "pause")]
    sheets = exported(office)
    standing = {
        (row["employee"], row["touch"]): row["acknowledgement"]
        for row in sheets.tables["deliveries"]
        if row["key_point"] == "pause"
    }
    assert standing == {("ana", 0): "stale", ("ana", 1): "", ("bob", 0): "", ("zoe", 0): ""}
    assert _rate(sheets, "pause") == (0, 3)
    assert _rate(sheets, "disclose") == (2, 3)


def _rate(sheets: Sheets, point: str) -> tuple[object, object]:
    (row,) = [row for row in sheets.tables["key_points"] if row["key_point"] == point]
    return row["acknowledged"], row["asked"]


def test_an_old_text_acknowledged_later_is_stale_and_the_new_one_is_asked() -> None:
    office = told()
    office.launch(campaign(reworded("pause"), "disclose", version="2", change=RULE, schedule=ONCE))
    days(office, 5)
    acknowledge(office, ("zoe", "pause"))
    days(office, 5)
    assert again(office) == [("ana", "pause"), ("zoe", "pause")]


def test_weeks_later_too_an_old_text_acknowledged_late_has_the_new_one_asked() -> None:
    office = told()
    office.launch(campaign(reworded("pause"), "disclose", version="2", change=RULE, schedule=ONCE))
    days(office, 30)
    acknowledge(office, ("zoe", "pause"))
    office.clock.advance(DAY)
    days(office, 5)
    assert again(office) == [("ana", "pause"), ("zoe", "pause")]


def test_those_who_acknowledged_and_have_left_are_not_counted_among_those_asked_again() -> None:
    office = told()
    now = campaign(reworded("pause"), reworded("disclose"), version="2", change=RULE, schedule=ONCE)
    assert [one.asked_again for one in office.revise.announced(now)] == [2]
    office.directory.save([person("ana"), person("bob", ends=MONDAY), person("zoe")])
    assert [one.asked_again for one in office.revise.announced(now)] == [1]
    office.launch(now)
    assert list(office.revise.announced(now)) == []


@pytest.mark.parametrize(("change", "changed"), [(RULE, True), (TYPO, False)])
def test_a_page_tells_of_a_newer_version(change: PolicyChange, changed: bool) -> None:
    office = told()
    first = office.publications.running()[0]
    assert newer(first, [first], "pause") is None
    second = office.launch(campaign(reworded("pause"), "disclose", version="2", change=change, schedule=ONCE))
    running = office.publications.running()
    assert newer(first, running, "pause") == Newer(version="2", changed=changed)
    assert newer(first, running, "disclose") == Newer(version="2", changed=False)
    assert newer(second, running, "pause") is None


def test_what_was_not_acknowledged_becomes_a_negative_receipt_with_its_reason() -> None:
    office = told()
    left = person("zoe", ends=MONDAY + 3 * DAY)
    office.directory.save([person("ana"), person("bob"), left])
    today = office.clock.now().date()
    office.relief.renew(
        [Absence(employee="bob", starts=today, ends=today + timedelta(days=9))], {"bob": today}
    )
    found = {
        (row["person"], row["key_point"]): (row["why"], row["since"], row["version"])
        for row in exported(office).tables["receipts"]
    }
    hidden = office.signer.pseudonym
    gone = ("left", MONDAY + 4 * DAY, "1")
    assert found == {
        (hidden("zoe"), "pause"): gone,
        (hidden("zoe"), "disclose"): gone,
        (hidden("bob"), "pause"): ("on leave", today, "1"),
    }


def test_a_withdrawn_duty_is_a_receipt_of_those_who_had_not_read_it() -> None:
    office = told()
    office.launch(campaign("disclose", schedule=ONCE))
    found = {(row["person"], row["why"]) for row in exported(office).tables["receipts"]}
    assert found == {(office.signer.pseudonym(name), "withdrawn") for name in ("bob", "zoe")}


def test_who_left_after_a_material_change_has_a_receipt_for_the_new_text_and_keeps_the_old_evidence() -> None:
    office = told()
    office.launch(campaign(reworded("pause"), "disclose", version="2", change=RULE, schedule=ONCE))
    days(office, 3)
    today = office.clock.now().date()
    office.directory.save([person("bob"), person("zoe")], end_missing=today - DAY)
    sheets = exported(office)
    hidden = office.signer.pseudonym("ana")
    assert [(row["version"], row["why"]) for row in sheets.tables["receipts"] if row["person"] == hidden] == [
        ("2", "left")
    ]
    assert [row["acknowledgement"] for row in sheets.tables["deliveries"] if row["acknowledged_at"]] == [
        "earlier",
        "stale",
        "earlier",
    ]
