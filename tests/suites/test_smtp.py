"""The e-mail channel against a real server: what left, what did not, and what nobody can know."""

import gc
import json
import mailbox
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from diffuse.adapters.mail_server import MailServer, Security
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.adapters.smtp import SmtpChannel
from diffuse.adapters.smtp_batch import Batch
from diffuse.demo.receiver import HANG_UP, SILENCE, Fault, Receiver, Stage
from diffuse.domain.delivery import Ending, State
from diffuse.domain.message import NAME, Baked, Excerpt, Outgoing, Slot
from diffuse.errors import AuthoringError

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
    connections: int = 1,
    stop: threading.Event | None = None,
    return_path: Callable[[int], str] | None = None,
) -> Iterator[SmtpChannel]:
    server = MailServer(
        host="127.0.0.1",
        port=port,
        security=security,
        username=username,
        password=password,
        timeout=timeout,
        dot_timeout=timeout,
        connections=connections,
        context=context,
    )
    channel = SmtpChannel(
        servers={"relay": server},
        sender_name=SENDER.name,
        sender_email=SENDER.email,
        return_path=return_path,
        stop=stop,
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


class Office:
    """Stands in for the database: asks a question for each message, and keeps what ended."""

    def __init__(self, fence: Callable[[int], bool] = yes) -> None:
        self.fence, self.ended, self.dotted = fence, list[Ending](), list[int]()

    def turn(self, ended: Sequence[Ending], wanted: Sequence[int]) -> set[int]:
        self.ended += ended
        return {number for number in wanted if self.fence(number)}

    def dots(self, deliveries: Sequence[tuple[int, int]]) -> None:
        self.dotted += [number for number, _ in deliveries]

    def replies(self, endings: Sequence[Ending]) -> None:
        assert all(one.delivery not in {ended.delivery for ended in self.ended} for one in endings)

    def send(self, channel: SmtpChannel, batch: Sequence[Outgoing]) -> dict[str, str]:
        return dict(channel.send(batch, self.turn, self))


def endings(
    channel: SmtpChannel, batch: Sequence[Outgoing], fence: Callable[[int], bool] = yes
) -> list[Ending]:
    """Deliver a batch; return how its messages ended, in their order."""
    office = Office(fence)
    office.send(channel, batch)
    return sorted(office.ended, key=lambda one: one.delivery)


def only(endings: Sequence[Ending]) -> Ending:
    [ending] = endings
    return ending


def refusal(channel: SmtpChannel) -> str:
    """Return what is said when the server lets nothing through."""
    office = Office()
    troubles = office.send(channel, [outgoing(1)])
    assert [one for one in office.ended if one.state is not State.PLANNED] == []
    assert "nothing was sent: check " in troubles["relay"]
    return troubles["relay"]


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
        outcome = only(endings(channel, [outgoing(1)]))
    assert outcome == Ending(delivery=1, attempt=1, state=State.SENT, reply="250 2.0.0 kept")
    [line] = post.journal()
    assert line["received"] == NOW.isoformat()
    assert line["message_id"] == outgoing(1).message_id
    meant = Skeleton.of(BAKED).fill(outgoing(1), SENDER)
    assert post.text(line).replace(b"\n", b"\r\n") == meant


def test_a_batch_is_gone_with_its_messages_as_soon_as_it_is_over(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        gc.collect()
        gc.disable()
        try:
            assert len(endings(channel, [outgoing(1), outgoing(2)])) == 2
            assert not any(isinstance(one, Batch) for one in gc.get_objects())
        finally:
            gc.enable()


def test_a_thread_keeps_its_connection_over_batches(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        states = [outcome.state for _ in range(3) for outcome in endings(channel, [outgoing(2), outgoing(3)])]
        assert receiver.connections == 1
    assert states == [State.SENT] * 6


def test_a_batch_travels_over_as_many_connections_as_are_allowed(post: Post) -> None:
    batch = [outgoing(number) for number in range(2, 42)]
    with post.receiver() as receiver, channel_to(receiver.port, connections=3) as channel:
        assert [one.state for one in endings(channel, batch)] == [State.SENT] * 40
        assert receiver.connections == 3
    assert sorted(post.recipients()) == sorted(f"employee-{number}" for number in range(2, 42))


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_may_offer_pipelining_or_not(post: Post, pipelining: bool) -> None:
    batch = [outgoing(number) for number in range(1, 11)]
    faults = [Fault(at="rcpt", reply="550 5.1.1 no such mailbox")]
    with (
        post.receiver(*faults, pipelining=pipelining) as receiver,
        channel_to(receiver.port, connections=2) as channel,
    ):
        first, *others = endings(channel, batch)
        assert receiver.connections == 2
    assert (first.state, first.reply) == (State.FAILED, "550 5.1.1 no such mailbox")
    assert [one.state for one in others] == [State.SENT] * 9
    assert sorted(post.recipients()) == sorted(f"employee-{number}" for number in range(2, 11))


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        first = only(endings(channel, [outgoing(2)]))
        receiver.hang_up()
        second = only(endings(channel, [outgoing(3)]))
        assert receiver.connections == 2
    assert [first.state, second.state] == [State.SENT, State.SENT]


def test_a_server_that_takes_few_messages_a_connection_gets_them_over_several(post: Post) -> None:
    batch = [outgoing(number) for number in range(2, 8)]
    with post.receiver(messages_per_connection=2) as receiver, channel_to(receiver.port) as channel:
        outcomes = endings(channel, batch)
        assert receiver.connections == 3
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 6


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_temporary_refusal_puts_the_message_off_and_the_batch_goes_on(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply="450 4.2.1 mailbox busy")
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        refused, sent = endings(channel, [outgoing(1, attempt=3), outgoing(2)])
        assert receiver.connections == 1
    assert refused.state is State.PLANNED
    assert refused.attempt == 3
    assert refused.reply == "450 4.2.1 mailbox busy"
    assert sent.state is State.SENT
    assert post.recipients() == ["employee-2"]


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_permanent_refusal_fails_the_message_alone(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply="550 5.1.1 no such mailbox")
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        refused, sent = endings(channel, [outgoing(1), outgoing(2)])
        assert receiver.connections == 1
    assert (refused.state, refused.reply) == (State.FAILED, "550 5.1.1 no such mailbox")
    assert sent.state is State.SENT
    assert post.recipients() == ["employee-2"]


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_server_that_takes_its_leave_with_421_is_met_again_for_the_next_message(
    post: Post, stage: Stage
) -> None:
    fault = Fault(at=stage, reply="421 4.3.2 shutting down")
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        refused, sent = endings(channel, [outgoing(1), outgoing(2)])
        assert receiver.connections == 2
    assert [refused.state, sent.state] == [State.PLANNED, State.SENT]


def test_a_refusal_stands_when_the_server_leaves_right_after_it() -> None:
    script = answering(b"250 here\r\n", b"250 OK\r\n", b"550 5.1.1 no such mailbox\r\n")
    with scripted_server(script) as port, channel_to(port) as channel:
        assert only(endings(channel, [outgoing(1)])).state is State.FAILED


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_connection_lost_before_the_dot_plans_the_message_again(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply=HANG_UP)
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        lost, sent = endings(channel, [outgoing(1), outgoing(2)])
        again = only(endings(channel, [outgoing(1, attempt=2)]))
    assert lost.state is State.PLANNED
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
        outcome = only(endings(channel, [outgoing(1)], lambda _: hung_up.wait(10)))
    assert outcome.state is State.PLANNED
    assert "before the end of the message" in outcome.reply


@pytest.mark.parametrize("stored", [True, False])
def test_a_connection_lost_after_the_dot_leaves_the_outcome_unknown(post: Post, stored: bool) -> None:
    fault = Fault(at="dot", reply=HANG_UP, stored=stored)
    with post.receiver(fault) as receiver, channel_to(receiver.port) as channel:
        lost, sent = endings(channel, [outgoing(1), outgoing(2)])
    assert lost.state is State.UNKNOWN
    assert "after the end of the message" in lost.reply
    assert sent.state is State.SENT
    assert post.recipients() == ["employee-1"] * stored + ["employee-2"]


def test_silence_after_the_dot_leaves_the_outcome_unknown(post: Post) -> None:
    fault = Fault(at="dot", reply=SILENCE, stored=True)
    brief = timedelta(seconds=0.3)
    with post.receiver(fault) as receiver, channel_to(receiver.port, timeout=brief) as channel:
        silent, sent = endings(channel, [outgoing(1), outgoing(2)])
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
        assert only(endings(channel, [outgoing(1)], fence)).state is State.UNKNOWN
    assert dotted.is_set()


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_silence_before_the_dot_plans_the_message_again(post: Post, stage: Stage) -> None:
    fault = Fault(at=stage, reply=SILENCE)
    brief = timedelta(seconds=0.3)
    with post.receiver(fault) as receiver, channel_to(receiver.port, timeout=brief) as channel:
        silent, sent = endings(channel, [outgoing(1), outgoing(2)])
    assert [silent.state, sent.state] == [State.PLANNED, State.SENT]


def test_a_fence_that_says_no_delivers_nothing_and_has_no_outcome(post: Post) -> None:
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        outcomes = endings(channel, [outgoing(1), outgoing(2), outgoing(3)], lambda delivery: delivery != 2)
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
        (endings(channel, [outgoing(1)], fence))
    assert post.recipients() == []


def test_no_dot_is_set_before_it_is_allowed_and_each_is_noted_first(post: Post) -> None:
    asked = threading.Event()
    seen: list[list[str]] = []

    def fence(delivery: int) -> bool:
        if not asked.is_set():
            time.sleep(0.3)  # long enough for the bodies to be with the server
            seen.append(post.recipients())
            asked.set()
        return True

    office = Office(fence)
    with post.receiver() as receiver, channel_to(receiver.port, connections=2) as channel:
        assert office.send(channel, [outgoing(number) for number in (2, 3, 4)]) == {}
    assert seen == [[]]
    assert sorted(office.dotted) == [2, 3, 4]
    assert {one.state for one in office.ended} == {State.SENT}


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_the_next_one(post: Post) -> None:
    stop = threading.Event()
    office = Office(lambda _: not stop.is_set())

    def fence(delivery: int) -> bool:
        if delivery >= 5:
            stop.set()
        return delivery < 5

    office.fence = fence
    started = time.monotonic()
    with post.receiver() as receiver, channel_to(receiver.port, stop=stop) as channel:
        office.send(channel, [outgoing(number) for number in range(2, 40)])
    assert time.monotonic() - started < 5
    assert all(one.state in {State.SENT, State.PLANNED} for one in office.ended)
    sent = sorted(f"employee-{one.delivery}" for one in office.ended if one.state is State.SENT)
    assert sorted(post.recipients()) == sent


def test_a_server_that_swallows_everything_holds_up_nobody_who_uses_another_one(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole, post.receiver() as receiver:
        ways = {
            name: MailServer(
                host="127.0.0.1", port=port, security="none", timeout=timedelta(seconds=0.5), connections=1
            )
            for name, port in (("hole", hole.getsockname()[1]), ("relay", receiver.port))
        }
        channel = SmtpChannel(servers=ways, sender_name=SENDER.name, sender_email=SENDER.email)
        batch = [replace(outgoing(n), server="hole" if n % 2 else "relay") for n in range(2, 12)]
        office = Office()
        troubles = office.send(channel, batch)
        channel.close()
    assert list(troubles) == ["hole"]
    ended = {one.delivery: one.state for one in office.ended}
    assert [ended[number] for number in range(2, 12, 2)] == [State.SENT] * 5
    assert {ended.get(number, State.PLANNED) for number in range(3, 12, 2)} == {State.PLANNED}


def test_a_poisoned_message_fails_alone_and_says_why(post: Post) -> None:
    batch = [
        replace(outgoing(2), baked=replace(BAKED, subject=("a\r\nBcc: all@universite.example",))),
        replace(outgoing(3), email="zoé@universite.example"),
        replace(outgoing(4), values={}),
        outgoing(5),
    ]
    with post.receiver() as receiver, channel_to(receiver.port) as channel:
        outcomes = endings(channel, batch)
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


def test_a_server_that_goes_down_within_a_batch_costs_no_message(post: Post) -> None:
    with ExitStack() as running:
        receiver = running.enter_context(post.receiver())

        def fence(delivery: int) -> bool:
            if delivery == 2:
                running.close()
            return True

        with channel_to(receiver.port) as channel:
            office = Office(fence)
            troubles = office.send(channel, [outgoing(1), outgoing(2)])
    assert "cannot be reached" in troubles["relay"]
    # Whether the dot left before the loss was seen is a matter of luck; that nothing was sent is not.
    assert {one.state for one in office.ended} <= {State.PLANNED, State.UNKNOWN}
    assert post.recipients() == []


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
            outcomes = endings(channel, [outgoing(1), outgoing(2)])
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
        assert only(endings(channel, [outgoing(1)])).state is State.SENT


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
        said = refusal(channel)
        shown = [repr(channel), repr(vars(channel)), said]
    assert "refuses the credentials of 'diffuse'" in said
    assert not any(PASSWORD in text for text in shown)
    assert "535" in said
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
        SmtpChannel(servers={"": MailServer(host="localhost", port=25)}, sender_name="X", sender_email="g")


def test_a_receiver_on_a_port_in_use_says_so(post: Post) -> None:
    with (
        post.receiver() as receiver,
        pytest.raises(OSError, match="in use"),
        post.receiver(port=receiver.port),
    ):
        pass


@pytest.mark.parametrize("offered", [b"250 here\r\n", b"250-here\r\n250 PIPELINING\r\n"])
def test_each_message_has_the_envelope_sender_of_its_delivery(offered: bytes) -> None:
    said: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        lines = connection.makefile("rb")
        in_data = False
        for line in lines:
            if in_data:
                in_data = line != b".\r\n"
                if not in_data:
                    connection.sendall(b"250 kept\r\n")
                continue
            said.append(line)
            in_data = line.startswith(b"DATA")
            connection.sendall(
                offered if line.startswith(b"ehlo") else b"354 go\r\n" if in_data else b"250 ok\r\n"
            )
            if line.lower().startswith(b"quit"):
                break
        lines.close()

    with (
        scripted_server(talk) as port,
        channel_to(port, return_path=lambda number: f"b+{number}@u.example") as channel,
    ):
        assert [one.state for one in endings(channel, [outgoing(1), outgoing(2)])] == [State.SENT] * 2
    assert [one for one in said if one.startswith(b"MAIL")] == [
        b"MAIL FROM:<b+1@u.example>\r\n",
        b"MAIL FROM:<b+2@u.example>\r\n",
    ]
