"""What is measured of a message is decided when it is planned, and by the strictest word."""

from dataclasses import replace

import pytest

from diffuse.domain.attention import Attention
from diffuse.domain.events import Kind
from diffuse.domain.message import PIXEL_URL, link_slot
from diffuse.domain.tracking import Tracking
from diffuse.services.record import Record
from tests.unit.services.given import EARLY, Office, campaign, person
from tests.unit.services.test_grouped import exported

OFF, COUNTED = Tracking(opens="off", clicks="off"), Tracking(opens="aggregate", clicks="aggregate")


def planned(office: Office) -> dict[str, tuple[str, str]]:
    office.plan.run()
    return {row.employee: (row.opens, row.clicks) for row in office.rows()}


def test_the_strictest_of_organisation_campaign_and_person_stands_on_the_delivery() -> None:
    office = Office(person("ana"), person("bob", tracking="off"), person("eve", tracking="named"))
    office.house.publish(Attention(tracking=Tracking(clicks="aggregate")), EARLY)
    office.launch(campaign(tracking=Tracking(opens="aggregate")))
    assert planned(office) == {
        "ana": ("aggregate", "aggregate"),
        "bob": ("off", "off"),
        "eve": ("aggregate", "aggregate"),
    }


def test_a_message_is_sent_with_what_its_delivery_allows() -> None:
    office = Office(person("ana"), person("bob", tracking="off"))
    office.launch(campaign())
    office.day()
    sent = {one.email.partition("@")[0]: one for one in office.channel.accepted}
    assert {PIXEL_URL, link_slot(0)} <= sent["ana"].values.keys()
    assert not {PIXEL_URL, link_slot(0)} & sent["bob"].values.keys()
    assert "https://universite.example/regle" in str(sent["bob"].baked.text[-1])


def test_it_stays_as_it_was_planned_when_the_organisation_allows_more_later() -> None:
    office = Office(person("ana"))
    office.house.publish(Attention(tracking=OFF), EARLY)
    office.launch(campaign())
    assert planned(office) == {"ana": ("off", "off")}
    office.house.publish(Attention(), EARLY)
    assert planned(office) == {"ana": ("off", "off")}


def test_a_message_that_gets_another_day_gets_what_is_allowed_then() -> None:
    office = Office(person("ana"))
    office.launch(campaign())
    assert planned(office) == {"ana": ("named", "named")}
    office.directory.save([replace(person("ana"), tracking="off")])
    office.clock.set(EARLY.replace(day=EARLY.day + 1))
    assert planned(office) == {"ana": ("off", "off")}


@pytest.mark.parametrize("number", [4, 6])
def test_hits_counted_without_a_person_are_told_of_groups_and_not_of_small_ones(number: int) -> None:
    office = Office(*(person(f"e{one}") for one in range(number)), smallest_group=5)
    office.launch(campaign(tracking=COUNTED))
    office.day()
    record = Record(
        hits=office.hits, publications=office.publications, clock=office.clock, signer=office.signer
    )
    for row in office.rows():
        token = office.signer.address("open", row.delivery).rpartition("/")[2].removesuffix(".gif")
        record.opened(token)
    sheets = exported(office)
    assert {row["opened_at"] for row in sheets.tables["deliveries"]} == {None}
    (line,) = sheets.tables["key_points"]
    told = (line["counted_opens"], line["suppressed"])
    assert told == ((None, "group") if number < 5 else (number, ""))


def test_opens_of_the_few_who_are_measured_by_name_are_not_told_of_a_larger_group() -> None:
    office = Office(*(person(f"e{one}", tracking="off") for one in range(8)), person("ana"), smallest_group=5)
    office.launch(campaign())
    office.day()
    number = next(row.delivery for row in office.rows() if row.employee == "ana")
    shown = office.hits.shown(number)
    assert shown is not None
    assert shown.tracking.of(Kind.OPENED) == "named"
    (line,) = exported(office).tables["key_points"]
    assert (line["messages"], line["opened"], line["open_rate"]) == (9, None, None)
    assert line["suppressed"] == "opens clicks"
