from dataclasses import replace
from pathlib import Path

import pytest

from diffuse.adapters.gallery import FolderGallery, name_of
from diffuse.errors import AuthoringError
from diffuse.ports import Specimen

ONE = Specimen(
    campaign="social-media",
    campaign_title="Médias <sociaux>",
    policy="succession",
    policy_title="Plan de relève",
    key_point="handover",
    says="Un compte a toujours quelqu’un.",
    register="advice",
    language="fr",
    subject="Qui répond\u00a0?",
    action="Nommez quelqu’un.",
    words=42,
    html="<p>é</p>" * 200,
    text="é",
)
SPECIMENS = (
    ONE,
    replace(ONE, language="en", subject="Who answers?"),
    replace(ONE, policy="tone", key_point="tone"),
)


def test_every_specimen_is_a_file_that_the_index_leads_to(tmp_path: Path) -> None:
    gallery = FolderGallery(tmp_path / "new" / "folder")
    gallery.write(SPECIMENS)
    index = gallery.index.read_text(encoding="utf-8")
    for specimen in SPECIMENS:
        for ending in ("html", "txt"):
            assert f'href="{name_of(specimen, ending)}"' in index
            assert (gallery.index.parent / name_of(specimen, ending)).is_file()
    assert index.count("<article>") == 2
    for said in (
        "Médias &lt;sociaux&gt;",
        "Qui répond\u00a0?",
        "Who answers?",
        "42 mots",
        "1,8 Ko",
        "Nommez quelqu’un.",
    ):
        assert said in index


def test_a_browser_reads_the_plain_text_as_utf_8(tmp_path: Path) -> None:
    FolderGallery(tmp_path).write([ONE])
    assert (tmp_path / "social-media/handover.advice.fr.txt").read_bytes() == "\ufeffé".encode()


def test_a_gallery_may_be_empty(tmp_path: Path) -> None:
    gallery = FolderGallery(tmp_path)
    gallery.write([])
    assert "0 messages" in gallery.index.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuthoringError, match="cannot be written"):
        FolderGallery(tmp_path / "file").write([ONE])
