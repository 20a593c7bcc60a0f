"""Messages as bytes: what a mail reader gets back is what was meant, and nothing can be slipped in."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diffuse.adapters.mail_headers import tidy
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.domain.message import ACKNOWLEDGE_URL, GIVEN_NAME, NAME, Baked, Excerpt, Outgoing, Pieces, Slot
from diffuse.errors import PermanentFailure

SENDER = Sender(name="Université du Nord", email="gouvernance@universite.example")

BAKED = Baked(
    language="fr",
    subject=("À lire, ", Slot(GIVEN_NAME), " : les médias sociaux"),
    html=(
        '<!doctype html>\n<html lang="fr"><body style="margin:0; padding:0">\n<p>Bonjour ',
        Slot(NAME),
        ",</p>\n<p>",
        Slot(GIVEN_NAME),
        '</p><p><a href="',
        Slot(ACKNOWLEDGE_URL),
        '">J’ai lu</a> = é\n.point\nFrom ici\nfin de ligne \n</p>'
        + "<td>très large</td>" * 40
        + "</body></html>\n",
    ),
    text=("Bonjour ", Slot(NAME), ",\n\n", Slot(GIVEN_NAME), Slot(NAME), "\n.point\n", Slot(ACKNOWLEDGE_URL)),
    links=(),
    excerpt=Excerpt(subject="", body="", action=""),
)

OUTGOING = Outgoing(
    delivery=7,
    attempt=1,
    email="zoe@universite.example",
    name="Zoë Élie",
    reply_to_name="Ève Roy",
    reply_to_email="eve.roy@universite.example",
    list_id="social-media.universite.example",
    list_name="Médias sociaux",
    message_id="<social-media.7.abc@universite.example>",
    date=datetime(2026, 3, 9, 14, 30, tzinfo=UTC),
    baked=BAKED,
    values={NAME: "Zoë Élie", GIVEN_NAME: "Zoë", ACKNOWLEDGE_URL: "https://lien.example/a/x?y=1&z=2"},
)

ODD = [
    "",
    "Zoë",
    ".point",
    "From ici",
    "<b>X</b>&\"'",
    "=20",
    "=?utf-8?q?x?=",
    "É" * 60,
    "x" * 300,
    "🙂e\u0301",
    " a ",
    "a\nb",
]
values = st.one_of(st.sampled_from(ODD), st.text(max_size=300), st.text(alphabet=". =Fromé\n", max_size=200))
names = st.one_of(
    st.sampled_from(ODD), st.text(max_size=120), st.text(alphabet='"\\,;:<>()@. a', max_size=90)
)


def filled(outgoing: Outgoing) -> bytes:
    return Skeleton.of(outgoing.baked).fill(outgoing, SENDER)


def named(name: str, **values: str) -> Outgoing:
    return replace(OUTGOING, name=name, values={**OUTGOING.values, NAME: name, **values})


def parsed(message: bytes) -> EmailMessage:
    read = message_from_bytes(message, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def flowing(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def joined(pieces: Pieces, values: Mapping[str, str], *, html: bool) -> str:
    """Fill the way the definition says, with nothing but string operations."""
    texts = [piece if isinstance(piece, str) else values[piece.name] for piece in pieces]
    slots = [isinstance(piece, Slot) for piece in pieces]
    return "".join(
        flowing(escape(text) if html and slot else text) for text, slot in zip(texts, slots, strict=True)
    )


def display_name(message: bytes, header: str) -> str:
    """Read a name with the older parser: the newer one puts spaces between the encoded words of a name."""
    name, _ = parseaddr(message_from_bytes(message)[header])
    return str(make_header(decode_header(name)))


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    assert part.get_content_charset() == "utf-8"
    text = part.get_content()
    assert isinstance(text, str)
    return flowing(text)


def subject(outgoing: Outgoing) -> str:
    personal = {slot: tidy(value) for slot, value in outgoing.values.items()}
    return tidy(joined(outgoing.baked.subject, personal, html=False))


def by_the_library(outgoing: Outgoing) -> EmailMessage:
    """Build the same message with the standard library."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(SENDER.name, addr_spec=SENDER.email)
    message["To"] = Address(tidy(outgoing.name), addr_spec=outgoing.email)
    message["Reply-To"] = Address(tidy(outgoing.reply_to_name), addr_spec=outgoing.reply_to_email)
    message["Subject"] = subject(outgoing)
    message["Date"] = format_datetime(outgoing.date)
    message["Message-ID"] = outgoing.message_id
    message["List-Id"] = f"{outgoing.list_name} <{outgoing.list_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "RN, NRN, AutoReply"
    message["Content-Language"] = outgoing.baked.language
    return message


def assert_legal(message: bytes) -> None:
    assert message.isascii()
    assert message.endswith(b"\r\n")
    lines = message.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert not any(line.startswith((b".", b"From ")) for line in lines)
    assert max(map(len, lines)) <= 998
    _, _, body = message.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"[ \t]\r\n", body)


@given(name=values, given_name=values, url=values)
@example(name=".Zoë", given_name=".", url="." * 200)
@example(name="x" * 75, given_name="From " * 40, url="x" * 73 + "é")
@example(name=" " * 76, given_name="\r\n", url="é" * 12 + "a" * 2 + "é")
def test_html_and_text_come_back_exactly_whatever_the_values(name: str, given_name: str, url: str) -> None:
    outgoing = named(name, **{GIVEN_NAME: given_name, ACKNOWLEDGE_URL: url})
    message = filled(outgoing)
    assert_legal(message)
    read = parsed(message)
    assert content(read, "plain") == flowing(joined(BAKED.text, outgoing.values, html=False))
    assert content(read, "html") == flowing(joined(BAKED.html, outgoing.values, html=True))


