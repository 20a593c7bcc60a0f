"""The file beside the journals that remembers how the database was."""

from dataclasses import replace
from pathlib import Path

import pytest

from diffuse.adapters.remembered import FILE, RememberedFile
from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Seen
from tests.suites.store.given import MINUTE, NOW

SEEN = Seen(address="sqlite:///é.db", incarnation="abc", server="", ticked_at=NOW)


def test_what_was_kept_last_is_read_by_another_process(tmp_path: Path) -> None:
    memory = RememberedFile(tmp_path)
    assert memory.read() is None
    for seen in (SEEN, replace(SEEN, server="7", ticked_at=NOW + MINUTE)):
        memory.keep(seen)
        assert RememberedFile(tmp_path).read() == seen
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"address": 1}', '{"ticked_at": "soon"}'])
def test_a_file_that_cannot_be_read_is_refused_with_its_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(AuthoringError, match="or none: check the database, then delete it"):
        RememberedFile(tmp_path).read()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    memory = RememberedFile(tmp_path / "gone")
    assert memory.read() is None
    with pytest.raises(TransientFailure, match="cannot be written"):
        memory.keep(SEEN)
