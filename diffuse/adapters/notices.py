"""The notice in every message: what is measured of it, in whose name, and how to switch that off."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from diffuse.adapters.markdown import fold
from diffuse.domain.message import notice_key
from diffuse.domain.tracking import AGGREGATE, MODES, NAMED, OFF, Tracking

GIVEN = {
    "nothing": (),
    "acknowledge": ("confirmation",),
    "answer": ("answer",),
    "answer_and_acknowledge": ("answer", "confirmation"),
}
"""What an employee gives by name in any case, by what a message asks for."""


def notices(words: Mapping[str, Any], asks: str) -> dict[str, str]:
    """Return the notice for each way of measuring, broken into lines of a plain message.

    Args:
        words: a language's words, with a part ``notice``.
        asks: what the message asks for: a key of ``GIVEN``.

    Raises:
        KeyError: when a word is missing.
    """
    ways = (Tracking(opens=opens, clicks=clicks) for opens, clicks in product(MODES, MODES))
    return {notice_key(one): fold(notice(words["notice"], GIVEN[asks], one)) for one in ways}


def notice(words: Mapping[str, str], given: Sequence[str], tracking: Tracking) -> str:
    """Write the notice for one way of measuring."""
    measured = {"open": tracking.opens, "links": tracking.clicks}
    by_mode = {mode: [name for name, one in measured.items() if one == mode] for mode in MODES}
    by_mode[NAMED] += given
    sentences = [
        words[mode].format(things=_list([words[name] for name in by_mode[mode]], words))
        for mode in (NAMED, AGGREGATE, OFF)
        if by_mode[mode]
    ]
    if tracking.opens != OFF:
        sentences.append(words["never"])
    if by_mode[NAMED] != list(given) or by_mode[AGGREGATE]:
        sentences.append(words["switch"])
    return " ".join(sentences)


def _list(things: Sequence[str], words: Mapping[str, str]) -> str:
    """Join things as a sentence does: ``a, b and c``."""
    if len(things) < 2:  # noqa: PLR2004 -- nothing to join
        return "".join(things)
    return f"{', '.join(things[:-1])} {words['and']} {things[-1]}"
