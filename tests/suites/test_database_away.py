"""A database that goes away while messages leave: the worker stops, and what it sent is on record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diffuse.adapters.dot_journal import DotJournals
from diffuse.adapters.smtp import SmtpChannel
from diffuse.domain.delivery import LEASE, State
from diffuse.errors import TransientFailure
from diffuse.ports import Ledger, Turned
from diffuse.services.deliver import Deliver, Delivered
from tests.suites.test_smtp import Post, channel_to
from tests.unit.services.given import LATE, Office, campaign, person

pytestmark = pytest.mark.servers

STAFF = 60
AWAY = "the database does not answer"


class Fragile:
    """A ledger whose database goes away at a turn, before that is recorded or right after."""

    def __init__(self, ledger: Ledger, turns: int, *, recorded: bool) -> None:
        self._ledger, self.left, self._recorded, self.gone = ledger, turns, recorded, False

    def turn(self, *values: object, **more: object) -> Turned:
        self.left -= 1
        if self.left or self.gone:
            return self._alive("turn")(*values, **more)  # type: ignore[no-any-return, operator]
        if self._recorded:
            self._alive("turn")(*values, **more)  # type: ignore[operator]
        self.gone = True
        raise TransientFailure(AWAY)

    def _alive(self, name: str) -> object:
        if self.gone:
            raise TransientFailure(AWAY)
        return getattr(self._ledger, name)

    def __getattr__(self, name: str) -> object:
        return self._alive(name)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path)


@pytest.fixture
def office() -> Office:
    """An office on whose Monday afternoon a message is due for everybody."""
    there = Office(*(person(f"employee-{number:02}") for number in range(STAFF)))
    there.launch(campaign())
    there.plan.run()
    there.clock.set(LATE)
    return there


@pytest.fixture
def relay(post: Post) -> Iterator[SmtpChannel]:
    with post.receiver() as receiver, channel_to(receiver.port, connections=2) as channel:
        yield channel


def worker(office: Office, ledger: object, channel: SmtpChannel, folder: Path, name: str = "w1") -> Deliver:
    return Deliver(
        guard=office.guard(),
        clock=office.clock,
        publications=office.publications,
        ledger=ledger,  # type: ignore[arg-type]
        channel=channel,
        journals=DotJournals(folder / "dots"),
        signer=office.signer,
        worker=name,
    )


def states(office: Office) -> dict[str, State]:
    return {row.employee: State(row.state) for row in office.rows()}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("turns", [1, 2])
def test_what_was_accepted_while_the_database_went_away_is_known_from_the_journal(
    office: Office, post: Post, relay: SmtpChannel, tmp_path: Path, *, turns: int, recorded: bool
) -> None:
    fragile = Fragile(office.ledger, turns, recorded=recorded)
    with pytest.raises(TransientFailure, match=AWAY):
        worker(office, fragile, relay, tmp_path).run()
    accepted = set(post.recipients())
    assert fragile.gone
    assert turns > 1 or not accepted  # no dot without a turn that came back
    known = {name for name, state in states(office).items() if state is State.SENT}
    assert known <= accepted

    report = Delivered()
    worker(office, office.ledger, relay, tmp_path, "w2").settle(report)
    settled = states(office)
    assert accepted == {name for name, state in settled.items() if state in {State.SENT, State.UNKNOWN}}
    assert {state for name, state in settled.items() if name in accepted} <= {State.SENT}
    assert list((tmp_path / "dots").iterdir()) == []

    office.clock.advance(LEASE)
    worker(office, office.ledger, relay, tmp_path, "w3").run()
    assert set(states(office).values()) == {State.SENT}
    assert sorted(post.recipients()) == sorted(states(office))


def test_while_the_database_is_away_nothing_is_sent_and_the_next_round_makes_up_for_it(
    office: Office, post: Post, relay: SmtpChannel, tmp_path: Path
) -> None:
    fragile = Fragile(office.ledger, 0, recorded=False)
    deliver = worker(office, fragile, relay, tmp_path)
    fragile.gone = True
    for _ in range(3):
        with pytest.raises(TransientFailure, match=AWAY):
            deliver.run()
    assert post.recipients() == []
    fragile.gone = False
    assert deliver.run().ended == {State.SENT: STAFF}
    assert len(set(post.recipients())) == len(post.recipients()) == STAFF


def test_without_room_for_the_journal_nothing_is_sent(
    office: Office, post: Post, relay: SmtpChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = worker(office, office.ledger, relay, tmp_path)
    monkeypatch.setattr("os.write", lambda number, data: 0)
    with pytest.raises(TransientFailure, match=r"cannot be written to its end; is the disk full\?"):
        deliver.run()
    monkeypatch.undo()
    assert post.recipients() == []
    assert set(states(office).values()) == {State.PLANNED}
    assert deliver.run().ended == {State.SENT: STAFF}
