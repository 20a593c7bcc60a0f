"""What is measured: the strictest of what the organisation, a campaign and a person allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.events import Kind
from diffuse.domain.tracking import MODES, Tracking, strictest, wish
from diffuse.errors import AuthoringError

MODE = st.sampled_from(MODES)
TRACKING = st.builds(Tracking, opens=MODE, clicks=MODE)


def test_the_modes_go_from_the_laxest_to_the_strictest() -> None:
    assert MODES == ("named", "aggregate", "off")


@given(st.lists(TRACKING, min_size=1, max_size=4))
def test_nobody_can_allow_more_than_another(wanted: list[Tracking]) -> None:
    found = strictest(*wanted)
    for name in ("opens", "clicks"):
        ranks = [MODES.index(getattr(one, name)) for one in wanted]
        assert MODES.index(getattr(found, name)) == max(ranks)


@given(st.lists(TRACKING, min_size=1, max_size=3))
def test_it_does_not_matter_who_is_asked_first(wanted: list[Tracking]) -> None:
    assert strictest(*wanted) == strictest(*reversed(wanted))


def test_opens_and_clicks_are_judged_apart() -> None:
    one, other = Tracking(opens="off"), Tracking(clicks="aggregate")
    assert strictest(one, other) == Tracking(opens="off", clicks="aggregate")


def test_a_person_says_one_word_for_both_or_nothing() -> None:
    assert wish("") == Tracking()
    assert wish("aggregate") == Tracking(opens="aggregate", clicks="aggregate")


def test_what_an_employee_gives_is_always_named() -> None:
    nothing = Tracking(opens="off", clicks="off")
    assert {kind: nothing.of(kind) for kind in Kind} == {
        Kind.OPENED: "off",
        Kind.CLICKED: "off",
        Kind.ANSWERED: "named",
        Kind.ACKNOWLEDGED: "named",
    }


def test_a_mode_that_does_not_exist_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(AuthoringError, match="named, aggregate, off") as refused:
        Tracking(opens="agregate")
    assert refused.value.problems[0].suggestion == "aggregate"
