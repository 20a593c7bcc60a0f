"""Many requests, one write: what comes while a group is being written makes the next group."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

MOST = 512
"""Requests of a group, at most: more would keep the first one waiting."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Groups(Generic[Item, Answer]):
    """Writes in one thread, a group at a time; nobody waits for a group to fill up.

    Under little load each request is a group of its own; under much, groups grow until writing keeps up.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Answer]]) -> None:
        """Take what writes a group durably and returns an answer for each item, in their order."""
        self._write = write
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="diffuse-groups")
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Answer:
        """Return the answer to an item once its group is written; what writing raises, all of it get."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        answer: Answer = await future
        return answer

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            try:
                answers = await loop.run_in_executor(self._thread, self._write, [item for item, _ in group])
            except Exception as error:  # noqa: BLE001 -- each request tells it in its own words
                for _, future in group:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
