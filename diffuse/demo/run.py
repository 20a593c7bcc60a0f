"""The demonstration: months pass in minutes, through real SMTP, real HTTP and a real database."""

import heapq
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import uvicorn
from pydantic import SecretStr

from diffuse import bootstrap
from diffuse.adapters.csv_tables import CsvTables
from diffuse.adapters.directory_csv import read_directory
from diffuse.demo.inbox import Inbox, Mail
from diffuse.demo.people import BROWSER, Reader, readers
from diffuse.demo.receiver import Receiver
from diffuse.domain.window import WEEKDAYS
from diffuse.errors import AuthoringError
from diffuse.ports import Row
from diffuse.services.enrol import enrol
from diffuse.services.export import Report
from diffuse.settings import Settings
from diffuse.testing import FrozenClock
from diffuse.web.app import create_app
from diffuse.web.log import json_lines
from diffuse.web.pages import Pages

MARK = "made-by-diffuse-demo"
SECRET = "only-for-the-demonstration-on-this-machine"  # noqa: S105 -- it protects nothing
HOURS = tuple(range(7, 24, 2))
"""UTC hours at which the worker sends: from the morning in Paris to the evening in Vancouver."""

PLANNING = (7, 13)
"""UTC hours at which it plans as well: before the windows open in Paris, and from Halifax to Vancouver."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What is demonstrated: which campaigns, to whom, for how many days, and where everything goes."""

    campaigns: tuple[Path, ...]
    directory: Path
    attention: Path
    folder: Path
    days: int = 91
    employees: int | None = None
    seed: int = 2027


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What the demonstration leaves behind."""

    report: Report
    messages: int
    address: str
    maildir: Path
    tables: Path


def prepare(folder: Path) -> None:
    """Empty the folder of an earlier demonstration; a folder of anything else is refused."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise AuthoringError.of(
                f"{folder} holds something else", "a folder that is empty or made by an earlier demonstration"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


@contextmanager
def demonstrate(options: Options, progress: Callable[[date, int, int], None]) -> Iterator[Done]:
    """Run the demonstration; the tracking service answers until the end of the ``with`` block.

    ``progress`` is called once per day with the day, the days that have passed and the messages so far.
    """
    prepare(options.folder)
    clock = FrozenClock(datetime(2000, 1, 1, tzinfo=UTC))
    maildir = options.folder / "maildir"
    with (
        # Named as TCP, or asyncio leaves Nagle's algorithm on and each answer waits 40 ms.
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener,
        Receiver(maildir=maildir, journal=options.folder / "receiver.jsonl", clock=clock) as receiver,
    ):
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            base_url=address,
            secret=SecretStr(SECRET),
            sender="Service des communications <communications@universite.example>",
            database_url=SecretStr(f"sqlite:///{options.folder / 'diffuse.db'}"),
            redis_url=SecretStr(""),
            smtp_host="127.0.0.1",
            smtp_port=receiver.port,
            smtp_security="none",
            journal=options.folder / "journal",
        )
        with (
            closing(bootstrap.app(settings, clock=clock)) as app,
            (options.folder / "tracking.jsonl").open("w", encoding="utf-8") as log,
            _serving(
                uvicorn.Config(
                    create_app(
                        app.record,
                        clock,
                        pages=Pages(app.templates),
                        gauges=app.gauges,
                        mine=app.mine,
                        log=json_lines(log),
                    ),
                    log_level="warning",
                    access_log=False,
                ),
                listener,
            ),
        ):
            world = World(app, clock, Inbox(maildir), options)
            world.run(progress)
            tables = options.folder / "export"
            report = app.export.run(CsvTables(tables))
            yield Done(
                report=report, messages=world.messages, address=address, maildir=maildir, tables=tables
            )


class World:
    """The employees, the calendar and the worker, moved along one clock."""

    def __init__(self, app: bootstrap.App, clock: FrozenClock, inbox: Inbox, options: Options) -> None:
        """Import the directory and launch the campaigns on the eve of their first day."""
        self._app, self._clock, self._inbox, self._options = app, clock, inbox, options
        enrol(self._rows(), app.directory)
        rules = bootstrap.attention(options.attention)
        self._start = min(one.campaign.starts for one in app.launch.run(*options.campaigns, attention=rules))
        self._readers: dict[str, Reader] = readers(
            ((employee.email, employee.zone) for employee in app.directory.employees()), options.seed
        )
        self._agenda: list[tuple[datetime, int, Mail]] = []
        self._order = count()
        self.messages = 0

    def run(self, progress: Callable[[date, int, int], None]) -> None:
        """Let the days pass."""
        with httpx.Client(headers={"User-Agent": BROWSER}, follow_redirects=True, timeout=30) as browser:
            for passed in range(self._options.days):
                day = self._start + timedelta(days=passed)
                hours = HOURS if WEEKDAYS[day.weekday()] in WEEKDAYS[:5] else HOURS[-1:]
                for hour in hours:
                    self._until(datetime(day.year, day.month, day.day, hour, tzinfo=UTC), browser)
                progress(day, passed + 1, self.messages)

    def _rows(self) -> Iterator[Row]:
        """Read the directory: the first employees asked for, and everybody above them."""
        rows = {row.employee.id: row for row in read_directory(self._options.directory) if row.employee}
        wanted = list(rows)[: self._options.employees]
        for name in wanted:
            employee = rows[name].employee
            if employee and employee.manager and employee.manager not in wanted:
                wanted.append(employee.manager)
        return (rows[name] for name in wanted)

    def _until(self, instant: datetime, browser: httpx.Client) -> None:
        """Let employees read what they read before an instant, then let the worker beat."""
        while self._agenda and self._agenda[0][0] <= instant:
            at, _, mail = heapq.heappop(self._agenda)
            self._clock.set(max(at, self._clock.now()))
            self._readers[mail.to].read(mail, browser, self._clock.advance)
        self._clock.set(max(instant, self._clock.now()))
        planning = instant.hour in PLANNING
        delivered = self._app.beat.run().delivered if planning else self._app.deliver.run()
        if delivered.trouble:
            raise AuthoringError.of(delivered.trouble, "a local mail receiver that answers")
        for mail in self._inbox.fresh():
            self.messages += 1
            at_time = self._readers[mail.to].opens_at(instant)
            if at_time is not None:
                heapq.heappush(self._agenda, (at_time, next(self._order), mail))


@contextmanager
def _serving(config: uvicorn.Config, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="tracking")
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
