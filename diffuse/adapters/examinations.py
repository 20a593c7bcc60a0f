"""Looks at what an installation needs besides the database: journals, mail servers, the broker of hints."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from diffuse.adapters.dot_journal import DotJournals
from diffuse.adapters.mail_server import MailServer
from diffuse.errors import TransientFailure
from diffuse.ports import Finding

if TYPE_CHECKING:
    import dramatiq


class JournalExamination:
    """Looks for journals of processes that died."""

    about = "journals"

    def __init__(self, folder: Path) -> None:
        """Take the folder of the journals."""
        self._folder = folder

    def findings(self) -> Iterator[Finding]:
        """Look."""
        left = DotJournals(self._folder).count()
        seen = (
            f"{left} of dead workers lie in {self._folder}"
            if left
            else f"none of dead workers in {self._folder}"
        )
        remedy = "start a worker on this machine: its first round settles them"
        yield Finding(about=self.about, seen=seen, trouble=bool(left), remedy=remedy if left else "")


class MailExamination:
    """Says hello to mail servers, with all that a worker does before its first message."""

    about = "mail server"

    def __init__(self, servers: Callable[[], Mapping[str, MailServer]]) -> None:
        """Take what gives the servers, by name, or refuses their settings."""
        self._servers = servers

    def findings(self) -> Iterator[Finding]:
        """Look."""
        for name, server in self._servers().items():
            try:
                connection = server.connect()
            except TransientFailure as failure:
                yield Finding(about=f"{self.about} {name}", seen=str(failure), trouble=True)
            else:
                with suppress(OSError):
                    connection.quit()
                yield Finding(about=f"{self.about} {name}", seen="answers, and lets us in")


class BrokerExamination:
    """Asks the broker of hints for a sign of life; without one everything works, by polling."""

    about = "hints"

    def __init__(self, broker: "Callable[[], dramatiq.Broker | None]") -> None:
        """Take what gives the broker, None when there is none, or refuses its address."""
        self._broker = broker

    def findings(self) -> Iterator[Finding]:
        """Look."""
        broker = self._broker()
        if broker is None:
            yield Finding(about=self.about, seen="no broker is set: workers poll the database")
            return
        try:
            _touch(broker)
        except Exception as error:  # noqa: BLE001 -- each broker has its own errors
            yield Finding(
                about=self.about,
                seen=f"the broker does not answer ({type(error).__name__}); work goes on by polling",
                trouble=True,
                remedy="check that it runs, its address and the network",
            )
        else:
            yield Finding(about=self.about, seen="the broker answers")


def _touch(broker: "dramatiq.Broker") -> None:
    """Make the broker talk to its server: Redis has a client, RabbitMQ a connection."""
    client = getattr(broker, "client", None)
    if client is not None:
        client.ping()
    else:
        _ = broker.connection  # type: ignore[attr-defined]
        broker.close()
