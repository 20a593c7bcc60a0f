"""Any order of events: workers that die, sleep and come back, answers that get lost, an operator at work.

The model is one delivery, the journal beside its workers, and what the outside accepted. The states follow
``FOLLOWS``; what a write asks for is what the ledger's statements ask for.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from diffuse.domain.delivery import FOLLOWS, Ending, Left, State

FINAL = {State.SENT, State.FAILED, State.CANCELLED}
ANSWERS = {"2": State.SENT, "4": State.PLANNED, "5": State.FAILED}


@dataclass
class Worker:
    """A worker that holds the delivery, or thinks that it does."""

    attempt: int
    fenced: bool = False
    noted: bool = False
    dotted: bool = False
    answer: str = ""
    awake: bool = True


@dataclass
class Delivery:
    """What the database, the journals and the outside hold."""

    resends: bool
    state: State = State.PLANNED
    attempt: int = 0
    ambiguous: int = 0
    accepted: int = 0
    dots: dict[int, int] = field(default_factory=dict)
    leased: bool = False
    resent: int = 0

    def go(self, state: State) -> None:
        """Change the state; what may not follow is a fault of the model."""
        assert state in FOLLOWS[self.state], (self.state, state)
        self.state = state

    def end(self, attempt: int, state: State) -> None:
        """Write an ending, as the ledger does: only for the attempt that owns the delivery."""
        if attempt != self.attempt:
            return
        mine = self.state is State.SENDING or (
            self.state is State.CLAIMED and state in {State.PLANNED, State.FAILED}
        )
        if not mine and not (self.state is State.UNKNOWN and state is State.SENT):
            return
        if state is State.UNKNOWN:
            self.ambiguous += 1
        if state is State.FAILED and self.ambiguous:
            state = State.UNKNOWN
        self.go(state)
        self.leased = False


class Life(RuleBasedStateMachine):
    """The life of one delivery, whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.one = Delivery(resends=False)
        self.workers: list[Worker] = []
        self.seen_final: State | None = None

    @initialize(resends=st.booleans())
    def choose_what_unknown_means(self, resends: bool) -> None:
        self.one.resends = resends

    @precondition(lambda self: self.one.state is State.PLANNED)
    @rule()
    def claim(self) -> None:
        self.one.go(State.CLAIMED)
        self.one.attempt += 1
        self.one.leased = True
        self.workers.append(Worker(self.one.attempt))

    def awake(self, **wanted: object) -> list[Worker]:
        return [
            one
            for one in self.workers
            if one.awake and all(getattr(one, name) == value for name, value in wanted.items())
        ]

    @precondition(lambda self: self.awake(fenced=False))
    @rule(pick=st.integers(0, 9))
    def fence(self, pick: int) -> None:
        waiting = self.awake(fenced=False)
        if waiting:
            worker = waiting[pick % len(waiting)]
            if worker.attempt == self.one.attempt and self.one.state is State.CLAIMED and self.one.leased:
                self.one.go(State.SENDING)
                worker.fenced = True

    @precondition(lambda self: self.awake(fenced=True, noted=False))
    @rule(pick=st.integers(0, 9))
    def note_in_the_journal(self, pick: int) -> None:
        waiting = self.awake(fenced=True, noted=False)
        waiting[pick % len(waiting)].noted = True

    @precondition(lambda self: self.awake(noted=True, dotted=False))
    @rule(pick=st.integers(0, 9), answer=st.sampled_from("245"), lost=st.booleans())
    def dot(self, pick: int, answer: str, lost: bool) -> None:
        waiting = self.awake(noted=True, dotted=False)
        if waiting:
            worker = waiting[pick % len(waiting)]
            worker.dotted = True
            self.one.dots[worker.attempt] = self.one.dots.get(worker.attempt, 0) + 1
            self.one.accepted += answer == "2"
            worker.answer = "lost" if lost else answer

    @precondition(lambda self: self.awake(dotted=True))
    @rule(pick=st.integers(0, 9))
    def take_the_answer(self, pick: int) -> None:
        waiting = [one for one in self.awake(dotted=True) if one.answer]
        if waiting:
            worker = waiting[pick % len(waiting)]
            self.workers.remove(worker)
            self.one.end(worker.attempt, ANSWERS.get(worker.answer, State.UNKNOWN))

    @precondition(lambda self: self.workers)
    @rule(pick=st.integers(0, 9))
    def fall_asleep_or_wake_up(self, pick: int) -> None:
        if self.workers:
            worker = self.workers[pick % len(self.workers)]
            worker.awake = not worker.awake

    @rule(pick=st.integers(0, 9), certain=st.booleans(), read=st.booleans())
    def die(self, pick: int, certain: bool, read: bool) -> None:
        """Lose a worker; what its journal says is read at once, or never."""
        if not self.workers:
            return
        worker = self.workers.pop(pick % len(self.workers))
        held = worker.attempt == self.one.attempt and self.one.state in {State.CLAIMED, State.SENDING}
        if not read or not held:
            return
        number = (1, worker.attempt)
        answered = worker.answer in ANSWERS
        ending = Ending(delivery=1, attempt=worker.attempt, state=ANSWERS.get(worker.answer, State.UNKNOWN))
        left = Left(
            token="w",
            certain=certain,
            dotted=frozenset({number} if worker.noted else ()),
            endings=(ending,) if answered else (),
        )
        self.one.end(worker.attempt, left.fate(1, worker.attempt, self.one.state).state)

    @precondition(lambda self: self.one.state is State.PLANNED)
    @rule(answer=st.sampled_from("245"), lost=st.booleans(), heard=st.booleans())
    def do_it_all_in_one_go(self, answer: str, lost: bool, heard: bool) -> None:
        self.claim()
        worker = self.workers.pop()
        others, self.workers = self.workers, [worker]
        self.fence(0)
        self.note_in_the_journal(0)
        self.dot(0, answer, lost)
        if heard:
            self.take_the_answer(0)
        self.workers = others + self.workers

    @precondition(lambda self: self.one.state in {State.CLAIMED, State.SENDING})
    @rule()
    def let_the_lease_run_out(self) -> None:
        sending = self.one.state is State.SENDING
        self.one.ambiguous += sending
        self.one.go(State.UNKNOWN if sending else State.PLANNED)
        self.one.leased = False

    @precondition(lambda self: self.one.state is State.UNKNOWN and self.one.resends)
    @rule()
    def send_again(self) -> None:
        self.one.go(State.PLANNED)
        self.one.resent += 1

    @precondition(lambda self: self.one.state is State.PLANNED)
    @rule()
    def cancel(self) -> None:
        self.one.go(State.CANCELLED)

    @precondition(lambda self: self.one.state is State.PLANNED)
    @rule()
    def end_by_a_plan(self) -> None:
        self.one.go(State.UNKNOWN if self.one.ambiguous else State.EXPIRED)

    @invariant()
    def no_attempt_sets_two_dots(self) -> None:
        assert all(count == 1 for count in self.one.dots.values())

    @invariant()
    def nothing_is_accepted_twice_unless_it_may_be_sent_again(self) -> None:
        assert self.one.accepted <= 1 + self.one.resent

    @invariant()
    def what_is_said_to_be_sent_was_accepted(self) -> None:
        assert self.one.state is not State.SENT or self.one.accepted >= 1

    @invariant()
    def what_is_said_to_have_failed_was_not_accepted(self) -> None:
        assert self.one.state is not State.FAILED or self.one.accepted == 0

    @invariant()
    def an_end_is_an_end(self) -> None:
        if self.seen_final is not None:
            assert self.one.state is self.seen_final
        if self.one.state in FINAL:
            self.seen_final = self.one.state


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=120, stateful_step_count=40)
