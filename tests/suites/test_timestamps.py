"""Timestamps by a real authority over HTTP: what they prove, and that no lie passes for one."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diffuse.adapters.pack.verify import check
from diffuse.adapters.pack.zipped import EvidenceZip
from diffuse.adapters.timestamps import TimestampAuthority
from diffuse.domain.evidence import Evidence
from diffuse.domain.stamps import Stamp
from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Head
from diffuse.services.stamp import AGAIN, EVERY, Stamping
from diffuse.testing import FrozenClock
from tests.suites.test_evidence_pack import Chained
from tests.tsa import WRONG, Authority, authority

HASH, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture(scope="module")
def tsa() -> Iterator[Authority]:
    with authority() as one:
        yield one


class Kept:
    """Timestamps in memory."""

    def __init__(self, *stamps: Stamp) -> None:
        self.stamps = list(stamps)

    def all(self) -> list[Stamp]:
        return self.stamps

    def last(self) -> Stamp | None:
        return self.stamps[-1] if self.stamps else None

    def keep(self, stamp: Stamp) -> None:
        self.stamps.append(stamp)


class Empty(Chained):
    """A chain without a record."""

    def records(self) -> Iterator[Evidence]:
        return iter(())

    def head(self) -> Head:
        return Head(0, "0" * 64)


def stamping(tsa: Authority, *stamps: Stamp, chain: Chained | None = None, asked: bool = True) -> Stamping:
    return Stamping(
        chain=chain or Chained(),
        stamps=Kept(*stamps),
        clock=FrozenClock(datetime.now(UTC)),
        authority=TimestampAuthority(tsa.url, roots=tsa.roots),
        is_asked=asked,
    )


@pytest.mark.parametrize("trusted", [True, False])
def test_an_answer_is_about_the_hash_and_names_an_instant(tsa: Authority, *, trusted: bool) -> None:
    client = TimestampAuthority(tsa.url, roots=tsa.roots if trusted else b"")
    response = client.stamp(HASH)
    assert client.problem(response, HASH) == ""
    assert client.problem(response, OTHER)
    assert abs(client.at(response) - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_answer_that_somebody_else_signed_is_none(tsa: Authority) -> None:
    response = TimestampAuthority(tsa.url).stamp(HASH)
    assert TimestampAuthority(tsa.url, roots=Authority().roots).problem(response, HASH)


@pytest.mark.parametrize("lies", WRONG)
def test_no_lie_passes_for_a_timestamp(lies: str) -> None:
    with authority(lies) as one, pytest.raises(TransientFailure, match="timestamp") as caught:
        TimestampAuthority(one.url, roots=one.roots).stamp(HASH)
    assert str(caught.value).endswith("it is tried again")


def test_an_authority_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(TransientFailure, match="no timestamp from"):
        TimestampAuthority("http://127.0.0.1:1/tsr").stamp(HASH)


def test_certificates_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(AuthoringError, match="timestamp_ca"):
        TimestampAuthority("http://127.0.0.1:1/tsr", roots=b"-----BEGIN CERTIFICATE-----\nx")


def test_the_end_of_the_chain_is_stamped_once(tsa: Authority) -> None:
    one = stamping(tsa)
    done = one.run()
    assert done is not None
    assert (done.sequence, done.sha256) == Chained().head()
    assert one.run() is None
    assert list(one.findings()) == []


def test_a_chain_without_records_is_not_stamped(tsa: Authority) -> None:
    assert stamping(tsa, chain=Empty()).run() is None


def test_a_record_that_is_not_what_was_stamped_is_named(tsa: Authority) -> None:
    done = stamping(tsa).run()
    assert done is not None
    forged = [
        Stamp(sequence=4, sha256=HASH, at=done.at, url="", response=done.response),
        Stamp(sequence=9, sha256=HASH, at=done.at, url="", response=done.response),
    ]
    first, second = stamping(tsa, *forged).findings()
    assert first.startswith(f"record 4: its timestamp is about {HASH}")
    assert second == "record 9: it was stamped, found no such record"
    broken = Stamp(sequence=4, sha256=done.sha256, at=done.at, url="", response=done.response[:-9])
    (said,) = stamping(tsa, broken).findings()
    assert said.startswith("record 4: its timestamp does not hold")


def test_workers_stamp_once_a_day_and_try_again_after_an_hour(
    tsa: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    clock, kept = FrozenClock(datetime.now(UTC)), Kept()
    one = Stamping(
        chain=Chained(), stamps=kept, clock=clock, authority=TimestampAuthority(tsa.url), is_asked=True
    )
    tsa.lies = "away"
    one.daily()
    assert (kept.stamps, "no timestamp from" in caplog.text) == ([], True)
    tsa.lies = ""
    before = tsa.asked
    one.daily()
    assert (tsa.asked, kept.stamps) == (before, [])
    clock.advance(AGAIN)
    one.daily()
    one.daily()
    assert (tsa.asked, len(kept.stamps)) == (before + 1, 1)
    clock.advance(EVERY)
    one.daily()  # nothing has been added since
    assert len(kept.stamps) == 1
    stamping(tsa, asked=False).daily()
    assert tsa.asked == before + 1


def test_a_timestamp_lies_in_the_pack_and_one_about_something_else_is_found(
    tsa: Authority, tmp_path: Path
) -> None:
    done = stamping(tsa).run()
    assert done is not None
    EvidenceZip(tmp_path / "good.zip").write(Chained(), lambda _: True, {}, [done])
    assert check(tmp_path / "good.zip") == []
    other = TimestampAuthority(tsa.url).stamp(HASH)
    wrong = Stamp(sequence=4, sha256=done.sha256, at=done.at, url="", response=other)
    EvidenceZip(tmp_path / "wrong.zip").write(Chained(), lambda _: True, {}, [wrong])
    (said,) = check(tmp_path / "wrong.zip")
    assert re.match(r"record 4: its timestamp is about something else: found [0-9a-f]{64}", said)
    cut = Stamp(sequence=4, sha256=done.sha256, at=done.at, url="", response=done.response[:40])
    EvidenceZip(tmp_path / "cut.zip").write(Chained(), lambda _: True, {}, [cut])
    assert check(tmp_path / "cut.zip") == ["record 4: its timestamp cannot be read"]
