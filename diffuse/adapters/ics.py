"""Calendars that Outlook, Google Calendar and others import."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from icalendar import Calendar, Event

from diffuse.domain.campaign import Campaign
from diffuse.domain.foresight import Foresight, Touch
from diffuse.domain.membership import UNKNOWN, Group
from diffuse.errors import AuthoringError

WORDS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "colon": "\u00a0: ",
        "campaign": "Campagne",
        "policy": "Politique",
        "key point": "Point clé",
        "audiences": "Publics",
        "message": "Message",
        "wording": "Formulation",
        "reason": "Reporté du",
        "people": "personnes",
    },
    "en": {
        "colon": ": ",
        "campaign": "Campaign",
        "policy": "Policy",
        "key point": "Key point",
        "audiences": "Audiences",
        "message": "Message",
        "wording": "Wording",
        "reason": "Moved from",
        "people": "people",
    },
}
"""What an entry says, by the campaign's first language."""


class IcsFile:
    """Writes what will be sent as an .ics file, whole or not at all: an entry for each day and key point.

    An entry keeps its UID when the message moves to another day, so that to import a new file moves it too.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        """Take the file, and the instant at which it is made."""
        self._path = path
        self._now = now

    def write(self, foresight: Foresight) -> None:
        """Write the messages to employees who react."""
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            part.write_bytes(calendar(foresight, self._now))
            os.replace(part, self._path)  # noqa: PTH105 -- the atomic one
        except OSError as error:
            raise AuthoringError.of(
                f"{self._path} cannot be written: {error.strerror}", "a file that may be written"
            ) from error
        finally:
            with suppress(OSError):
                part.unlink()


def calendar(foresight: Foresight, now: datetime) -> bytes:
    """Return the calendar of the messages to employees who react, made at ``now``."""
    made = Calendar()
    made.add("prodid", "-//diffuse//calendar//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    titles = [campaign.title[campaign.languages[0]] for campaign in foresight.campaigns]
    made.add("x-wr-calname", ", ".join(titles))
    campaigns = {campaign.id: campaign for campaign in foresight.campaigns}
    for day, number, touches in _entries(foresight.touches):
        made.add_component(_event(campaigns[touches[0].campaign], day, number, touches, now))
    written: bytes = made.to_ical()
    return written


def _entries(touches: Iterable[Touch]) -> Iterator[tuple[date, int, list[Touch]]]:
    """Yield each message's days, each with its number among them and the groups that get it then."""
    found: dict[tuple[str, str, int], dict[date, list[Touch]]] = {}
    for touch in touches:
        if touch.day is not None and touch.attentive:
            which = (touch.campaign, touch.key_point, touch.touch)
            found.setdefault(which, {}).setdefault(touch.day, []).append(touch)
    entries = [(day, number, days[day]) for days in found.values() for number, day in enumerate(sorted(days))]
    yield from sorted(entries, key=lambda entry: (entry[0], entry[2][0].campaign, entry[2][0].key_point))


def _event(campaign: Campaign, day: date, number: int, touches: Sequence[Touch], now: datetime) -> Event:
    touch, language = touches[0], campaign.languages[0]
    words = WORDS[language]
    _, point = campaign.key_point(touch.key_point)
    event = Event()
    event.add("uid", _uid(touch, number))
    event.add("dtstamp", now)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", f"{words['message']} {touch.touch + 1}{words['colon']}{point.says[language]}")
    event.add("description", "\n".join(_lines(campaign, touches, words)))
    event.add("categories", [campaign.id])
    event.add("transp", "TRANSPARENT")  # nobody is busy because a message goes out
    return event


def _lines(campaign: Campaign, touches: Sequence[Touch], words: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a description."""
    touch, language = touches[0], campaign.languages[0]
    policy, _ = campaign.key_point(touch.key_point)
    said = {
        "campaign": campaign.title[language],
        "policy": policy.title[language],
        "key point": touch.key_point,
        "audiences": ", ".join(_people(one.group, words) for one in touches),
        "wording": ", ".join(dict.fromkeys(one.variant for one in touches)),
    }
    wanted = sorted({one.wanted_on for one in touches if one.wanted_on != one.day})
    if wanted:
        said["reason"] = ", ".join(f"{day}" for day in wanted)
    for name, value in said.items():
        yield f"{words[name]}{words['colon']}{value}"


def _people(group: Group, words: Mapping[str, str]) -> str:
    counted = "" if group.employees == UNKNOWN else f" ({group.employees} {words['people']})"
    return f"{group.name}{counted}"


def _uid(touch: Touch, number: int) -> str:
    """Return the same UID for the same message, on whichever day."""
    which = repr((touch.campaign, touch.key_point, touch.touch, number))
    return f"{hashlib.sha256(which.encode()).hexdigest()[:32]}@diffuse"
