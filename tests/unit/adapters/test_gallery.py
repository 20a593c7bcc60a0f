from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from diffuse.adapters.gallery import FolderGallery, name_of, name_of_post
from diffuse.adapters.platforms.building import looks
from diffuse.adapters.post_pages import day_of
from diffuse.domain.channel import PLATFORMS
from diffuse.domain.post import Post
from diffuse.errors import AuthoringError
from diffuse.ports import PostSpecimen, Specimen

AT = datetime(2027, 2, 1, 14, tzinfo=UTC)

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


def posted(channel: str, **changes: Any) -> PostSpecimen:  # noqa: ANN401 -- any field
    """Return a post as the platform of a channel really is given it."""
    post = Post(
        key="social-media-handover-fr-0123456789abcdef",
        title="Qui répond <script>alert(1)</script>?",
        html="<p>Nommez <strong>quelqu’un</strong>.<script>alert(2)</script></p>",
        text="Nommez quelqu’un.",
        language="fr",
        publish_at=AT,
        url="https://diffuse.example/acknowledge",
    )
    plain = PostSpecimen(
        channel=channel,
        at=AT,
        post=post,
        dressed=looks(channel).dress(post),
        falls_back=False,
        is_posted=True,
    )
    return replace(plain, **changes)


def shown(folder: Path, one: PostSpecimen) -> str:
    """Return the page of a post."""
    FolderGallery(folder).write([replace(ONE, posts=(one,))])
    return (folder / name_of_post(ONE, one)).read_text(encoding="utf-8")


@pytest.mark.parametrize("channel", PLATFORMS)
def test_every_kind_of_platform_has_a_page_on_which_nothing_of_officers_runs(
    tmp_path: Path, channel: str
) -> None:
    page = shown(tmp_path, posted(channel))
    assert "<script" not in page
    assert "1er février 2027" in page
    assert "Nommez <strong>quelqu’un</strong>." in page or "Nommez quelqu’un." in page
    assert 'href="../index.html"' in page
    assert "default-src 'none'" in page


def test_what_a_platform_is_given_is_shown_as_text(tmp_path: Path) -> None:
    assert "&lt;!-- wp:html --&gt;" in shown(tmp_path, posted("wordpress"))
    assert "&#34;AdaptiveCard&#34;" in shown(tmp_path, posted("teams"))
    assert "= Qui répond" in shown(tmp_path, posted("mediawiki"))
    assert "&lt;entry xml:lang=&#34;fr&#34;&gt;" in shown(tmp_path, posted("feed"))


def test_a_chat_shows_a_button_where_it_would_and_says_what_cannot_be_undone(tmp_path: Path) -> None:
    assert ">Lire et confirmer</a>" in shown(tmp_path, posted("slack"))
    page = shown(tmp_path, posted("mattermost"))
    assert ">Lire et confirmer</a>" not in page
    assert "ne peut être ni modifié ni retiré" in page


def test_the_index_leads_to_the_page_of_each_channel(tmp_path: Path) -> None:
    crisis = posted("teams/crisis-cell")
    gallery = FolderGallery(tmp_path)
    gallery.write([replace(ONE, posts=(posted("wordpress"), crisis)), replace(ONE, register="legal")])
    index = gallery.index.read_text(encoding="utf-8")
    assert name_of_post(ONE, crisis) == "social-media/handover.advice.fr.teams.crisis-cell.html"
    assert f'<a href="{name_of_post(ONE, crisis)}">Teams (crisis-cell)</a>' in index
    assert index.count("Sur l’intranet") == 1
    assert "2 publications sur l’intranet" in index


def test_a_wording_that_is_not_published_and_a_fall_back_say_so(tmp_path: Path) -> None:
    page = shown(tmp_path, posted("plone", falls_back=True, is_posted=False))
    assert "seulement s’il reste des personnes qui n’ont pas confirmé" in page
    assert "cette formulation n’est pas publiée" in page


@pytest.mark.parametrize(("language", "day"), [("fr", "1er février 2027"), ("en", "February 1, 2027")])
def test_days_are_written_as_pages_do(language: str, day: str) -> None:
    assert day_of(AT, language) == day
    assert day_of(AT.replace(day=12), "fr") == "12 février 2027"


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
