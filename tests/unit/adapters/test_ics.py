"""The calendar file: what importing programs need, and entries that keep their identity."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest

from diffuse.adapters.ics import IcsFile, calendar
from diffuse.domain.campaign import Campaign
from diffuse.domain.desk import Rules
from diffuse.domain.dry_run import foresee
from diffuse.domain.foresight import Foresight
from diffuse.domain.language import ByLanguage
from diffuse.domain.membership import imagined
from diffuse.domain.people import EVERYONE, Audience
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.errors import AuthoringError

NOW = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
MONDAY = date(2027, 1, 11)
TEXT = Text(subject="Un rappel", body="À retenir.")
POINT = KeyPoint(
    id="relay",
    says=ByLanguage(
        fr="Nommez une relève; écrivez-le, dites-le, et redites-le à toutes les personnes du comité.",
        en="Name a substitute; write it down, say it, and say it again to everybody in the committee.",
    ),
    variants=(Variant(register="advice", texts=ByLanguage(TEXT)),),
)
ESSAI = Campaign(
    id="essai",
    title=ByLanguage(fr="Médias sociaux", en="Social media"),
    owner="Ana Roy <ana.roy@universite.example>",
    starts=MONDAY,
    ends=MONDAY + timedelta(days=30),
    languages=("fr", "en"),
    audiences=(EVERYONE, Audience(id="managers", roles=("manager",))),
    policies=(
        Policy(id="usage", title=ByLanguage(fr="Utilisation", en="Usage"), version="1", key_points=(POINT,)),
        Policy(
            id="relief",
            title=ByLanguage(fr="Relève", en="Relief"),
            version="1",
            audience="managers",
            key_points=(replace(POINT, id="vault"),),
        ),
    ),
)


def ahead(one: Campaign = ESSAI) -> Foresight:
    return foresee([(one, ())], Rules(), imagined([one]))


def entries(found: Foresight, now: datetime = NOW) -> list[icalendar.Component]:
    return list(icalendar.Calendar.from_ical(calendar(found, now)).walk("VEVENT"))


def said(event: icalendar.Component) -> str:
    return str(event["DESCRIPTION"])


def test_lines_end_as_the_standard_says_and_are_short_enough() -> None:
    written = calendar(ahead(), NOW)
    assert written.startswith(b"BEGIN:VCALENDAR\r\n")
    assert written.endswith(b"END:VCALENDAR\r\n")
    assert max(map(len, written.split(b"\r\n"))) <= 75
    assert b"\n" not in written.replace(b"\r\n", b"")


def test_a_calendar_has_what_importing_programs_ask_for() -> None:
    read = icalendar.Calendar.from_ical(calendar(ahead(), NOW))
    assert (read["VERSION"], read["METHOD"], read["CALSCALE"]) == ("2.0", "PUBLISH", "GREGORIAN")
    assert read["PRODID"]
    assert not read.errors
    for event in read.walk("VEVENT"):
        assert not event.errors
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= set(event)
        assert event.decoded("DTSTAMP") == NOW


def test_entries_last_a_whole_day_and_keep_nobody_busy() -> None:
    first, *_ = entries(ahead())
    assert (first.decoded("DTSTART"), first.decoded("DTEND")) == (MONDAY, MONDAY + timedelta(days=1))
    assert b"DTSTART;VALUE=DATE:20270111" in first.to_ical()
    assert first["TRANSP"] == "TRANSPARENT"


def test_entries_speak_the_campaigns_first_language() -> None:
    first, *_ = entries(ahead())
    assert first["SUMMARY"] == f"Message 1\u00a0: {POINT.says['fr']}"
    assert "Politique\u00a0: Utilisation" in said(first)
    english, *_ = entries(ahead(replace(ESSAI, languages=("en", "fr"))))
    assert english["SUMMARY"] == f"Message 1: {POINT.says['en']}"
    assert "Policy: Usage" in said(english)


def test_groups_that_get_the_same_on_one_day_share_an_entry() -> None:
    first, *_ = entries(ahead())
    assert "Publics\u00a0: everyone, managers" in said(first)
    vault = [one for one in entries(ahead()) if "vault" in said(one)]
    assert vault
    assert all("Publics\u00a0: managers\n" in said(one) for one in vault)


def test_numbers_of_employees_are_told_when_they_are_known() -> None:
    found = ahead()
    counted = {group: replace(group, employees=7) for group in found.groups}
    touches = tuple(replace(touch, group=counted[touch.group]) for touch in found.touches)
    first, *_ = entries(replace(found, touches=touches))
    assert "everyone (7 personnes), managers (7 personnes)" in said(first)


def test_what_only_silent_employees_get_is_no_entry() -> None:
    found = ahead()
    wanted = {
        (touch.day, touch.key_point) for touch in found.touches if touch.attentive and touch.day is not None
    }
    assert len(entries(found)) == len(wanted)


def test_an_entry_keeps_its_uid_when_its_day_and_the_instant_change() -> None:
    later = replace(ESSAI, starts=MONDAY + timedelta(days=1))
    before, after = entries(ahead()), entries(ahead(later), NOW + timedelta(days=1))
    assert before[0]["UID"] == after[0]["UID"]
    assert before[0].decoded("DTSTART") < after[0].decoded("DTSTART")
    assert len({one["UID"] for one in before}) == len(before)


def test_the_same_campaigns_at_the_same_instant_give_the_same_bytes() -> None:
    assert calendar(ahead(), NOW) == calendar(ahead(), NOW)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    IcsFile(tmp_path / "essai.ics", NOW).write(ahead())
    assert (tmp_path / "essai.ics").read_bytes() == calendar(ahead(), NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["essai.ics"]


def test_a_file_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match=r"essai\.ics cannot be written"):
        IcsFile(tmp_path / "nowhere" / "essai.ics", NOW).write(ahead())
