"""The labelled corpus, changed: what a mail says does not hang on its hosts, encodings or folding."""

from collections.abc import Mapping
from functools import cache

import pytest

from diffuse.adapters.returned_mail import taken_apart
from diffuse.domain.classify import classify
from diffuse.domain.returned import FAILURES, Kind
from tests.suites.bounce_mutations import KEEPING, TAKING, Mutation
from tests.suites.test_bounce_corpus import CORPUS, read

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not on this machine")

Verdict = frozenset[tuple[str, str]]

FLOORS = {
    "without_a_subject": 0.97,
    "for_people_only": 0.95,
    "for_programs_only": 0.97,
    "without_the_original": 0.99,
    "in_one_text": 0.95,
}
"""Of the mails that are right before, so many are right when one voice is silent."""

KIND_IS_LOST = {"for_people_only"}
"""Mailers tell people the code less often than programs: only the addresses are judged."""


def verdict(raw: bytes, wanted: frozenset[str]) -> Verdict:
    """Return addresses and kinds; an address that ours was made into, or from, counts as ours."""
    return frozenset(
        (
            next(
                (one.lower() for one in (failure.address, *failure.also) if one.lower() in wanted),
                failure.address.lower(),
            ),
            str(Kind.TEMPORARY if failure.kind is Kind.DELAYED else failure.kind),
        )
        for failure in classify(taken_apart(raw)).failures
        if failure.kind in FAILURES
    )


@cache
def right_before() -> Mapping[str, tuple[bytes, Verdict]]:
    found = {}
    for name, (label, _) in read().items():
        wanted = frozenset((one["address"].lower(), one["kind"]) for one in label["recipients"])
        raw = (CORPUS / name).read_bytes()
        if label["class"] == "bounce" and verdict(raw, frozenset(one for one, _ in wanted)) == wanted:
            found[name] = raw, wanted
    return found


def judged(change: Mutation) -> Mapping[str, tuple[Verdict, Verdict]]:
    """Return what is wanted and what is found, by file, for the mails that a change applies to."""
    found = {}
    for name, (raw, before) in right_before().items():
        changed = change(raw, frozenset(one for one, _ in before))
        if changed is not None:
            new, became = changed
            wanted = frozenset((became.get(one, one).lower(), kind) for one, kind in before)
            found[name] = wanted, verdict(new, frozenset(one for one, _ in wanted))
    return found


def addresses(one: Verdict) -> set[str]:
    return {address for address, _ in one}


@pytest.mark.parametrize("name", KEEPING)
def test_what_another_mailer_would_write_of_it_reads_the_same(name: str) -> None:
    found = judged(KEEPING[name])
    assert len(found) > 200
    assert not {file for file, (wanted, got) in found.items() if addresses(got) - addresses(wanted)}
    assert sum(wanted == got for wanted, got in found.values()) >= 0.99 * len(found)


@pytest.mark.parametrize("name", TAKING)
def test_what_is_left_of_a_mail_still_says_it_and_never_names_another(name: str) -> None:
    found = judged(TAKING[name])
    assert len(found) > 150
    assert not {file for file, (wanted, got) in found.items() if addresses(got) - addresses(wanted)}
    exact = [
        addresses(wanted) == addresses(got) if name in KIND_IS_LOST else wanted == got
        for wanted, got in found.values()
    ]
    assert sum(exact) >= FLOORS[name] * len(exact)