@given(text=st.lists(values, max_size=4), slot_first=st.booleans())
def test_fixed_text_comes_back_exactly_whatever_stands_round_the_slots(
    text: list[str], slot_first: bool
) -> None:
    texts: Pieces = tuple(
        piece for fixed in text for piece in ((Slot(NAME), fixed) if slot_first else (fixed, Slot(NAME)))
    )
    outgoing = replace(OUTGOING, baked=replace(BAKED, text=texts, html=texts))
    message = filled(outgoing)
    assert_legal(message)
    read = parsed(message)
    assert content(read, "plain") == flowing(joined(texts, outgoing.values, html=False))
    assert content(read, "html") == flowing(joined(texts, outgoing.values, html=True))


@given(name=names, owner=names)
@example(name="Zoë\r\nBcc: all@universite.example", owner="a\u2028b")
@example(name="é" * 100, owner='"' * 40)
def test_headers_read_as_those_of_the_standard_library(name: str, owner: str) -> None:
    outgoing = replace(named(name, **{GIVEN_NAME: name}), reply_to_name=owner)
    message = filled(outgoing)
    assert_legal(message)
    read, oracle = parsed(message), by_the_library(outgoing)
    assert set(oracle.keys()) | {"MIME-Version", "Content-Type"} == set(read.keys())
    assert len(read.keys()) == len(set(read.keys()))
    for header in ("From", "To", "Reply-To"):
        assert read[header].addresses[0].addr_spec == oracle[header].addresses[0].addr_spec
        assert display_name(message, header) == oracle[header].addresses[0].display_name
        assert len(read[header].addresses) == 1
    assert str(read["Subject"]) == subject(outgoing)
    for header in sorted(set(oracle.keys()) - {"From", "To", "Reply-To", "Subject"}):
        assert str(read[header]) == str(oracle[header])


def test_the_same_message_is_always_the_same_bytes() -> None:
    again = replace(OUTGOING, attempt=4, values=dict(OUTGOING.values))
    assert filled(OUTGOING) == filled(again)


def test_two_wordings_have_two_boundaries() -> None:
    other = replace(OUTGOING, baked=replace(OUTGOING.baked, text=("Something else.",)))
    assert parsed(filled(OUTGOING)).get_boundary() != parsed(filled(other)).get_boundary()


def test_the_headers_ask_for_silence_from_machines_but_not_for_the_loss_of_bounces() -> None:
    read = parsed(filled(OUTGOING))
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Auto-Response-Suppress"] == "RN, NRN, AutoReply"
    assert read["List-Id"] == "Médias sociaux <social-media.universite.example>"
    assert read["Content-Language"] == "fr"
    assert read["Date"].datetime == OUTGOING.date
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]


def test_a_plain_subject_is_written_as_it_is() -> None:
    plain = replace(OUTGOING, baked=replace(BAKED, subject=("Social media:  one thing",)))
    assert b"\r\nSubject: Social media: one thing\r\n" in filled(plain)


def test_a_long_subject_is_folded() -> None:
    long = replace(OUTGOING, baked=replace(BAKED, subject=("word " * 60,)))
    message = filled(long)
    assert parsed(message)["Subject"] == ("word " * 60).strip()
    head, _, _ = message.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    "poison", ["a\nBcc: x@y.example", "a\rb", "a\r\n\r\nbody", "a\x00b", "a\u2028b", "a\x85b", "a\ud800"]
)
def test_an_authored_text_with_a_control_character_is_refused(poison: str) -> None:
    for outgoing in (
        replace(OUTGOING, baked=replace(BAKED, subject=(poison,))),
        replace(OUTGOING, list_name=poison),
        replace(OUTGOING, list_id=poison),
        replace(OUTGOING, message_id=f"<{poison}@universite.example>"),
        replace(OUTGOING, email=f"{poison}@universite.example"),
        replace(OUTGOING, reply_to_email=f"{poison}@universite.example"),
        replace(OUTGOING, baked=replace(BAKED, language=poison)),
    ):
        with pytest.raises(PermanentFailure):
            filled(outgoing)


@pytest.mark.parametrize("poison", ["Zoë\r\nBcc: x@y.example", "Zoë\u2028X", "Zoë\x00\t X", "Zoë\ud800 X"])
def test_an_odd_name_of_a_person_is_mended(poison: str) -> None:
    read = parsed(filled(replace(OUTGOING, name=poison, reply_to_name=poison)))
    assert read["To"].addresses[0].display_name == tidy(poison)
    assert "Bcc" not in read


@pytest.mark.parametrize(
    "email",
    [
        "",
        "zoe",
        "zoé@universite.example",
        "zoe@université.example",
        "a b@c.example",
        "a@b,c@d",
        "<a@b.example>",
    ],
)
def test_an_address_outside_plain_ascii_is_refused_with_its_reason(email: str) -> None:
    with pytest.raises(PermanentFailure, match="cannot be sent; expected name@domain in plain ASCII"):
        filled(replace(OUTGOING, email=email))


def test_a_slot_without_a_value_is_refused_by_name() -> None:
    with pytest.raises(PermanentFailure, match=re.escape(ACKNOWLEDGE_URL)):
        filled(replace(OUTGOING, values={NAME: "Zoë", GIVEN_NAME: "Zoë"}))


def test_a_value_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(PermanentFailure, match="not valid Unicode"):
        filled(named("Zoë \ud800"))
