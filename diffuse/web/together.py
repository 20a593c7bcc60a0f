"""Many requests, one write: what comes while a group is being written makes the next group."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from diffuse.errors import DiffuseError, TransientFailure

MOST = 512
"""Items of a group, at most: more would keep the first one waiting."""

QUIET = 3
"""Turns of the event loop without anything new that close a group: who asks at once goes in one."""

PAUSE = 0.05
"""Seconds without anybody after which what can wait is done."""

SELDOM = 1.0
"""Seconds after which a part of what can wait is done although somebody waits."""

LONGEST = 0.01
"""Seconds that a group stays open, at most, while more and more comes."""

_log = logging.getLogger("diffuse.web")

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Place(NamedTuple, Generic[Item]):
    """An item, and who waits for its answer; nobody may."""

    item: Item
    future: "asyncio.Future[Any] | None"


class Together(Generic[Item, Answer]):
    """Writes for all who wait, a group at a time, in a thread of its own; no group waits to be full.

    Under little load each item is a group of its own; under much, groups grow until writing keeps up: the
    event loop takes in what has come by then, and what it does costs a group as much as one item.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Answer | Exception]],
        rest: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take what writes, and what it left for later.

        Args:
            write: writes a group durably, all or nothing, and returns an answer for each item in order; one
                that is an exception is raised where that item was added.
            rest: does some of what can wait, while nobody waits, and now and then; tells whether any is left.
        """
        self._write = write
        self._rest = rest
        self._rested_at = 0.0
        self._lock = Lock()
        self._waiting: list[_Place[Item]] = []
        self._comes = Event()
        self._is_writing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="diffuse-hits")

    async def add(self, item: Item) -> Answer:
        """Return the answer to an item once it is written; raise what writing it raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._join(_Place(item, future))
        return await future

    def leave(self, item: Item) -> None:
        """Let an item be written, and wait for nothing."""
        self._join(_Place(item, None))

    def _join(self, place: _Place[Item]) -> None:
        with self._lock:
            self._waiting.append(place)
            self._comes.set()
            begins, self._is_writing = not self._is_writing, True
        if begins:
            self._begin(place)

    def _begin(self, first: _Place[Item]) -> None:
        """Take in what comes meanwhile, then write; at once when the loop of the first one is over."""
        if first.future is not None:
            loop = first.future.get_loop()
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._gather, loop, loop.time() + LONGEST)
                return
        self._thread.submit(self._run)

    def _gather(self, loop: asyncio.AbstractEventLoop, until: float, seen: int = 0, quiet: int = 0) -> None:
        number = len(self._waiting)
        quiet = 0 if number > seen else quiet + 1
        if quiet < QUIET and number < MOST and loop.time() < until:
            loop.call_soon(self._gather, loop, until, number, quiet)
        else:
            self._thread.submit(self._run)

    def _run(self) -> None:
        _tell(self._answers(self._group()))
        if not self._comes.wait(PAUSE) or monotonic() - self._rested_at > SELDOM:
            self._do_rest()
        with self._lock:
            first = self._waiting[0] if self._waiting else None
            self._is_writing = first is not None
        if first is not None:
            self._begin(first)

    def _do_rest(self) -> None:
        """Do what can wait, a part at least, until somebody waits; what fails is tried again another time."""
        try:
            while self._rest() and not self._comes.is_set():
                pass
        except DiffuseError as error:
            _log.warning("%s", error)
        except Exception:  # noqa: BLE001 -- the thread must go on for those who wait
            _log.exception("what can wait was not done")
        self._rested_at = monotonic()

    def _group(self) -> Sequence[_Place[Item]]:
        with self._lock:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if not self._waiting:
                self._comes.clear()
        return group

    def _answers(self, group: Sequence[_Place[Item]]) -> list[tuple[_Place[Item], object]]:
        """Write a group; when it cannot be kept, each item alone, so that no other is harmed.

        A database that is away is away for all of them.
        """
        try:
            return list(zip(group, self._write([place.item for place in group]), strict=True))
        except Exception as error:  # noqa: BLE001 -- whoever waits gets it
            if len(group) == 1 or isinstance(error, TransientFailure):
                return [(place, error) for place in group]
            return [told for place in group for told in self._answers([place])]


def _tell(told: Sequence[tuple[_Place[Item], object]]) -> None:
    """Give the answers to those who wait, all those of one event loop at once."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
    for place, answer in told:
        if place.future is not None:
            loops.setdefault(place.future.get_loop(), []).append((place.future, answer))
    for loop, answers in loops.items():
        with suppress(RuntimeError):  # a loop that is over waits for nothing
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: Sequence[tuple["asyncio.Future[Any]", object]]) -> None:
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
