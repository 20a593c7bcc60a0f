"""Many requests, one write: what comes while a group is being written makes the next group."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition
from typing import Generic, TypeVar

MOST = 512
"""Items of a group, at most: more would keep the first one waiting."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Together(Generic[Item, Answer]):
    """Writes for all threads that wait, a group at a time; nobody waits for a group to fill up.

    Whoever finds nobody writing writes for all who wait. Under little load each item is a group of its own;
    under much, groups grow until writing keeps up.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Answer]]) -> None:
        """Take what writes a group durably, all or nothing, and returns an answer for each item in order."""
        self._write = write
        self._turn = Condition()
        self._waiting: list[tuple[Item, Future[Answer]]] = []
        self._is_writing = False

    def add(self, item: Item) -> Answer:
        """Return the answer to an item once it is written; raise what writing it raised."""
        future: Future[Answer] = Future()
        with self._turn:
            self._waiting.append((item, future))
        while not future.done():
            group = self._group(future)
            if group:
                self._settle(group)
        return future.result()

    def _group(self, future: "Future[Answer]") -> Sequence[tuple[Item, "Future[Answer]"]]:
        """Wait until an item is written, or it is this thread's turn to write; return what to write then."""
        with self._turn:
            self._turn.wait_for(lambda: future.done() or not self._is_writing)
            if future.done():
                return ()
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            self._is_writing = True
        return group

    def _settle(self, group: Sequence[tuple[Item, "Future[Answer]"]]) -> None:
        try:
            self._try(group)
        finally:
            with self._turn:
                self._is_writing = False
                self._turn.notify_all()

    def _try(self, group: Sequence[tuple[Item, "Future[Answer]"]]) -> None:
        """Write a group; when that fails, each item alone, so that one that cannot be kept harms no other."""
        try:
            answers = self._write([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 -- each thread raises its own
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            for place in group:
                self._try([place])
            return
        for (_, future), answer in zip(group, answers, strict=True):
            future.set_result(answer)
