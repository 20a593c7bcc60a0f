"""The e-mail channel against a real server: what left, what did not, and what nobody can know."""

import json
import mailbox
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from diffuse.adapters.mail_server import MailServer, Security
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.adapters.smtp import SmtpChannel
from diffuse.demo.receiver import HANG_UP, SILENCE, Fault, Receiver, Stage
from diffuse.domain.delivery import Outcome, State
from diffuse.domain.message import NAME, Baked, Excerpt, Outgoing, Slot
from diffuse.errors import AuthoringError, TransientFailure

pytestmark = pytest.mark.servers

NOW = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
SENDER = Sender(name="Université du Nord", email="gouvernance@universite.example")
PASSWORD = "p4ss-and-more"
BAKED = Baked(
    language="fr",
    subject=("À lire",),
    html=("<p>Bonjour ", Slot(NAME), "</p>\n"),
    text=("Bonjour\n", Slot(NAME), "\n.point\n"),
    links=(),
    excerpt=Excerpt(subject="", body="", action=""),
)


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def outgoing(number: int, name: str = ".Zoë", attempt: int = 1) -> Outgoing:
    return Outgoing(
        delivery=number,
        attempt=attempt,
        email=f"employee-{number}@universite.example",
        name=name,
        reply_to_name="Ève Roy",
        reply_to_email="eve.roy@universite.example",
        list_id="social-media.universite.example",
        list_name="Médias sociaux",
        message_id=f"<{number}.abc@universite.example>",
        date=NOW,
        baked=BAKED,
        values={NAME: name},
    )


def yes(delivery: int) -> bool:
    return True


@contextmanager
def channel_to(
    port: int,
    *,
    security: Security = "none",
    context: ssl.SSLContext | None = None,
    username: str = "",
    password: str = "",
    timeout: timedelta = timedelta(seconds=10),
) -> Iterator[SmtpChannel]:
    channel = SmtpChannel(
        host="127.0.0.1",
        port=port,
        security=security,
        username=username,
        password=password,
        sender_name=SENDER.name,
        sender_email=SENDER.email,
        timeout=timeout,
        context=context,
        clock=Noon(),
    )
    try:
        yield channel
    finally:
        channel.close()


class Post:
    """Starts receivers on one mailbox and reads what came in."""

    def __init__(self, folder: Path) -> None:
        self._maildir, self._journal = folder / "Maildir", folder / "journal.jsonl"

    def receiver(self, *faults: Fault, **options: object) -> Receiver:
        """Return a receiver; the faults befall employee 1, one after another."""
        scripted = {outgoing(1).email: faults}
        return Receiver(
            maildir=self._maildir,
            journal=self._journal,
            clock=Noon(),
            faults=scripted,
            **options,  # type: ignore[arg-type]
        )

    def journal(self) -> list[dict[str, str]]:
        if not self._journal.exists():
            return []
        return [json.loads(line) for line in self._journal.read_text("utf-8").splitlines()]

    def recipients(self) -> list[str]:
        """Return who got mail, as the journal and the Maildir say it with one voice."""
        journal = self.journal()
        kept = mailbox.Maildir(self._maildir, create=False)
        assert sorted(message["Message-ID"] for message in kept) == sorted(
            line["message_id"] for line in journal
        )
        return [line["rcpt"].partition("@")[0] for line in journal]

    def text(self, line: dict[str, str]) -> bytes:
        return (self._maildir / "new" / line["file"]).read_bytes()


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path)


def only(outcomes: Iterator[Outcome]) -> Outcome:
    [outcome] = outcomes
    return outcome


def refusal(channel: SmtpChannel) -> str:
    """Return what is said when the server lets nothing through."""
    with pytest.raises(TransientFailure) as caught:
        list(channel.send([outgoing(1)], yes))
    assert "nothing was sent: check " in str(caught.value)
    return str(caught.value)


@contextmanager
def scripted_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection by hand."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join()


