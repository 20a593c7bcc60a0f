"""Pictures of a simulation."""

from pathlib import Path

import pytest

from diffuse.adapters.figures import draw
from diffuse.errors import AuthoringError
from tests.unit.domain.test_frontier import found


def test_both_pictures_are_drawn_and_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = draw(found(), tmp_path / "a" / "one"), draw(found(), tmp_path / "b" / "one")
    assert [path.name for path in first] == ["one.png", "one.svg"]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    svg = first[1].read_text(encoding="utf-8")
    assert "truth: spacing" in svg
    assert "messages per employee" in svg
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AuthoringError, match="cannot be written"):
        draw(found(), tmp_path / "file" / "one")
