from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.baked_json import dump, load
from diffuse.domain.message import Baked, Excerpt, Slot

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
)


@given(BAKED)
def test_a_wording_is_read_as_it_was_written(baked: Baked) -> None:
    assert load(dump(baked)) == baked


@given(BAKED, BAKED)
def test_only_equal_wordings_are_written_as_equal_texts(one: Baked, other: Baked) -> None:
    assert (dump(one) == dump(other)) == (one == other)
