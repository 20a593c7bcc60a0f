"""Versions: what differs from what was published is found, and must be said."""

from dataclasses import replace

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.policy import KeyPoint, PolicyChange
from diffuse.domain.versions import Revision, asked_since, revisions, undeclared
from diffuse.errors import AuthoringError
from tests.unit.services.given import campaign, key_point

TYPO = PolicyChange(kind="minor", reason="A typo.")
RULE = PolicyChange(kind="material", reason="The rule changed.")
FIRST = campaign("pause", "disclose")


def reworded(name: str, says: str = "Autre chose.") -> KeyPoint:
    return replace(key_point(name), says=ByLanguage(says))


def said(now: Campaign, *earlier: Campaign) -> list[str]:
    return [str(problem) for problem in undeclared(now, earlier)]


def test_a_first_version_needs_no_word_and_the_same_text_again_adds_none() -> None:
    assert said(FIRST) == []
    assert revisions(FIRST, []) == (Revision(policy="conduct", version="1", kind="first"),)
    assert said(FIRST, FIRST) == []
    assert revisions(FIRST, [FIRST]) == ()


def test_another_text_under_the_same_version_is_refused_and_named() -> None:
    (problem,) = said(campaign(reworded("pause"), "disclose"), FIRST)
    assert problem.startswith(
        "policies[0].version: version '1' was published with another text of key point 'pause'"
    )
    assert "kind: minor" in problem


def test_a_version_that_comes_back_comes_back_with_its_own_text() -> None:
    second = campaign(reworded("pause"), "disclose", version="2", change=RULE)
    back = replace(TYPO, reason="Back to the first version.")
    assert said(campaign("pause", "disclose", change=back), second, FIRST) == []
    (problem,) = said(campaign(reworded("pause"), "disclose", change=back), second, FIRST)
    assert "version '1' was published with another text" in problem


def test_a_new_version_must_say_what_it_changes() -> None:
    (problem,) = said(campaign(reworded("pause"), "disclose", version="2"), FIRST)
    assert "version '2' follows '1', the text of key point 'pause' changed, and nothing says why" in problem


def test_what_was_said_of_the_version_before_does_not_serve_again() -> None:
    second = campaign(reworded("pause"), version="2", change=TYPO)
    (problem,) = said(
        campaign(reworded("pause", "Encore autre chose."), version="3", change=TYPO), second, FIRST
    )
    assert problem.startswith("policies[0].change: this is what was said of version '2'")


def test_a_material_change_asks_again_about_what_changed_or_about_what_it_names() -> None:
    now = campaign(reworded("pause"), "disclose", "new", version="2", change=RULE)
    (one,) = revisions(now, [FIRST])
    assert (one.previous, one.kind, one.reason, one.key_points) == ("1", "material", RULE.reason, ("pause",))
    named = replace(RULE, key_points=("disclose",))
    (one,) = revisions(campaign(reworded("pause"), "disclose", version="2", change=named), [FIRST])
    assert one.key_points == ("disclose",)


def test_a_minor_change_asks_nobody_whatever_changed() -> None:
    now = campaign(reworded("pause"), "disclose", version="2", change=TYPO)
    assert said(now, FIRST) == []
    assert revisions(now, [FIRST])[0].key_points == ()


def test_a_material_change_of_nothing_is_refused() -> None:
    (problem,) = said(campaign("pause", "disclose", version="2", change=RULE), FIRST)
    assert "no key point's text changed" in problem


def test_a_key_point_that_comes_back_is_compared_with_the_text_it_had() -> None:
    without = campaign("pause", version="2", change=TYPO)
    back = campaign("pause", reworded("disclose"), version="3", change=RULE)
    assert revisions(back, [without, FIRST])[0].key_points == ("disclose",)


def test_a_key_point_that_moves_to_another_policy_is_asked_in_its_name() -> None:
    moved = replace(FIRST, policies=(replace(FIRST.policies[0], id="other"),))
    (problem,) = said(moved, FIRST)
    assert "key points moved here" in problem


def test_acknowledgements_count_since_the_last_material_change_of_their_key_point() -> None:
    def revision(kind: str, *points: str) -> Revision:
        return Revision(policy="conduct", version="2", kind=kind, key_points=points)

    known = [(3, revision("material", "pause", "disclose")), (7, revision("material", "pause"))]
    assert asked_since([(9, revision("minor")), *reversed(known)]) == {"pause": 7, "disclose": 3}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "materiel"}, "did you mean 'material'"),
        ({"reason": ""}, "one line of text"),
        ({"kind": "minor", "key_points": ("pause",)}, "a minor change with key points"),
    ],
)
def test_a_declaration_that_says_nothing_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(AuthoringError, match=words):
        replace(RULE, **change)  # type: ignore[arg-type]


def test_a_declaration_that_names_a_stranger_is_refused() -> None:
    with pytest.raises(AuthoringError, match=r"change\.key_points\[0\]: .*did you mean 'pause'"):
        campaign("pause", version="2", change=replace(RULE, key_points=("pasue",)))
