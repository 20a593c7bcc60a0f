"""The labelled corpus of bounces, where it lies beside this repository."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from diffuse.adapters.returned_mail import taken_apart
from diffuse.domain.classify import classify
from diffuse.domain.returned import FAILURES, Classified, Kind

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "bounces"
MISLABELLED = {"sisimai/maildir/bsd/lhost-apachejames-01.eml"}
"""Its label has one digit less than the address that stands in the file."""

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not on this machine")


@cache
def read() -> Mapping[str, tuple[Mapping[str, Any], Classified]]:
    labels = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
    return {
        name: (label, classify(taken_apart((CORPUS / name).read_bytes()))) for name, label in labels.items()
    }


def bounces() -> Mapping[str, tuple[set[tuple[str, str]], set[tuple[str, str]]]]:
    """Return what was labelled and what was found, for the bounces of high confidence."""
    return {
        name: (
            {(one["address"].lower(), one["kind"]) for one in label["recipients"]},
            {(one.address.lower(), _labelled(one.kind)) for one in found.failures if one.kind in FAILURES},
        )
        for name, (label, found) in read().items()
        if label["class"] == "bounce" and label["confidence"] == "high"
    }


def _labelled(kind: Kind) -> str:
    """Return the corpus' word: it calls delayed what is temporary."""
    return str(Kind.TEMPORARY if kind is Kind.DELAYED else kind)


def test_address_and_kind_are_exact_on_95_of_100_bounces() -> None:
    judged = [wanted == found for wanted, found in bounces().values()]
    assert len(judged) > 300
    assert sum(judged) >= 0.95 * len(judged)


def test_no_bounce_names_an_address_that_did_not_fail() -> None:
    wrong = {
        name: strange
        for name, (wanted, found) in bounces().items()
        if (strange := {address for address, _ in found} - {address for address, _ in wanted})
    }
    assert wrong.keys() <= MISLABELLED


def test_no_answer_complaint_or_notice_of_delivery_is_taken_for_a_failure() -> None:
    found = {
        name: one.kind
        for name, (label, one) in read().items()
        if label["class"] in {"auto-reply", "complaint", "delivered"}
        or (label["class"] == "none" and label["confidence"] == "high")
    }
    assert len(found) > 15
    assert not {name for name, kind in found.items() if kind in FAILURES}


def test_complaints_answers_and_deliveries_are_known_for_what_they_are() -> None:
    for label, found in read().values():
        if label["class"] in {"auto-reply", "complaint", "delivered"}:
            assert found.kind == label["class"]


@pytest.mark.parametrize("cut", [0, 1, 40, 400, 1500])
def test_no_mail_that_is_cut_off_anywhere_raises(cut: int) -> None:
    for name in read():
        classify(taken_apart((CORPUS / name).read_bytes()[:cut]))
