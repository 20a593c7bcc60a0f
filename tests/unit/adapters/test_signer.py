"""Signed links: ours for one purpose, or nothing."""

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.signer import ADDRESSES, KeyedSigner
from diffuse.errors import AuthoringError
from diffuse.ports import Links

SECRET = "0123456789abcdef0123456789abcdef"
SIGNER = KeyedSigner(SECRET, "https://suivi.universite.example/", "universite.example")
AT = datetime(2027, 1, 12, 14, 42, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + "-_"
PURPOSES = tuple(ADDRESSES)

purposes = st.sampled_from(PURPOSES)
deliveries = st.integers(0, 2**40 - 1)
numbers = st.integers(0, 2**16 - 1)


def token(address: str) -> str:
    return address.rpartition("/")[2].removesuffix(".gif").removesuffix(".atom")


def test_addresses_lead_to_the_tracking_service_by_purpose() -> None:
    opened, clicked = SIGNER.address("open", 7), SIGNER.address("click", 7, 3)
    assert opened == f"https://suivi.universite.example/o/{token(opened)}.gif"
    assert clicked == f"https://suivi.universite.example/c/{token(clicked)}"
    assert SIGNER.address("acknowledge", 7).startswith("https://suivi.universite.example/a/")
    assert SIGNER.address("post", 7).startswith("https://suivi.universite.example/p/")


@given(purposes, deliveries, numbers)
def test_a_token_is_short_and_says_which_delivery_and_link_it_stands_for(
    purpose: str, delivery: int, number: int
) -> None:
    made = token(SIGNER.address(purpose, delivery, number))
    assert len(made) == 32
    assert set(made) <= set(ALPHABET)
    assert SIGNER.read(purpose, made) == Links(delivery=delivery, number=number)


@given(purposes, purposes, deliveries, numbers)
def test_a_token_made_for_one_purpose_is_nothing_for_another(
    made_for: str, used_for: str, delivery: int, number: int
) -> None:
    read = SIGNER.read(used_for, token(SIGNER.address(made_for, delivery, number)))
    assert (read is not None) == (made_for == used_for)


@pytest.mark.parametrize("made_for", PURPOSES)
def test_the_link_of_a_post_and_that_of_a_person_are_never_exchanged(made_for: str) -> None:
    made = token(SIGNER.address(made_for, 7))
    assert [purpose for purpose in PURPOSES if SIGNER.read(purpose, made) is not None] == [made_for]


@given(purposes, deliveries, numbers, st.integers(0, 31), st.sampled_from(ALPHABET))
def test_a_token_with_one_other_character_is_nothing(
    purpose: str, delivery: int, number: int, place: int, character: str
) -> None:
    made = token(SIGNER.address(purpose, delivery, number))
    changed = made[:place] + character + made[place + 1 :]
    assert (SIGNER.read(purpose, changed) is None) == (changed != made)


def test_a_token_with_any_bit_turned_is_nothing() -> None:
    raw = urlsafe_b64decode(token(SIGNER.address("acknowledge", 7)))
    for bit in range(len(raw) * 8):
        turned = bytearray(raw)
        turned[bit // 8] ^= 1 << bit % 8
        assert SIGNER.read("acknowledge", urlsafe_b64encode(turned).decode()) is None


@given(deliveries, st.integers(0, 31))
def test_a_token_cut_short_is_nothing(delivery: int, length: int) -> None:
    assert SIGNER.read("open", token(SIGNER.address("open", delivery))[:length]) is None


@given(st.text())
def test_any_other_text_is_nothing(text: str) -> None:
    assert SIGNER.read("click", text) is None


@pytest.mark.parametrize(
    "spelling",
    [
        lambda t: f"{t}=",
        lambda t: f"{t}\n",
        lambda t: f" {t}",
        lambda t: f"{t}AAAA",
        lambda t: t.replace("-", "+").replace("_", "/"),
        lambda t: f"{t[:16]}\n{t[16:]}",
        lambda t: "".join(chr(ord(c) + 0xFEE0) for c in t),
        str.swapcase,
    ],
    ids=["padding", "newline", "space", "longer", "other alphabet", "broken line", "full width", "case"],
)
def test_another_spelling_of_a_token_is_nothing(spelling: Callable[[str], str]) -> None:
    made = next(
        made for d in range(1000) if "-" in (made := token(SIGNER.address("click", d))) and "_" in made
    )
    assert SIGNER.read("click", made) is not None
    assert SIGNER.read("click", spelling(made)) is None


def test_another_secret_makes_other_tokens_and_reads_none_of_ours() -> None:
    other = KeyedSigner(SECRET.upper(), "https://suivi.universite.example", "universite.example")
    assert other.read("open", token(SIGNER.address("open", 7))) is None
    assert KeyedSigner(SECRET.encode(), "http://localhost:8000", "x.example").read(
        "open", token(SIGNER.address("open", 7))
    ) == Links(delivery=7)


def test_the_secret_is_never_shown() -> None:
    assert SECRET not in repr(SIGNER)
    assert SECRET not in str(SIGNER)
    with pytest.raises(AuthoringError) as refused:
        KeyedSigner("tiny-secret", "https://suivi.universite.example", "universite.example")
    assert "tiny-secret" not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "x" * 31, b"x" * 31], ids=["none", "31 characters", "31 bytes"])
def test_a_short_secret_is_refused_with_its_remedy(secret: str | bytes) -> None:
    with pytest.raises(AuthoringError, match=r"secret: .*expected at least 32 characters, such as 'openssl"):
        KeyedSigner(secret, "https://suivi.universite.example", "universite.example")


