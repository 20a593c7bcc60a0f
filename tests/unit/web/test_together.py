"""Writing in groups: nobody waits without need, everybody gets an answer or the reason."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from diffuse.errors import TransientFailure
from diffuse.web.together import Together


class Book:
    """Writes numbers down, a group at a time, when it is let; ``bad`` ones cannot be written.

    ``rest`` is how often there is something left to do when nobody waits.
    """

    def __init__(self, *bad: int, rest: int = 0) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.open, self.rested = threading.Event(), threading.Event(), threading.Event()
        self.bad = set(bad)
        self.left = rest
        self.trouble: Exception | None = None

    def write(self, items: Sequence[int]) -> Sequence[str | Exception]:
        self.begun.set()
        assert self.open.wait(10)
        if self.trouble:
            raise self.trouble
        if self.bad & set(items):
            raise ValueError("a number that nobody can write")
        self.groups.append(list(items))
        return [f"{item}" if item < 100 else KeyError(item) for item in items]

    def rest(self) -> bool:
        self.left -= 1
        if self.left > 0:
            return True
        self.rested.set()
        return False


def behind(book: Book, number: int, *, opens: bool = True) -> list[str | BaseException]:
    """Add 0, and the others while that one is being written; return the answers."""

    async def everything() -> list[str | BaseException]:
        together = Together(book.write, book.rest)
        first = asyncio.create_task(together.add(0))
        assert await asyncio.to_thread(book.begun.wait, 10)
        rest = [asyncio.create_task(together.add(one)) for one in range(1, number)]
        await asyncio.sleep(0)
        if opens:
            book.open.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)

    return asyncio.run(everything())


def alone(book: Book, *items: int) -> list[str]:
    """Add one item after the other, each once the one before is written."""

    async def everything() -> list[str]:
        together = Together(book.write, book.rest)
        return [await together.add(item) for item in items]

    book.open.set()
    return asyncio.run(everything())


def test_an_item_alone_is_a_group_of_one() -> None:
    book = Book()
    assert alone(book, 0, 1, 2) == ["0", "1", "2"]
    assert book.groups == [[0], [1], [2]]


def test_what_comes_while_a_group_is_written_makes_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffuse.web.together.MOST", 20)
    book = Book()
    assert behind(book, 30) == [f"{number}" for number in range(30)]
    assert [len(group) for group in book.groups] == [1, 20, 9]


def test_what_comes_at_once_makes_one_group() -> None:
    book = Book()
    book.open.set()

    async def everything() -> list[str]:
        together = Together(book.write)
        return await asyncio.gather(*(together.add(one) for one in range(40)))

    assert asyncio.run(everything()) == [f"{number}" for number in range(40)]
    assert [len(group) for group in book.groups] == [40]


def test_an_item_that_cannot_be_written_harms_no_other() -> None:
    book = Book(3)
    answers = behind(book, 6)
    assert [one for one in answers if isinstance(one, str)] == ["0", "1", "2", "4", "5"]
    assert isinstance(answers[3], ValueError)


def test_an_answer_that_is_an_exception_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(KeyError, match="100"):
        alone(Book(), 100)


def test_a_database_that_is_away_is_asked_once_for_a_whole_group() -> None:
    book = Book()
    asked: list[int] = []

    def away(items: Sequence[int]) -> Sequence[str | Exception]:
        asked.append(len(items))
        book.begun.set()
        assert book.open.wait(10)
        raise TransientFailure("the database is away")

    async def everything() -> list[str | BaseException]:
        together = Together(away)
        first = asyncio.create_task(together.add(0))
        assert await asyncio.to_thread(book.begun.wait, 10)
        rest = [asyncio.create_task(together.add(one)) for one in range(1, 5)]
        await asyncio.sleep(0)
        book.open.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)

    assert all(isinstance(one, TransientFailure) for one in asyncio.run(everything()))
    assert asked == [1, 4]


def test_what_nobody_waits_for_is_written_too_although_its_loop_is_over() -> None:
    book = Book()
    together = Together(book.write, book.rest)

    async def leave() -> None:
        together.leave(7)

    asyncio.run(leave())
    book.open.set()
    assert book.rested.wait(10)
    assert book.groups == [[7]]


def test_somebody_who_went_away_keeps_nobody_waiting() -> None:
    book = Book()
    together = Together(book.write, book.rest)

    async def give_up() -> None:
        task = asyncio.create_task(together.add(1))
        assert await asyncio.to_thread(book.begun.wait, 10)
        together.leave(2)
        task.cancel()

    asyncio.run(give_up())
    book.open.set()
    assert book.rested.wait(10)
    assert book.groups == [[1], [2]]


def test_what_can_wait_is_done_when_nobody_waits_until_nothing_is_left() -> None:
    book = Book(rest=5)
    assert alone(book, 1) == ["1"]
    assert book.rested.wait(10)
    assert book.left == 0


def test_what_can_wait_is_done_now_and_then_although_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffuse.web.together.SELDOM", 0.0)
    book = Book(rest=1_000_000)
    assert len(behind(book, 3)) == 3
    assert book.left < 1_000_000


@pytest.mark.parametrize("trouble", [TransientFailure("the database is away"), ValueError("broken")])
def test_what_can_wait_and_fails_stops_nobody(trouble: Exception, caplog: pytest.LogCaptureFixture) -> None:
    book = Book()
    book.open.set()
    failed = threading.Event()

    def rest() -> bool:
        failed.set()
        raise trouble

    async def everything() -> list[str]:
        together = Together(book.write, rest)
        answers = [await together.add(1)]
        assert await asyncio.to_thread(failed.wait, 10)
        return [*answers, await together.add(2)]

    assert asyncio.run(everything()) == ["1", "2"]
    assert caplog.records
