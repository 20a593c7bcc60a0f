"""Writing in groups: nobody waits without need, everybody gets an answer or the reason."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from diffuse.errors import TransientFailure
from diffuse.services.together import Together


class Book:
    """Writes numbers down, a group at a time, when it is let; ``bad`` ones cannot be written."""

    def __init__(self, *bad: int) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.open = threading.Event(), threading.Event()
        self.bad = set(bad)

    def write(self, items: Sequence[int]) -> Sequence[str]:
        self.begun.set()
        assert self.open.wait(10)
        if self.bad & set(items):
            raise TransientFailure("the database is away")
        self.groups.append(list(items))
        return [f"{item}" for item in items]


def behind(
    book: Book, together: "Together[int, str]", number: int, pool: ThreadPoolExecutor
) -> "list[Future[str]]":
    """Add 0, and the others while that one is being written."""
    first = pool.submit(together.add, 0)
    assert book.begun.wait(10)
    rest = [pool.submit(together.add, one) for one in range(1, number)]
    while len(together._waiting) < number - 1:
        threading.Event().wait(0.001)
    book.open.set()
    return [first, *rest]


def test_an_item_alone_is_a_group_of_one() -> None:
    book = Book()
    book.open.set()
    together = Together(book.write)
    assert [together.add(number) for number in range(3)] == ["0", "1", "2"]
    assert book.groups == [[0], [1], [2]]


def test_what_comes_while_a_group_is_written_makes_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffuse.services.together.MOST", 20)
    book = Book()
    with ThreadPoolExecutor(40) as pool:
        futures = behind(book, Together(book.write), 30, pool)
        assert [future.result(10) for future in futures] == [f"{number}" for number in range(30)]
    assert [len(group) for group in book.groups] == [1, 20, 9]


def test_an_item_that_cannot_be_written_harms_no_other() -> None:
    book = Book(3)
    with ThreadPoolExecutor(10) as pool:
        futures = behind(book, Together(book.write), 6, pool)
        with pytest.raises(TransientFailure, match="away"):
            futures[3].result(10)
        assert [futures[one].result(10) for one in (0, 1, 2, 4, 5)] == ["0", "1", "2", "4", "5"]
    assert sorted(book.groups) == [[0], [1], [2], [4], [5]]