def answering(*answers: bytes) -> Callable[[socket.socket], None]:
    """Greet, answer each thing that comes in with the next answer, then close."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        for answer in answers:
            connection.recv(1 << 20)
            connection.sendall(answer)

    return talk


def test_a_message_is_sent_and_arrives_byte_for_byte(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        outcome = only(channel.send([outgoing(1)], yes))
    assert outcome == Outcome(delivery=1, attempt=1, state=State.SENT, at=NOW, reply="250 2.0.0 kept")
    [line] = post.journal()
    assert line["received"] == NOW.isoformat()
    assert line["message_id"] == outgoing(1).message_id
    meant = Skeleton.of(BAKED).fill(outgoing(1), SENDER)
    assert post.text(line).replace(b"\n", b"\r\n") == meant


def test_a_thread_keeps_its_connection_over_batches(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        states = [
            outcome.state for _ in range(3) for outcome in channel.send([outgoing(2), outgoing(3)], yes)
        ]
        assert receiver.connections == 1
    assert states == [State.SENT] * 6


def test_each_thread_has_its_own_connection(post: Post) -> None:
    def send(number: int) -> State:
        together.wait()
        return only(channel.send([outgoing(number)], yes)).state

    together = threading.Barrier(3)
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        with ThreadPoolExecutor(3) as threads:
            states = list(threads.map(send, [2, 3, 4]))
        assert receiver.connections == 3
    assert states == [State.SENT] * 3


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        first = only(channel.send([outgoing(2)], yes))
        receiver.hang_up()
        second = only(channel.send([outgoing(3)], yes))
        assert receiver.connections == 2
    assert [first.state, second.state] == [State.SENT, State.SENT]


def test_a_server_that_takes_few_messages_a_connection_gets_them_over_several(post: Post) -> None:
    batch = [outgoing(number) for number in range(2, 8)]
    with post.receiver(messages_per_connection=2) as receiver, channel_to(receiver.port) as channel:
        outcomes = list(channel.send(batch, yes))
        assert receiver.connections == 3
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 6


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_temporary_refusal_puts_the_message_off_and_the_batch_goes_on(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply="450 4.2.1 mailbox busy")
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        refused, sent = channel.send([outgoing(1, attempt=3), outgoing(2)], yes)
        assert receiver.connections == 1
    assert refused.state is State.PLANNED
    assert refused.retry_at == NOW + timedelta(minutes=4)
    assert refused.reply == "450 4.2.1 mailbox busy"
    assert sent.state is State.SENT
    assert post.recipients() == ["employee-2"]


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_permanent_refusal_fails_the_message_alone(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply="550 5.1.1 no such mailbox")
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        refused, sent = channel.send([outgoing(1), outgoing(2)], yes)
        assert receiver.connections == 1
    assert (refused.state, refused.reply, refused.retry_at) == (
        State.FAILED,
        "550 5.1.1 no such mailbox",
        None,
    )
    assert sent.state is State.SENT
    assert post.recipients() == ["employee-2"]


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_server_that_takes_its_leave_with_421_is_met_again_for_the_next_message(
    post: Post, stage: Stage
) -> None:
    fault = Fault(at=stage, reply="421 4.3.2 shutting down")
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        refused, sent = channel.send([outgoing(1), outgoing(2)], yes)
        assert receiver.connections == 2
    assert [refused.state, sent.state] == [State.PLANNED, State.SENT]


def test_a_refusal_stands_when_the_server_leaves_right_after_it() -> None:
    script = answering(b"250 here\r\n", b"250 OK\r\n", b"550 5.1.1 no such mailbox\r\n")
    with scripted_server(script) as port, channel_to(port) as channel:
        assert only(channel.send([outgoing(1)], yes)).state is State.FAILED


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_connection_lost_before_the_dot_plans_the_message_again(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply=HANG_UP)
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        lost, sent = channel.send([outgoing(1), outgoing(2)], yes)
        again = only(channel.send([outgoing(1, attempt=2)], yes))
    assert (lost.state, lost.retry_at) == (State.PLANNED, NOW + timedelta(minutes=1))
    assert "before the end of the message" in lost.reply
    assert [sent.state, again.state] == [State.SENT, State.SENT]
    assert post.recipients() == ["employee-2", "employee-1"]


def test_a_server_that_leaves_during_the_fence_plans_the_message_again() -> None:
    hung_up = threading.Event()

    def talk(connection: socket.socket) -> None:
        answering(b"250 here\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n")(connection)
        connection.recv(1 << 20)
        connection.shutdown(socket.SHUT_RDWR)
        hung_up.set()

    with scripted_server(talk) as port, channel_to(port) as channel:
        outcome = only(channel.send([outgoing(1)], lambda _: hung_up.wait(10)))
    assert outcome.state is State.PLANNED
    assert "before the end of the message" in outcome.reply


@pytest.mark.parametrize("stored", [True, False])
def test_a_connection_lost_after_the_dot_leaves_the_outcome_unknown(post: Post, stored: bool) -> None:
    fault = Fault(at="dot", reply=HANG_UP, stored=stored)
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        lost, sent = channel.send([outgoing(1), outgoing(2)], yes)
    assert (lost.state, lost.retry_at) == (State.UNKNOWN, None)
    assert "after the end of the message" in lost.reply
    assert sent.state is State.SENT
    assert post.recipients() == ["employee-1"] * stored + ["employee-2"]


def test_silence_after_the_dot_leaves_the_outcome_unknown(post: Post) -> None:
    fault = Fault(at="dot", reply=SILENCE, stored=True)
    brief = timedelta(seconds=0.3)
    with post.receiver(fault) as receiver, channel_to(receiver.port, timeout=brief) as channel:
        silent, sent = channel.send([outgoing(1), outgoing(2)], yes)
    assert [silent.state, sent.state] == [State.UNKNOWN, State.SENT]


@pytest.mark.parametrize("answer", [b"gibberish\r\n", b"354 what\r\n", b"2" * 9000 + b"\r\n"])
def test_an_answer_that_means_nothing_after_the_dot_leaves_the_outcome_unknown(answer: bytes) -> None:
    script = answering(b"250 here\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n", b"", answer)
    dotted = threading.Event()

    def fence(delivery: int) -> bool:
        time.sleep(0.2)
        dotted.set()
        return True

    with scripted_server(script) as port, channel_to(port) as channel:
        assert only(channel.send([outgoing(1)], fence)).state is State.UNKNOWN
    assert dotted.is_set()


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_silence_before_the_dot_plans_the_message_again(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply=SILENCE)
    brief = timedelta(seconds=0.3)
    with post.receiver(fault) as receiver, channel_to(receiver.port, timeout=brief) as channel:
        silent, sent = channel.send([outgoing(1), outgoing(2)], yes)
    assert [silent.state, sent.state] == [State.PLANNED, State.SENT]


def test_a_fence_that_says_no_delivers_nothing_and_has_no_outcome(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        outcomes = list(channel.send([outgoing(1), outgoing(2), outgoing(3)], lambda delivery: delivery != 2))
    assert [outcome.delivery for outcome in outcomes] == [1, 3]
    assert post.recipients() == ["employee-1", "employee-3"]


def test_a_fence_that_breaks_delivers_nothing(post: Post) -> None:
    def fence(delivery: int) -> bool:
        raise ConnectionError("the database is gone")

    with (
        post.receiver() as receiver,
        channel_to(receiver.port) as channel,
        pytest.raises(ConnectionError, match="the database is gone"),
    ):
        list(channel.send([outgoing(1)], fence))
    assert post.recipients() == []


def test_the_fence_is_asked_once_the_server_waits_for_nothing_but_the_dot(post: Post) -> None:
    asked: list[tuple[int, list[str]]] = []

    def fence(delivery: int) -> bool:
        asked.append((delivery, post.recipients()))
        return True

    faults = Fault(at="rcpt", reply="550 5.1.1 no such mailbox")
    with post.receiver(faults) as receiver, channel_to(receiver.port) as channel:
        list(channel.send([outgoing(1), outgoing(2), outgoing(3)], fence))
    assert asked == [(2, []), (3, ["employee-2"])]


def test_a_poisoned_message_fails_alone_and_says_why(post: Post) -> None:
    batch = [
        replace(outgoing(2), baked=replace(BAKED, subject=("a\r\nBcc: all@universite.example",))),
        replace(outgoing(3), email="zoé@universite.example"),
        replace(outgoing(4), values={}),
        outgoing(5),
    ]
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        outcomes = list(channel.send(batch, yes))
    assert [outcome.state for outcome in outcomes] == [State.FAILED] * 3 + [State.SENT]
    reasons = [outcome.reply for outcome in outcomes]
    assert "Subject holds the control character U+000D" in reasons[0]
    assert "plain ASCII" in reasons[1]
    assert NAME in reasons[2]
    assert post.recipients() == ["employee-5"]


def test_a_server_that_is_down_is_told_in_words_and_nothing_is_sent(post: Post) -> None:
    with post.receiver() as receiver:
        port = receiver.port
    with channel_to(port) as channel:
        said = refusal(channel)
    assert said.startswith(f"the mail server at 127.0.0.1:{port} cannot be reached (")
    assert "Connection refused" in said
    assert "check that it runs" in said


def test_a_server_that_goes_down_within_a_batch_leaves_the_rest_without_an_outcome(post: Post) -> None:
    with ExitStack() as after:
        with post.receiver() as receiver:
            channel = after.enter_context(channel_to(receiver.port))
            outcomes = channel.send([outgoing(1), outgoing(2)], yes)
            assert next(outcomes).state is State.SENT
        with pytest.raises(TransientFailure, match="cannot be reached"):
            next(outcomes)
    assert post.recipients() == ["employee-1"]


def test_a_server_that_never_greets_is_given_up_after_the_timeout() -> None:
    def say_nothing(connection: socket.socket) -> None:
        assert connection.recv(1) == b""

    started, brief = time.monotonic(), timedelta(seconds=0.2)
    with scripted_server(say_nothing) as port, channel_to(port, timeout=brief) as channel:
        assert "timed out" in refusal(channel)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([b"250 here\r\n", b"550 5.7.1 not yours\r\n", b"250 OK\r\n"], "refuses our own address"),
        ([b"250 here\r\n", b"530 5.7.0 log in first\r\n", b"250 OK\r\n"], "refuses mail without credentials"),
        ([b"554 go away\r\n", b"554 go away\r\n"], "cannot be reached (554 go away)"),
    ],
)
def test_a_refusal_that_concerns_every_message_fails_none_of_them(
    answers: Sequence[bytes], says: str
) -> None:
    with scripted_server(answering(*answers)) as port, channel_to(port) as channel:
        assert says in refusal(channel)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_messages_go_through_tls(
    post: Post, server_context: ssl.SSLContext, client_context: ssl.SSLContext, security: Security
) -> None:
    with post.receiver(security=security, context=server_context) as receiver:
        with channel_to(receiver.port, security=security, context=client_context) as channel:
            outcomes = list(channel.send([outgoing(1), outgoing(2)], yes))
        assert receiver.connections == 1
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 2


def test_a_server_without_starttls_gets_nothing(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port, security="starttls") as channel:
        assert "does not offer what is asked of it" in (said := refusal(channel))
        assert "STARTTLS" in said
    assert post.recipients() == []


def test_a_server_that_speaks_no_tls_is_named_with_the_setting_to_check(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port, security="tls") as channel:
        assert "TLS with" in (said := refusal(channel))
        assert "failed" in said
        assert ": check security" in said


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_is_refused(
    post: Post, server_context: ssl.SSLContext, security: Security
) -> None:
    with (
        post.receiver(security=security, context=server_context) as receiver,
        channel_to(receiver.port, security=security) as channel,
    ):
        assert "the certificate of" in (said := refusal(channel))
        assert "cannot be trusted" in said
    assert post.recipients() == []


def test_the_right_credentials_open_the_way(
    post: Post, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with (
        post.receiver(
            security="starttls", context=server_context, credentials=("diffuse", PASSWORD)
        ) as receiver,
        channel_to(
            receiver.port, username="diffuse", password=PASSWORD, context=client_context, security="starttls"
        ) as channel,
    ):
        assert only(channel.send([outgoing(1)], yes)).state is State.SENT


def test_wrong_credentials_are_named_and_the_password_is_shown_nowhere(
    post: Post, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with (
        post.receiver(
            security="starttls", context=server_context, credentials=("diffuse", "other")
        ) as receiver,
        channel_to(
            receiver.port, username="diffuse", password=PASSWORD, context=client_context, security="starttls"
        ) as channel,
    ):
        with pytest.raises(TransientFailure, match="refuses the credentials of 'diffuse'") as caught:
            list(channel.send([outgoing(1)], yes))
        shown = [repr(channel), repr(vars(channel)), str(caught.value), caught.value.reply]
        shown += traceback.format_exception(caught.value)
    assert not any(PASSWORD in text for text in shown)
    assert "535" in str(caught.value)
    assert post.recipients() == []


def test_missing_credentials_put_nothing_off_for_ever(
    post: Post, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with (
        post.receiver(
            security="starttls", context=server_context, credentials=("diffuse", PASSWORD)
        ) as receiver,
        channel_to(receiver.port, context=client_context, security="starttls") as channel,
    ):
        assert "refuses mail without credentials" in refusal(channel)


def test_settings_that_cannot_work_are_refused_all_at_once() -> None:
    with pytest.raises(AuthoringError) as caught:
        MailServer(host="", port=25, security="start-tls", password="pässword")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
    assert "did you mean 'starttls'?" in str(caught.value)
    assert "pässword" not in str(caught.value)


def test_a_password_never_crosses_the_network_in_clear() -> None:
    with pytest.raises(AuthoringError, match="in clear"):
        MailServer(
            host="mail.universite.example", port=25, security="none", username="diffuse", password=PASSWORD
        )


def test_a_sender_that_no_header_can_hold_is_refused_at_once() -> None:
    with pytest.raises(AuthoringError, match="From address"):
        SmtpChannel(host="localhost", port=25, sender_name="X", sender_email="gouvernance", clock=Noon())


def test_a_receiver_on_a_port_in_use_says_so(post: Post) -> None:
    with (
        post.receiver() as receiver,
        pytest.raises(OSError, match="in use"),
        post.receiver(port=receiver.port),
    ):
        pass
