"""Writing in groups: nobody waits for others without need, everybody gets an answer or the reason."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import chain

import pytest

from diffuse.errors import TransientFailure
from diffuse.web.groups import MOST, Groups


class Book:
    """Writes numbers down, a group at a time, when it is let."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.fails = False

    def write(self, items: Sequence[int]) -> Sequence[str]:
        assert self.open.wait(10)
        if self.fails:
            raise TransientFailure("the database is away")
        self.groups.append(list(items))
        return [f"{item}" for item in items]


def test_a_request_alone_is_a_group_of_one() -> None:
    async def one_after_the_other() -> list[str]:
        groups = Groups(book.write)
        return [await groups.add(number) for number in range(3)]

    book = Book()
    assert asyncio.run(one_after_the_other()) == ["0", "1", "2"]
    assert book.groups == [[0], [1], [2]]


def test_what_comes_while_a_group_is_written_makes_the_next_one() -> None:
    async def at_once() -> list[str]:
        groups = Groups(book.write)
        book.open.clear()
        first = asyncio.create_task(groups.add(0))
        await asyncio.sleep(0)
        rest = [asyncio.create_task(groups.add(number)) for number in range(1, MOST + 10)]
        await asyncio.sleep(0.01)
        book.open.set()
        return await asyncio.gather(first, *rest)

    book = Book()
    assert asyncio.run(at_once()) == [f"{number}" for number in range(MOST + 10)]
    assert [len(group) for group in book.groups] == [1, MOST, 9]


def test_a_failure_is_told_to_everybody_in_the_group_and_the_next_one_goes_on() -> None:
    async def fail_and_recover() -> list[object]:
        groups = Groups(book.write)
        book.fails = True
        failed = await asyncio.gather(groups.add(1), groups.add(2), return_exceptions=True)
        book.fails = False
        return [*failed, await groups.add(3)]

    book = Book()
    first, second, third = asyncio.run(fail_and_recover())
    assert isinstance(first, TransientFailure)
    assert isinstance(second, TransientFailure)
    assert third == "3"


def test_a_browser_that_hangs_up_takes_nothing_from_the_others() -> None:
    async def hang_up() -> str:
        groups = Groups(book.write)
        book.open.clear()
        gone, stays = asyncio.create_task(groups.add(1)), asyncio.create_task(groups.add(2))
        await asyncio.sleep(0.01)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        book.open.set()
        return await stays

    book = Book()
    assert asyncio.run(hang_up()) == "2"
    assert sorted(chain.from_iterable(book.groups)) == [1, 2]
