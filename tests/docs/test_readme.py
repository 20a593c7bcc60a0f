"""The two campaigns of README.md are short; that they are equal, the conftest.py beside it checks."""

import pytest

from tests.docs.pages import README, blocks

LONGEST = 110


@pytest.mark.parametrize(("language", "lines"), [("yaml", 25), ("python", 12)])
def test_a_campaign_fits_on_so_many_lines(language: str, lines: int) -> None:
    (block,) = blocks(README, language)
    assert len(block.splitlines()) == lines
    assert max(map(len, block.splitlines())) <= LONGEST
