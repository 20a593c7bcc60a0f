"""Envelope senders: signed, short, in small letters, and nobody else's."""

import re

import pytest

from diffuse.adapters.return_paths import ReturnPaths
from diffuse.errors import AuthoringError

SECRET = "s" * 32
PATHS = ReturnPaths("bounces@universite.example", SECRET)


@pytest.mark.parametrize("delivery", [1, 2**40 - 1])
def test_a_return_path_is_short_in_small_letters_and_comes_back_in_any_case(delivery: int) -> None:
    path = PATHS.address(delivery)
    assert re.fullmatch(r"bounces\+[a-z2-7]{24}@universite\.example", path)
    assert len(path.partition("@")[0]) <= 64
    assert PATHS.delivery(path) == PATHS.delivery(f"<{path.upper()}>") == delivery


def test_a_return_path_that_was_changed_is_forged_and_another_address_is_none() -> None:
    path = PATHS.address(7)
    token = path[8:32]
    for place in range(24):
        wrong = "a" if token[place] != "a" else "b"
        assert PATHS.delivery(path.replace(token, token[:place] + wrong + token[place + 1 :])) == 0
    assert PATHS.delivery("bounces@universite.example") is None
    assert PATHS.delivery(path.replace("universite", "ailleurs")) is None
    assert PATHS.delivery("") is None


def test_an_older_secret_still_reads_its_return_paths() -> None:
    newer = ReturnPaths("bounces@universite.example", "t" * 32, key_id=2, old={1: SECRET})
    assert newer.delivery(PATHS.address(7)) == 7
    assert PATHS.delivery(newer.address(7)) == 0


def test_an_address_without_room_is_refused_and_the_secret_is_never_shown() -> None:
    with pytest.raises(AuthoringError, match="longer than 39"):
        ReturnPaths(f"{'b' * 40}@universite.example", SECRET)
    assert SECRET not in repr(PATHS)
