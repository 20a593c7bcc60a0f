"""A poisoned message fails alone, with its reason, and the batch goes on; what looks like poison arrives."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from diffuse.domain.delivery import Ending, State
from diffuse.domain.message import NAME, Outgoing, Slot
from tests.suites.test_smtp import BAKED, Post, channel_to, endings, outgoing

pytestmark = pytest.mark.servers

MEGABYTE = 1 << 20
LONG = "é" * 3000
WORDS = "une règle à retenir. " * 8 + "\n"


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path)


def third(**changes: Any) -> list[Outgoing]:  # noqa: ANN401 -- any field
    """Five messages, of which the third one is another."""
    plain = [outgoing(number) for number in range(2, 7)]
    return [*plain[:2], replace(plain[2], **changes), *plain[3:]]


def delivered(post: Post, batch: list[Outgoing], **options: object) -> Ending:
    """Deliver five messages over two connections; return how the third one ended, if all others arrived."""
    with post.receiver(**options) as receiver, channel_to(receiver.port, connections=2) as channel:
        ended = endings(channel, batch)
    assert [one.delivery for one in ended] == [2, 3, 4, 5, 6]
    assert {one.state for one in ended if one.delivery != 4} == {State.SENT}
    arrived = (2, 3, 4, 5, 6) if ended[2].state is State.SENT else (2, 3, 5, 6)
    assert sorted(post.recipients()) == [f"employee-{number}" for number in arrived]
    return ended[2]


def baked(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- any field
    return {"baked": replace(BAKED, **changes)}


# --- what cannot be written --------------------------------------------------------------------------

POISONS = {
    "a subject with a second header": (
        baked(subject=("a\r\nBcc: all@universite.example",)),
        "the Subject holds the control character U+000D at position 2: remove it",
    ),
    "a list's name with a second header": (
        {"list_name": "Médias\nBcc: all@universite.example"},
        "the list's name holds the control character U+000A at position 7: remove it",
    ),
    "a list's id with a second header": ({"list_id": "a\r\nBcc: x"}, "the List-Id 'a\\r\\nBcc: x' cannot be"),
    "a Message-ID with a second header": (
        {"message_id": "<a@b>\r\nBcc: x"},
        "the Message-ID '<a@b>\\r\\nBcc: x' cannot be sent; expected <left@right> in plain ASCII",
    ),
    "a language with a second header": (
        baked(language="fr\r\nBcc: x"),
        "the language 'fr\\r\\nBcc: x' cannot",
    ),
    "an address with another command": (
        {"email": "a@b.example>\r\nRCPT TO:<all@b.example"},
        "the To address 'a@b.example>\\r\\nRCPT TO:<all@b.example' cannot be sent; expected name@domain in",
    ),
    "two addresses": ({"email": "a@b.example, c@d.example"}, "the To address 'a@b.example, c@d.example' can"),
    "an address outside ASCII": ({"email": "zoé@universite.example"}, "expected name@domain in plain ASCII"),
    "no address": ({"email": ""}, "the To address '' cannot be sent"),
    "an address without end": ({"email": f"{'a' * 2000}@b.example"}, "at most 254 characters"),
    "an answer to nowhere": ({"reply_to_email": ""}, "the Reply-To address '' cannot be sent"),
    "a Message-ID without end": ({"message_id": f"<{'a' * 1200}@b>"}, "at most 900 characters"),
    "a slot without a value": ({"values": {}}, f"the message has no value for {NAME}"),
    "a value that is no Unicode": ({"values": {NAME: "Zo\ud800"}}, "'Zo\\ud800' is not valid Unicode"),
    "a body that is no Unicode": (baked(text=("Zo\udfff",)), "'Zo\\udfff' is not valid Unicode"),
}


@pytest.mark.parametrize(("changes", "why"), POISONS.values(), ids=POISONS)
def test_a_message_that_cannot_be_written_fails_alone_with_its_reason(
    post: Post, changes: dict[str, Any], why: str
) -> None:
    ending = delivered(post, third(**changes))
    assert ending.state is State.FAILED
    assert why in ending.reply


# --- what looks like poison --------------------------------------------------------------------------

HARMLESS = {
    "a name with a second header": {"name": "Zoë\r\nBcc: all@universite.example"},
    "an owner with a second header": {"reply_to_name": "Ève\nBcc: all@universite.example"},
    "a subject filled with a second header": {
        **baked(subject=("À lire, ", Slot(NAME))),
        "values": {NAME: "Zoë\r\nBcc: all@universite.example"},
    },
    "a name without end": {"name": LONG},
    "a name that cannot be broken": {"name": "Z" * 3000},
    "a list's name without end": {"list_name": LONG},
    "a subject without end": baked(subject=(LONG,)),
    "a subject that cannot be broken": baked(subject=("Z" * 3000,)),
    "a value without end": {"values": {NAME: LONG}},
    "a line without end": baked(text=(LONG, Slot(NAME)), html=("Z" * 3000, Slot(NAME))),
    "dots and the end of the message": baked(text=("\r\n.\r\nQUIT\r\n", Slot(NAME), "\r\n.\r\n")),
    "a value with the end of the message": {"values": {NAME: "\r\n.\r\nQUIT\r\n"}},
}


@pytest.mark.parametrize("changes", HARMLESS.values(), ids=HARMLESS)
def test_what_looks_like_poison_arrives_whole_in_lines_that_mail_may_have(
    post: Post, changes: dict[str, Any]
) -> None:
    assert delivered(post, third(**changes)).state is State.SENT
    (line,) = (one for one in post.journal() if one["rcpt"].startswith("employee-4@"))
    data = post.text(line)
    assert max(map(len, data.splitlines())) <= 998
    message = message_from_bytes(data, policy=policy.default)
    assert message["Bcc"] is None
    assert message["To"].addresses[0].addr_spec == outgoing(4).email
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


# --- large messages ----------------------------------------------------------------------------------

LARGE = {
    "in lines": {"text": (WORDS * (10 * MEGABYTE // len(WORDS)), Slot(NAME))},
    "in one line": {"html": ("a" * (10 * MEGABYTE), Slot(NAME))},
}


@pytest.mark.parametrize("changes", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_message_that_is_too_large_for_the_server_fails_alone_in_its_words(
    post: Post, changes: dict[str, Any], pipelining: bool
) -> None:
    ending = delivered(post, third(**baked(**changes)), largest=MEGABYTE, pipelining=pipelining)
    assert ending.state is State.FAILED
    assert ending.reply.startswith("552 ")


@pytest.mark.parametrize("changes", LARGE.values(), ids=LARGE)
def test_a_large_message_arrives_where_the_server_takes_it(post: Post, changes: dict[str, Any]) -> None:
    assert delivered(post, third(**baked(**changes))).state is State.SENT
    (line,) = (one for one in post.journal() if one["rcpt"].startswith("employee-4@"))
    assert len(post.text(line)) > 10 * MEGABYTE


@contextmanager
def easily_upset() -> Iterator[tuple[int, list[bytes]]]:
    """A server that hangs up on every message of more than a megabyte; it keeps the others' recipients."""
    kept: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            recipient = b""
            for line in lines:
                if line == b"DATA\r\n":
                    connection.sendall(b"354 go on\r\n")
                    size = 0
                    for text in iter(lines.readline, b".\r\n"):
                        size += len(text)
                        if size > MEGABYTE or not text:
                            return
                    kept.append(recipient)
                elif line.startswith(b"RCPT"):
                    recipient = line[len("RCPT TO:<") :].partition(b"@")[0]
                connection.sendall(b"250 OK\r\n")

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            if not open_:
                connection.close()
                return
            Thread(target=talk, args=(connection,), daemon=True).start()

    open_ = [True]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], kept
        finally:
            open_.clear()
            socket.create_connection(listening.getsockname()).close()
            thread.join()


def test_a_message_on_which_the_server_hangs_up_is_put_off_alone() -> None:
    batch = third(**baked(**LARGE["in lines"]))
    with easily_upset() as (port, kept), channel_to(port) as channel:
        ended = endings(channel, batch)
    assert [one.state for one in ended] == [State.SENT, State.SENT, State.PLANNED, State.SENT, State.SENT]
    assert "before the end of the message" in ended[2].reply
    assert sorted(kept) == [b"employee-2", b"employee-3", b"employee-5", b"employee-6"]
