"""Until when somebody is away, by what an automatic answer says in French or English."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

LONGEST = timedelta(days=120)
"""Nothing is held for longer because of a mail that nobody signed."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier janv", "february feb février fevrier févr", "march mar mars",
            "april apr avril avr", "may mai", "june jun juin", "july jul juillet juil",
            "august aug août aout", "september sept sep septembre", "october oct octobre",
            "november nov novembre", "december dec décembre decembre déc",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
)
_DAY = (
    rf"(?:the\s+|le\s+)?(?:{_WEEKDAY},?\s+)?(?:the\s+|le\s+)?(?:"
    r"(?P<iso>\d{4}-\d{2}-\d{2})"
    rf"|(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er)?\.?\s+(?:of\s+)?(?P<m1>{_MONTH})\b\.?(?:,?\s+(?P<y1>\d{{4}}))?"
    rf"|(?P<m2>{_MONTH})\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y2>\d{{4}}))?)"
)
_LAST = re.compile(
    r"\b(?:until|till|through|up to(?: and including)?|jusqu['’]au|jusqu['’]à"
    r"|(?:from|between|du|entre le|à compter du|à partir du)\s[^.;:!?\n]{1,40}\s(?:to|and|au|et le))"
    rf"\s+{_DAY}",
    re.IGNORECASE,
)
"""The last day away; an "and" or a "to" says it only of a span that began."""

_QUOTED = re.compile(
    r"^[ \t]*(?:>|[-_*]{2,}[ \t]*(?:original|forwarded|message)\b|(?:from|de|to|à|sent|envoyé)\s?:"
    r"|(?:on|le)\b[^\n]{0,200}\n?[^\n]{0,100}\b(?:wrote|a\s+écrit)\s?:)",
    re.IGNORECASE | re.MULTILINE,
)
"""Where our own message begins, which an answer may repeat: its dates are deadlines and no absence."""

_FIRST_BACK = re.compile(
    r"\b(?:(?:be |am )?back(?: in (?:the )?office)?(?: on| from)?"
    r"|return(?:ing)?(?: to (?:the )?office)?(?: on)?"
    r"|(?:de )?retour(?: (?:au (?:bureau|travail)|en poste))?(?: à partir)?(?: du)?|mon retour(?:,)?"
    r"|reviendrai|serai de retour"
    r"|à compter du"
    rf"|retour prévu)\s+{_DAY}",
    re.IGNORECASE,
)
"""The first day back."""


def away_until(text: str, today: date) -> date | None:
    """Return the last day away, or None when none is plain: it lies ahead, and not too far.

    A day without a year is the next one of that name. Of several days, the latest counts. What is quoted does
    not count.
    """
    quoted = _QUOTED.search(text)
    text = text[: quoted.start()] if quoted else text
    said = [one - timedelta(days=1) for one in _days(_FIRST_BACK, text, today)] or [
        *_days(_LAST, text, today)
    ]
    ahead = [day for day in said if today <= day <= today + LONGEST]
    return max(ahead) if ahead and len(ahead) == len(said) else None


def _days(pattern: re.Pattern[str], text: str, today: date) -> Iterator[date]:
    for found in pattern.finditer(text):
        try:
            yield _day(found, today)
        except ValueError:
            continue


def _day(found: re.Match[str], today: date) -> date:
    if found["iso"]:
        return date.fromisoformat(found["iso"])
    month = _MONTHS[(found["m1"] or found["m2"]).lower()]
    day, year = int(found["d1"] or found["d2"]), found["y1"] or found["y2"]
    if year:
        return date(int(year), month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)
