"""Every word that the pages say by themselves, once per language."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from diffuse.domain.campaign import LANGUAGES
from diffuse.errors import AuthoringError, Problem, nearest

FRENCH_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
NOON = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of the pages in one language; ``{…}`` marks what a page fills in."""

    action: str
    question: str
    choose: str
    confirm_heading: str
    answer: str
    send: str
    choose_response: str
    acknowledge: str
    have_question: str
    disagree: str
    remark: str
    remark_hint: str
    trap: str
    unfit_title: str
    unfit_choose: str
    unfit_answer: str
    unfit_early: str
    unfit_late: str
    unfit_long: str
    unfit_many: str
    sent_question: str
    sent_disagree: str
    sent_note: str
    sent_later: str
    mine: str
    mine_title: str
    mine_intro: str
    mine_none: str
    mine_sent: str
    mine_open: str
    mine_nothing: str
    mine_answered: str
    mine_kept_title: str
    mine_kept: str
    mine_file: str
    mine_tracking_title: str
    mine_tracking: str
    mine_tracking_usual: str
    mine_tracking_named: str
    mine_tracking_aggregate: str
    mine_tracking_off: str
    mine_save: str
    mine_saved: str
    confirmed: str
    confirmed_note: str
    chosen: str
    right: str
    wrong: str
    right_answer: str
    policy: str
    version: str
    read_policy: str
    nothing_to_do: str
    signed_in: str
    sign_out: str
    not_for_you: str
    already_known: str
    pending_title: str
    pending_none: str
    pending_one: str
    pending_many: str
    pending_unknown: str
    newer_changed: str
    newer_same: str
    bad_title: str
    bad_text: str
    bad_link: str
    not_found_title: str
    not_found_text: str
    unavailable_title: str
    unavailable_text: str
    sign_in_title: str
    sign_in_intro: str
    sign_in_oidc: str
    sign_in_link_title: str
    sign_in_address: str
    sign_in_address_hint: str
    sign_in_send: str
    sign_in_sent_title: str
    sign_in_sent: str
    sign_in_none: str
    sign_in_back: str
    sign_in_failed_title: str
    sign_in_nobody: str
    sign_in_several: str
    sign_in_left: str
    sign_in_away: str
    sign_in_refused: str
    sign_in_again: str
    entry_title: str
    entry_text: str
    entry_other: str
    entry_button: str

    def of(self, name: str) -> str:
        """Return a word by its name."""
        return str(getattr(self, name))


def read_words(file: Path) -> Mapping[str, Words]:
    """Read the words of every language from a TOML file with a part for each.

    Raises:
        AuthoringError: when the file cannot be read, or a part or a word is missing, unknown or no text.
    """
    try:
        parts = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise AuthoringError.of(
            f"the words cannot be read: {error.strerror}", "a file with them", file=str(file)
        ) from error
    except ValueError as error:
        raise AuthoringError.of(f"{error}", "TOML in UTF-8", file=str(file)) from error
    wrong = [replace(problem, file=str(file)) for problem in _problems(parts)]
    if wrong:
        raise AuthoringError(*wrong)
    return MappingProxyType({language: Words(**parts[language]) for language in LANGUAGES})


def _problems(parts: Mapping[str, object]) -> Iterator[Problem]:
    known = [field.name for field in fields(Words)]
    for language in LANGUAGES:
        part = parts.get(language)
        if not isinstance(part, dict):
            yield Problem(found=f"no part [{language}]", expected="the words in that language")
            continue
        for name in known:
            if not isinstance(part.get(name), str) or not part[name].strip():
                yield Problem(
                    found=f"no word '{name}' in [{language}]", expected="a text between quotation marks"
                )
        for name in part.keys() - known:
            yield Problem(
                found=f"an unknown word {name!r} in [{language}]",
                expected="the words that the shipped file has",
                suggestion=nearest(name, known),
            )


def moment(at: datetime, language: str) -> str:
    """Write a local date and time as people say it: ``12 janvier 2027 à 9 h 42``, ``… at 9:42 a.m.``."""
    if language == "fr":
        day = "1er" if at.day == 1 else f"{at.day}"
        return f"{day} {FRENCH_MONTHS[at.month - 1]} {at.year} à {at.hour}\u00a0h\u00a0{at.minute:02}"
    hour, half = at.hour % NOON or NOON, "a.m." if at.hour < NOON else "p.m."
    return f"{ENGLISH_MONTHS[at.month - 1]} {at.day}, {at.year} at {hour}:{at.minute:02}\u00a0{half}"
