"""A real Plone: what is particular to it; the rest is in the conformance suite."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Retry, Withdrawn
from tests.suites.platforms.plone_server import FOLDER, PASSWORD, PloneRig, plone_server
from tests.suites.platforms.rig import Recipe
from tests.suites.platforms.sample import a_post, built

OFFICE = ("communications", PASSWORD)
KEY = a_post().key


@pytest.fixture(scope="module")
def server() -> Iterator[PloneRig]:
    with plone_server() as rig:
        yield rig


@pytest.fixture
def plone(server: PloneRig) -> PloneRig:
    server.empty()
    return server


@pytest.fixture
def network(server: PloneRig) -> PloneRig:
    """The other site: what is published there is for its members alone."""
    rig = replace(server, site="reseau", reader=("lectrice", PASSWORD))
    rig.empty()
    return rig


def changed(recipe: Recipe, **arguments: str) -> Recipe:
    return replace(recipe, arguments={**recipe.arguments, **arguments})


def created(rig: PloneRig, **fields: Any) -> httpx.Response:  # noqa: ANN401 -- as the interface takes them
    """Let the office create a news item, and no more."""
    body = {"@type": "News Item", "id": KEY, "title": "Brouillon", "language": "fr", **fields}
    return rig.ask("POST", "", auth=OFFICE, json=body).raise_for_status()


def state(rig: PloneRig) -> str:
    return f"{rig.ask('GET', KEY).raise_for_status().json()['review_state']}"


def test_what_was_created_and_not_published_is_published_with_its_present_text(plone: PloneRig) -> None:
    created(plone)
    with built(plone.recipe()) as platform:
        assert platform.lookup(KEY) == Absent()
        assert isinstance(platform.update(a_post()), Refused)
        assert isinstance(platform.post(a_post()), Posted)
    [seen] = plone.posts()
    assert seen.title == a_post().title
    assert "24 heures" in seen.content


def test_plone_itself_takes_scripts_away_that_another_program_sent(plone: PloneRig) -> None:
    text = {"data": "<p>Mot</p><script>vole()</script>", "content-type": "text/html", "encoding": "utf-8"}
    created(plone, text=text)
    assert plone.ask("GET", KEY).json()["text"]["data"] == "<p>Mot</p>"


def test_what_is_published_with_a_date_ahead_can_be_read_by_its_address(plone: PloneRig) -> None:
    """Why a post for later is not given to Plone before its time."""
    created(plone, effective="2099-01-01T00:00:00+00:00")
    plone.ask("POST", f"{KEY}/@workflow/publish", auth=OFFICE, json={}).raise_for_status()
    assert plone.ask("GET", KEY, auth=None).is_success
    listed = plone.ask("GET", "@search?portal_type=News+Item", auth=None).json()
    assert listed["items_total"] == 0


def test_a_post_for_later_is_published_in_its_time(plone: PloneRig) -> None:
    with built(plone.recipe()) as platform:
        answer = platform.post(a_post(publish_at=datetime.now(UTC) + timedelta(days=1)))
    assert isinstance(answer, Retry)
    assert timedelta(hours=23) < answer.after <= timedelta(days=1)
    assert plone.names() == []


def test_the_language_of_a_post_is_the_news_items(plone: PloneRig) -> None:
    with built(plone.recipe()) as platform:
        platform.post(a_post(language="en"))
    assert plone.ask("GET", KEY).json()["language"]["token"] == "en"


def test_a_folder_that_is_not_there_is_named(plone: PloneRig) -> None:
    with built(changed(plone.recipe(), folder="actualites/direction")) as platform:
        answers = [platform.post(a_post()), platform.lookup(KEY), platform.withdraw(KEY)]
    for answer in answers:
        assert isinstance(answer, Refused)
        assert "actualites" in answer.reason


def test_a_folder_where_nothing_may_be_added_is_a_refusal(plone: PloneRig) -> None:
    with built(changed(plone.recipe(), folder="")) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "401" in answer.reason


def test_an_account_that_may_not_publish_is_told_which_role_is_missing(plone: PloneRig) -> None:
    with built(plone.recipe(account="stagiaire")) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "it is offered: submit" in answer.reason
    assert "Reviewer" in answer.reason
    with built(plone.recipe()) as platform:
        assert isinstance(platform.post(a_post()), Posted)
    assert len(plone.posts()) == 1


@pytest.mark.parametrize("ask", ["lookup", "withdraw"])
def test_nobody_who_is_not_signed_in_is_told_that_a_post_is_not_there(plone: PloneRig, ask: str) -> None:
    with built(plone.recipe(credentials="bad")) as platform:
        answer = getattr(platform, ask)(KEY)
    assert isinstance(answer, Refused)
    assert "does not accept our credentials" in answer.reason


def test_what_stands_further_up_under_the_same_name_is_not_ours(plone: PloneRig) -> None:
    """Zope finds the folder below itself."""
    with built(plone.recipe()) as platform:
        assert platform.lookup(FOLDER) == Absent()
        posted = platform.post(a_post(FOLDER))
        assert isinstance(posted, Posted)
        assert posted.url.endswith(f"/{FOLDER}/{FOLDER}")
        assert platform.withdraw(FOLDER) == Withdrawn()


def test_what_an_editor_renamed_is_not_published_a_second_time(plone: PloneRig) -> None:
    with built(plone.recipe()) as platform:
        platform.post(a_post())
        plone.ask("PATCH", KEY, json={"id": "autre-nom"}).raise_for_status()
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "autre-nom" in answer.reason
    assert len(plone.posts()) == 1


def test_what_an_editor_has_open_is_changed_later(plone: PloneRig) -> None:
    with built(plone.recipe()) as platform:
        platform.post(a_post())
        plone.ask("POST", f"{KEY}/@lock", json={}).raise_for_status()
        answer = platform.update(a_post(title="Autre"))
        assert isinstance(answer, Retry)
        assert "somebody is editing it" in answer.reason
        plone.ask("DELETE", f"{KEY}/@lock", json={}).raise_for_status()
        assert isinstance(platform.update(a_post(title="Autre")), Posted)


def test_another_workflow_is_followed_to_where_members_read_it(network: PloneRig) -> None:
    with built(network.recipe()) as platform:
        posted = platform.post(a_post())
        assert isinstance(posted, Posted)
        assert state(network) == "internally_published"
        assert platform.post(a_post()) == AlreadyThere(posted.id, posted.url)
        assert len(network.posts()) == 1
        assert not network.ask("GET", KEY, auth=None).is_success


def test_another_workflow_is_followed_to_where_no_member_reads_it(network: PloneRig) -> None:
    """Its first step back leads to a draft that all members read."""
    with built(network.recipe()) as platform:
        platform.post(a_post())
        assert platform.withdraw(KEY) == Withdrawn()
        assert state(network) == "private"
        assert network.posts() == []
        assert isinstance(platform.post(a_post()), Posted)
    assert len(network.posts()) == 1


def test_a_draft_that_members_read_is_no_publication(network: PloneRig) -> None:
    created(network)
    assert state(network) == "internal"
    with built(network.recipe()) as platform:
        assert platform.lookup(KEY) == Absent()
        assert platform.withdraw(KEY) == Withdrawn()
    assert state(network) == "private"


def test_a_draft_that_members_read_is_no_publication_for_those_who_may_not_publish_either(
    network: PloneRig,
) -> None:
    with built(network.recipe(account="stagiaire")) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "'internal'" in answer.reason
    assert state(network) == "internal"
