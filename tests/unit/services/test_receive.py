"""When mailboxes are read, and what happens when one is away or a mail cannot be kept."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from diffuse.adapters.returned_mail import taken_apart
from diffuse.domain.returned import Mail
from diffuse.errors import TransientFailure
from diffuse.services.receive import EVERY, Receive
from diffuse.testing import FrozenClock

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)


class Box:
    """A mailbox in memory."""

    def __init__(self, *mails: bytes, away: bool = False) -> None:
        self.mails, self.away, self.aside = list(mails), away, list[str]()

    @contextmanager
    def unread(self) -> Iterator[Iterator[tuple[str, bytes]]]:
        if self.away:
            raise TransientFailure("the mailbox does not answer")
        yield ((str(n), raw) for n, raw in enumerate(self.mails) if str(n) not in self.aside)

    def taken(self, name: str) -> None:
        self.aside.append(name)


class Kept:
    """Keeps what comes, until it fails."""

    def __init__(self, fails_at: int = 99) -> None:
        self.kept, self.fails_at = list[str](), fails_at

    def keep(self, mail: Any) -> bool:  # noqa: ANN401 -- a returned mail
        if len(self.kept) == self.fails_at:
            raise TransientFailure("the database is away")
        self.kept.append(mail.subject)
        self.last = mail
        return True

    def suppress(self, now: datetime) -> int:
        return 0


def receive(
    kept: Kept, *boxes: Box, take_apart: Callable[[bytes], Mail] = taken_apart
) -> tuple[Receive, FrozenClock]:
    clock = FrozenClock(NOW)
    service = Receive(
        clock=clock,
        returns=cast("Any", kept),
        mailboxes=boxes,
        take_apart=take_apart,
        delivery_of=lambda _: None,
        succeed=cast("Any", SimpleNamespace()),
    )
    return service, clock


def test_a_mailbox_is_read_every_minute_and_not_more_often() -> None:
    kept, box = Kept(), Box(b"Subject: one\n\nx")
    service, clock = receive(kept, box)
    service.run()
    box.mails.append(b"Subject: two\n\nx")
    service.run()
    assert kept.kept == ["one"]
    clock.advance(EVERY)
    service.run()
    assert (kept.kept, box.aside) == (["one", "two"], ["0", "1"])


def test_a_mail_is_put_aside_only_once_it_is_kept() -> None:
    box = Box(b"Subject: one\n\nx", b"Subject: two\n\nx")
    service, _ = receive(Kept(fails_at=1), box)
    with pytest.raises(TransientFailure):
        service.read()
    assert box.aside == ["0"]


def test_a_mailbox_that_is_away_keeps_nobody_from_the_next_one(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    service, _ = receive(kept, Box(away=True), Box(b"Subject: one\n\nx"))
    with caplog.at_level(logging.INFO, "diffuse.receive"):
        service.run()
    assert kept.kept == ["one"]
    assert caplog.messages == [
        "what came back is read later: the mailbox does not answer",
        "came back: 1 unsure",
    ]
    with pytest.raises(TransientFailure):
        service.read()


def test_a_mail_that_stops_the_reader_is_kept_for_review_and_the_next_one_is_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stops(raw: bytes) -> Mail:
        if raw == b"hostile":
            raise OverflowError("too deep")
        return taken_apart(raw)

    kept, box = Kept(), Box(b"hostile", b"Subject: two\n\nx")
    service, _ = receive(kept, box, take_apart=stops)
    with caplog.at_level(logging.ERROR, "diffuse.receive"):
        assert service.read() == {"unsure": 2}
    assert (kept.kept, box.aside) == (["", "two"], ["0", "1"])
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None


def test_what_could_not_be_taken_apart_says_why_and_keeps_every_byte() -> None:
    def stops(raw: bytes) -> Mail:
        raise ValueError(raw)

    kept = Kept()
    service, _ = receive(kept, take_apart=stops)
    assert service.take(b"hostile") == "unsure"
    assert (kept.last.raw, kept.last.delivery) == (b"hostile", None)
    assert kept.last.review == "it could not be taken apart (ValueError): read it as it came"
