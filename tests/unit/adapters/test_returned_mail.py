"""A mail that was made to stop the reader: it is read as far as it goes, and soon."""

import pytest

from diffuse.adapters.returned_mail import LONGEST_LINE, LONGEST_RUN, MOST_TEXT, taken_apart
from diffuse.domain.classify import classify
from diffuse.domain.returned import Kind
from diffuse.domain.told import MOST_NAMED

HEAD = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n"


def nested(depth: int) -> str:
    start = f"{HEAD}Content-Type: multipart/mixed; boundary=b0\n\n"
    return start + "".join(
        f"--b{n - 1}\nContent-Type: multipart/mixed; boundary=b{n}\n\n" for n in range(1, depth)
    )


@pytest.mark.parametrize(
    "mail",
    [
        nested(3_000),
        HEAD + "Content-Type: message/rfc822\n\n" * 3_000,
        HEAD + "\nnotificationType" + '{"a":' * 30_000,
        HEAD + '\n{"notificationType": 1, "bounce": ' + "[" * 60_000,
    ],
    ids=["parts", "mails", "objects", "lists"],
)
def test_what_is_nested_without_end_is_unsure(mail: str) -> None:
    assert classify(taken_apart(mail.encode())).kind == Kind.UNSURE


@pytest.mark.parametrize("mark", [" ", "\t", " \t", "-", "= ", ">", "<", "("])
def test_a_line_is_never_longer_than_is_looked_at(mark: str) -> None:
    for kind in ("plain", "html"):
        mail = taken_apart(f"{HEAD}Content-Type: text/{kind}\n\na{mark * 90_000}b\nend".encode())
        assert max(len(line) for text in mail.texts for line in text.split("\n")) <= LONGEST_LINE
        assert mail.texts[0].endswith("\nend")
    assert len(taken_apart(f"{HEAD}\na{' ' * 900}b".encode()).texts[0]) == LONGEST_RUN + 2


def test_a_page_whose_style_never_ends_says_nothing() -> None:
    mail = taken_apart(f"{HEAD}Content-Type: text/html\n\n<p>Seen<style>{'<style>' * 20_000}".encode())
    assert [text.strip() for text in mail.texts] == ["Seen"]


def test_a_notice_in_one_long_line_is_read_whole() -> None:
    notice = (
        '{"notificationType": "Bounce", "padding": "'
        + "x" * 3_000
        + '", "bounce": {"bounceType": "Permanent",'
        ' "bouncedRecipients": [{"emailAddress": "ana@universite.example", "status": "5.1.1"}]}}'
    )
    (failure,) = classify(taken_apart(f"{HEAD}\n{notice}".encode())).failures
    assert (failure.address, failure.kind) == ("ana@universite.example", Kind.PERMANENT)


def test_of_a_thousand_addresses_and_a_hundred_texts_the_first_ones_count() -> None:
    lines = "".join(f"<a{n}@universite.example>: user unknown\n" for n in range(1_000))
    assert len(classify(taken_apart(f"{HEAD}\n{lines}".encode())).failures) == MOST_NAMED
    listed = ", ".join(f"a{n}@universite.example" for n in range(1_000))
    head = f"{HEAD}X-Failed-Recipients: {listed}\n"
    assert len(classify(taken_apart(f"{head}\n{lines}".encode())).failures) == MOST_NAMED
    part = "--b\nContent-Type: text/plain\n\n" + "word word\n" * 5_000
    many = taken_apart(f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{part * 100}".encode())
    assert MOST_TEXT <= sum(map(len, many.texts)) < 2 * MOST_TEXT
