"""Person: what is kept about one employee, handed out, erased, or measured less; every read is logged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from diffuse.domain.tracking import mode_problems
from diffuse.errors import AuthoringError, PermanentFailure
from diffuse.ports import Access, AccessLog, Choices, Clock, Erased, Persons, Queue


class Bundle(Protocol):
    """Writes what is kept about somebody."""

    def write(self, kept: Mapping[str, Sequence[Mapping[str, object]]]) -> object:
        """Write rows by the name of their table."""


class Person:
    """Answers for what is kept about single employees."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        persons: Persons,
        choices: Choices,
        log: AccessLog,
        queue: Queue,
        pseudonym: Callable[[str], str],
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._persons = persons
        self._choices = choices
        self._log = log
        self._queue = queue
        self._pseudonym = pseudonym

    def read(self, who: str, what: str, *, whom: str = "", people: int = 0, reason: str = "") -> None:
        """Log that somebody reads by name, before they do; ``whom`` is one employee, ``people`` how many."""
        hidden = self._pseudonym(whom) if whom else ""
        entry = Access(
            at=self._clock.now(), who=who, what=what, whom=hidden, people=people or bool(whom), reason=reason
        )
        self._log.add(entry)

    def reads(self, employee: str = "", limit: int = 100) -> Sequence[Access]:
        """Return who read what, the last read first; of one employee, or all."""
        return self._log.entries(self._pseudonym(employee) if employee else "", limit)

    def export(self, employee: str, bundle: Bundle, who: str) -> int:
        """Hand out everything that is kept about an employee; return how many rows.

        Raises:
            PermanentFailure: when nobody has that id.
        """
        kept = self._persons.kept(employee)
        self.read(who, "person export", whom=employee)
        bundle.write(kept)
        return sum(len(rows) for rows in kept.values())

    def erase(self, employee: str, who: str, reason: str) -> Erased:
        """Forget an employee; evidence stays under the pseudonym.

        Raises:
            PermanentFailure: when nobody has that id.
            AuthoringError: when that is not possible now, or no reason is given.
        """
        if not reason.strip():
            raise AuthoringError.of("no reason", "why the person is erased, in words that the log keeps")
        self.read(who, "person erase", whom=employee, reason=reason)
        return self._persons.erase(employee, self._clock.now().date())

    def choice(self, employee: str) -> str:
        """Return what an employee has chosen to be measured at most; empty when they have not chosen."""
        return self._choices.of(employee)

    def choose(self, employee: str, mode: str) -> None:
        """Keep what an employee allows to be measured of their messages from now on: the person's own choice.

        Args:
            employee: the id in the directory.
            mode: ``named``, ``aggregate`` or ``off``, or nothing to take the choice back.

        Raises:
            AuthoringError: for another mode.
            PermanentFailure: when nobody has that id.
        """
        if mode and (problems := tuple(mode_problems("tracking", mode))):
            raise AuthoringError(*problems)
        try:
            self._choices.choose(employee, mode, self._clock.now())
        except KeyError:
            text = f"nobody has the id {employee!r} any more"
            raise PermanentFailure(text) from None
        self._queue.kick()
