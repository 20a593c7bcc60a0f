"""What comes back by mail: kept once, matched, and only what is sure changes a delivery."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError

from diffuse.adapters.return_paths import ReturnPaths
from diffuse.adapters.returned_mail import taken_apart
from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.retention import SqlRetention
from diffuse.adapters.sql.returns import SqlReturns
from diffuse.adapters.sql.tables import returned
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.people import Absence
from diffuse.services.receive import FORGED, NOT_OURS, RECENT, Receive
from diffuse.services.succeed import Succeed
from diffuse.testing import FrozenClock
from tests.suites.store.given import NOW, TODAY, Store, person, together, touchpoint

PATHS = ReturnPaths("bounces@universite.example", "s" * 32)
DAY = timedelta(days=1)


@dataclass
class Post:
    """A store with one sent message, and what reads the mails that come back."""

    store: Store
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))

    def __post_init__(self) -> None:
        self.returns = SqlReturns(self.store.engine)
        self.succeed = Succeed(
            clock=self.clock,
            directory=self.store.directory,
            publications=self.store.publications,
            relief=self.store.relief,
            plans=self.store.plans,
        )
        self.receive = Receive(
            clock=self.clock,
            returns=self.returns,
            mailboxes=(),
            take_apart=taken_apart,
            delivery_of=PATHS.delivery,
            succeed=self.succeed,
        )

    def bounce(
        self,
        to: str = "bounces@universite.example",
        *,
        address: str = "ana@universite.example",
        action: str = "failed",
        status: str = "5.1.1",
        message_id: str = "",
    ) -> str:
        original = (
            f"Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n" if message_id else "\nx\n"
        )
        raw = (
            f"From: MAILER-DAEMON@mx.example\nTo: {to}\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
            f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n--b\n{original}--b--\n"
        )
        return self.receive.take(raw.encode())

    def answer(self, said: str, to: str) -> str:
        head = f"From: Ana <ana@universite.example>\nTo: {to}\nAuto-Submitted: auto-replied\nSubject: Absente"
        return self.receive.take(f"{head}\nContent-Type: text/plain; charset=utf-8\n\n{said}\n".encode())

    def state(self, number: int = 1) -> tuple[str, str]:
        row = self.store.row(number)
        return row["state"], row["reason"]


@pytest.fixture
def post(store: Store) -> Post:
    store.with_people("ana", "bo")
    store.plan(touchpoint())
    store.sent()
    return Post(store)


def test_a_permanent_bounce_by_its_signed_return_path_ends_the_delivery(post: Post) -> None:
    assert post.bounce(PATHS.address(1)) == "permanent"
    assert post.state() == (State.FAILED, "bounced: no_such_user 5.1.1")
    assert post.store.attempts()[-1] == (1, "failed", "bounced: no_such_user 5.1.1")
    (kept,) = post.returns.listed(review=False, limit=9)
    assert (kept.delivery, kept.matched, kept.address, kept.review) == (
        1, "verp", "ana@universite.example", "",
    )  # fmt: skip
    raw = post.returns.raw(kept.id)
    assert raw is not None
    assert len(raw) == kept.size
    assert post.returns.raw(99) is None


def test_a_bounce_is_matched_by_its_message_id_and_else_by_its_address(post: Post) -> None:
    assert post.bounce(message_id=post.store.row(1)["message_id"]) == "permanent"
    assert post.returns.listed(review=False, limit=1)[0].matched == "message-id"
    post.store.plan(touchpoint(key_point="pause"))
    post.store.sent()
    post.bounce(address="Ana@Universite.Example")
    assert (post.returns.listed(review=False, limit=1)[0].matched, post.state(2)[0]) == (
        "recipient",
        "failed",
    )


@pytest.mark.parametrize(
    ("changes", "review"),
    [
        ({"to": PATHS.address(1).replace("+", "+a")}, FORGED),
        ({"to": PATHS.address(99)}, NOT_OURS),
        ({"address": "stranger@elsewhere.example"}, NOT_OURS),
        ({"address": "bo@universite.example"}, NOT_OURS),
        ({"message_id": "<another@universite.example>"}, NOT_OURS),
    ],
)
def test_what_is_not_ours_or_was_made_up_changes_nothing_and_is_reviewed(
    post: Post, changes: dict[str, str], review: str
) -> None:
    post.bounce(**changes)
    assert post.state() == (State.SENT, "")
    (kept,) = post.returns.listed(review=True, limit=9)
    assert (kept.delivery, kept.review) == (None, review)


def test_a_bounce_without_a_message_id_is_about_what_was_sent_lately(post: Post) -> None:
    post.clock.advance(RECENT + DAY)
    post.bounce()
    assert post.state() == (State.SENT, "")


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [("failed", "4.4.1", "temporary"), ("delayed", "4.4.1", "delayed"), ("delivered", "2.0.0", "delivered")],
)
def test_what_is_not_for_good_is_kept_and_changes_nothing(
    post: Post, action: str, status: str, kind: str
) -> None:
    assert post.bounce(PATHS.address(1), action=action, status=status) == kind
    assert post.state() == (State.SENT, "")
    assert post.returns.listed(review=True, limit=9) == []


@pytest.mark.parametrize(("status", "state"), [("5.1.1", State.FAILED), ("4.4.1", State.SENT)])
def test_a_bounce_proves_that_a_message_of_unknown_fate_was_accepted(
    store: Store, status: str, state: State
) -> None:
    store.with_people("ana")
    store.plan(touchpoint())
    store.finish(store.sending(), State.UNKNOWN)
    post = Post(store)
    post.bounce(PATHS.address(1), status=status)
    assert post.state()[0] == state
    assert store.row(1)["sent_at"] is not None


def test_a_message_that_was_opened_did_arrive_whatever_came_back(post: Post) -> None:
    post.store.hits.record(Event(delivery=1, kind=Kind.OPENED, at=NOW), TODAY)
    post.bounce(PATHS.address(1))
    assert post.state() == (State.SENT, "")


def test_the_same_mail_read_twice_or_by_many_at_once_is_one(post: Post) -> None:
    kinds = together(4, lambda _: post.bounce(PATHS.address(1)))
    assert sorted(kinds) == ["", "", "", "permanent"]
    assert len(post.returns.listed(review=False, limit=9)) == 1
    assert len([one for one in post.store.attempts() if one[1] == "failed"]) == 1


def test_an_address_that_does_not_exist_twice_gets_nothing_until_the_directory_changes_it(post: Post) -> None:
    post.bounce(PATHS.address(1))
    post.store.plan(touchpoint(key_point="pause"))
    assert post.returns.suppress(NOW) == 0
    post.store.sent()
    post.bounce(PATHS.address(2))
    post.store.plan(touchpoint(key_point="archive"), touchpoint(employee="bo"))
    assert post.returns.suppress(NOW) == 1
    assert post.state(3)[0] == State.SUPPRESSED
    assert post.state(4)[0] == State.PLANNED
    post.store.directory.save([person("ana", email="ana.roy@universite.example"), person("bo")])
    post.store.plan(touchpoint(key_point="archive", touch=1))
    assert post.returns.suppress(NOW) == 0


def test_no_address_is_written_off_by_bounces_that_anybody_can_make_up(post: Post) -> None:
    post.bounce()
    post.store.plan(touchpoint(key_point="pause"))
    post.store.sent()
    post.bounce(address="Ana@universite.example")
    assert [post.state(number)[0] for number in (1, 2)] == [State.FAILED, State.FAILED]
    post.store.plan(touchpoint(key_point="archive"))
    assert post.returns.suppress(NOW) == 0


def test_a_date_in_our_own_subject_or_text_is_no_absence(post: Post) -> None:
    subject = "Réponse automatique : à lire jusqu'au 25 septembre"
    head = f"From: ana@universite.example\nTo: {PATHS.address(1)}\nAuto-Submitted: auto-replied\n"
    post.receive.take(f"{head}Subject: {subject}\n\nAbsente.\n> Lire jusqu'au 25 septembre\n".encode())
    assert post.succeed.absences_of("ana") == ()


def test_an_absence_with_a_date_holds_what_comes_and_is_reviewed(post: Post) -> None:
    assert post.answer("Je suis absente jusqu'au 25 septembre.", PATHS.address(1)) == "auto-reply"
    assert post.succeed.absences_of("ana") == (Absence(employee="ana", starts=TODAY, ends=date(2026, 9, 25)),)
    row = post.store.row(1)
    assert (row["state"], row["opened_at"], row["reached_on"]) == ("sent", None, None)
    assert post.returns.listed(review=True, limit=9)[0].review == "away until 2026-09-25: messages wait"


def test_no_day_of_an_absence_that_is_known_is_lost(post: Post) -> None:
    leave = Absence(employee="ana", starts=TODAY - 3 * DAY, ends=TODAY + DAY)
    later = Absence(employee="ana", starts=TODAY + 30 * DAY, ends=TODAY + 40 * DAY)
    post.store.relief.renew([leave, later], {"ana": TODAY - 9 * DAY}, "ana")
    post.answer("Je suis absente jusqu'au 25 septembre.", PATHS.address(1))
    both = Absence(employee="ana", starts=leave.starts, ends=date(2026, 9, 25))
    assert list(post.succeed.absences_of("ana")) == [both, later]
    post.answer("Absente jusqu'au 15 septembre", PATHS.address(1))
    assert list(post.succeed.absences_of("ana")) == [both, later]


@pytest.mark.parametrize("to", ["bounces+aaa@universite.example", "bounces@universite.example"])
def test_an_automatic_answer_that_does_not_show_our_message_holds_nothing(post: Post, to: str) -> None:
    post.answer("Je suis absente jusqu'au 25 septembre.", to)
    assert post.succeed.absences_of("ana") == ()
    assert len(post.returns.listed(review=True, limit=9)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: a\x00b\xff\n\nx\x00",
        b"Content-Type: multipart/report; boundary=b\n\n--b",
    ],
)
def test_what_nobody_can_read_is_kept_for_review(post: Post, raw: bytes) -> None:
    assert post.receive.take(raw) == "unsure"
    (kept,) = post.returns.listed(review=True, limit=9)
    assert (kept.delivery, post.returns.raw(kept.id)) == (None, raw)


def reply(said: str, sender: str = "ana@universite.example", to: str = "bureau@universite.example") -> bytes:
    head = f"From: Ana <{sender}>\nTo: {to}\nSubject: Re: Rappel\n"
    return f"{head}{said}\n\nMerci, c'est noté.\n".encode()


@pytest.mark.parametrize("sender", ["ana@universite.example", "ana.at.home@elsewhere.example"])
@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_an_answer_by_a_person_is_about_the_message_that_it_answers(
    post: Post, header: str, sender: str
) -> None:
    ids = f"<other@elsewhere.example> {post.store.row(1)['message_id']}"
    assert post.receive.take(reply(f"{header}: {ids}", sender)) == "human-reply"
    (kept,) = post.returns.listed(review=True, limit=9)
    assert (kept.delivery, kept.matched, kept.address) == (1, "message-id", sender)
    assert post.state() == (State.SENT, "")


@pytest.mark.parametrize("said", ["In-Reply-To: <nobody@universite.example>", "In-Reply-To: your mail"])
def test_an_answer_to_something_else_is_about_nothing(post: Post, said: str) -> None:
    assert post.receive.take(reply(said, "stranger@elsewhere.example")) == "human-reply"
    assert post.returns.listed(review=True, limit=9)[0].delivery is None


def test_a_message_that_never_left_is_not_answered(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint())
    post = Post(store)
    post.receive.take(reply(f"In-Reply-To: {store.row(1)['message_id']}", "who@elsewhere.example"))
    assert post.returns.listed(review=True, limit=9)[0].delivery is None


def test_what_came_back_cannot_be_changed_and_may_go_when_its_time_is_over(post: Post) -> None:
    post.bounce(PATHS.address(1))
    with pytest.raises(DatabaseError, match="only added"), writing(post.store.engine) as connection:
        connection.execute(update(returned).values(kind="delivered"))
    assert post.returns.listed(review=False, limit=9)[0].kind == "permanent"
    assert SqlRetention(post.store.engine).forget(NOW + DAY) > 0
    assert post.returns.listed(review=False, limit=9) == []


def test_a_receipt_of_the_reader_is_neither_an_open_nor_a_failure(post: Post) -> None:
    mail = (
        f"From: ana@universite.example\nTo: {PATHS.address(1)}\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        "--b\nContent-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; ana@universite.example\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    assert post.receive.take(mail.encode()) == "delivered"
    row = post.store.row(1)
    assert (row["state"], row["opened_at"], row["reached_on"]) == ("sent", None, None)


@pytest.mark.parametrize("subject", ["a\ud800b", "a\x00b", "=?utf-16?b?2AA=?="])
def test_a_subject_that_no_database_takes_loses_only_those_characters(post: Post, subject: str) -> None:
    raw = f"Subject: {subject}\n\nx".encode("utf-8", "surrogatepass")
    assert post.receive.take(raw) == "unsure"
    (kept,) = post.returns.listed(review=True, limit=9)
    assert post.returns.raw(kept.id) == raw
