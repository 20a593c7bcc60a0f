from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.baked_json import dump, load
from diffuse.domain.message import Announcement, Baked, Excerpt, Slot

TEXT = st.text(max_size=20)
PIECES = st.lists(TEXT | TEXT.map(Slot), max_size=6).map(tuple)
BAKED = st.builds(
    Baked,
    language=TEXT,
    subject=PIECES,
    html=PIECES,
    text=PIECES,
    links=st.lists(TEXT, max_size=3).map(tuple),
    excerpt=st.builds(Excerpt, subject=TEXT, body=TEXT, action=TEXT),
    announcement=st.none() | st.builds(Announcement, title=TEXT, html=PIECES, text=PIECES),
)


@given(BAKED)
def test_a_wording_is_read_as_it_was_written(baked: Baked) -> None:
    assert load(dump(baked)) == baked


@given(BAKED, BAKED)
def test_only_equal_wordings_are_written_as_equal_texts(one: Baked, other: Baked) -> None:
    assert (dump(one) == dump(other)) == (one == other)


def test_a_wording_that_was_baked_before_there_were_posts_has_none() -> None:
    before = (
        '{"excerpt":{"action":"","body":"","subject":"Un rappel"},"html":[],"language":"fr",'
        '"links":[],"subject":["Un rappel"],"text":[]}'
    )
    assert load(before).announcement is None
    assert dump(load(before)) == before


def test_a_post_is_written_with_its_one_slot() -> None:
    announcement = Announcement(title="É", html=("<p>", Slot("acknowledge_url")), text=())
    empty = Excerpt(subject="", body="", action="")
    baked = Baked(
        language="fr", subject=(), html=(), text=(), links=(), excerpt=empty, announcement=announcement
    )
    assert '"announcement":{"html":["<p>",["acknowledge_url"]],"text":[],"title":"É"}' in dump(baked)