@pytest.mark.parametrize(
    "base_url",
    [
        *("", "suivi.universite.example", "ftp://universite.example", "https://", "https://a.example/?x=1"),
        *("https://a.example/#x", "https://me@a.example", "https://a.example/ x", "https://a.example\n"),
    ],
)
def test_an_address_that_cannot_lead_employees_to_the_service_is_refused(base_url: str) -> None:
    with pytest.raises(AuthoringError, match=r"base_url: .*expected an address such as https://"):
        KeyedSigner(SECRET, base_url, "universite.example")


@pytest.mark.parametrize(
    "domain", ["", "a b.example", "a.example>", "-a.example", "a..example", "a.example\r\nX: y"]
)
def test_a_mail_domain_that_would_break_a_header_is_refused(domain: str) -> None:
    with pytest.raises(AuthoringError, match=r"mail_domain: .*expected a domain such as example\.org"):
        KeyedSigner(SECRET, "https://suivi.universite.example", domain)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(AuthoringError) as refused:
        KeyedSigner("", "", "")
    assert [problem.path for problem in refused.value.problems] == [
        ("secret",),
        ("base_url",),
        ("mail_domain",),
    ]


def test_a_message_id_is_the_same_at_each_attempt_and_hides_the_employee() -> None:
    made = SIGNER.message_id("social-media", "substitute", 2, "e-1042")
    assert made == SIGNER.message_id("social-media", "substitute", 2, "e-1042")
    assert made.startswith("<social-media.substitute.2.")
    assert made.endswith("@universite.example>")
    assert "1042" not in made


@given(st.lists(st.tuples(st.integers(0, 9), st.text(min_size=1)), unique=True, min_size=2, max_size=8))
def test_every_delivery_has_a_message_id_of_its_own(keys: list[tuple[int, str]]) -> None:
    made = [SIGNER.message_id("social-media", "substitute", touch, employee) for touch, employee in keys]
    assert len(set(made)) == len(made)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1), st.integers(0, 10**6))
def test_a_message_id_is_ascii_without_spaces_and_fits_a_header_line(employee: str, touch: int) -> None:
    made = SIGNER.message_id("c" * 300, "k" * 300, touch, employee)
    left, _, right = made[1:-1].partition("@")
    assert set(left) <= set(string.ascii_lowercase + string.digits + "-.")
    assert right == "universite.example"
    assert len(made) < 998


NEW = "fedcba9876543210fedcba9876543210"


def rotated(**changes: Any) -> KeyedSigner:  # noqa: ANN401 -- whatever the keys are
    given = {"key_id": 2, "old": {1: SECRET}, **changes}
    return KeyedSigner(NEW, "https://suivi.universite.example/", "universite.example", **given)


def test_links_of_an_old_secret_still_open_and_new_ones_name_the_new_one() -> None:
    both = rotated()
    old, new = token(SIGNER.address("open", 7)), token(both.address("open", 7))
    assert both.read("open", old) == both.read("open", new) == Links(delivery=7, number=0)
    assert (urlsafe_b64decode(old)[0], urlsafe_b64decode(new)[0]) == (1, 2)
    assert SIGNER.read("open", new) is None


def test_links_of_a_secret_that_was_taken_away_lead_nowhere() -> None:
    only = rotated(old={}, person_secret=SECRET)
    assert only.read("open", token(SIGNER.address("open", 7))) is None


def test_a_new_secret_under_another_number_opens_nothing() -> None:
    made = bytearray(urlsafe_b64decode(token(rotated().address("open", 7))))
    made[0] = 1
    assert rotated().read("open", urlsafe_b64encode(bytes(made)).decode()) is None


def test_pseudonyms_outlive_every_secret() -> None:
    pseudonym = SIGNER.pseudonym("e-1042")
    assert rotated().pseudonym("e-1042") == pseudonym
    assert rotated(old={}, person_secret=SECRET).pseudonym("e-1042") == pseudonym
    assert rotated(person_secret=NEW).pseudonym("e-1042") != pseudonym


def test_forms_shown_before_a_change_of_secrets_still_count() -> None:
    stamp = SIGNER.stamp("a page", AT)
    assert rotated().stamped_at("a page", stamp) == AT
    assert rotated(old={}, person_secret=SECRET).stamped_at("a page", stamp) is None


def test_a_stamp_tells_when_to_the_millisecond_and_only_for_what_was_shown() -> None:
    stamp = SIGNER.stamp("a page", AT + timedelta(microseconds=999))
    assert SIGNER.stamped_at("a page", stamp) == AT
    assert SIGNER.stamp("a page", AT) != SIGNER.stamp("a page", AT)
    for shown, made in (("another", stamp), ("a page", stamp[:-1]), ("a page", "0" * 48), ("a page", "")):
        assert SIGNER.stamped_at(shown, made) is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"key_id": 0}, "a number of a secret"),
        ({"old": {256: SECRET, 1: SECRET}}, "a number of a secret"),
        ({"key_id": 1}, "1, which an old secret has"),
        ({"old": {1: "short"}}, "secret 1 of 5 characters"),
        ({"old": {}}, "neither person_secret nor the secret with the number 1"),
    ],
)
def test_secrets_that_cannot_work_together_are_refused(changes: dict[str, Any], found: str) -> None:
    with pytest.raises(AuthoringError, match=found):
        rotated(**changes)
