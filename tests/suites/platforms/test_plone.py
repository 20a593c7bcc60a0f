"""Plone's troubles and workflows without a Plone; the live one is tried in ``tests/intranet``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from diffuse.adapters.platforms.plone import Plone
from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Retry, Withdrawn
from tests.suites.platforms.plone_double import ACCOUNT, FOLDER, PloneDouble, Reply, Workflow, plone_double
from tests.suites.platforms.sample import a_post

KEY = a_post().key
INTRANET: Workflow = {
    "internal": {"hide": "private", "publish_internally": "internally_published", "submit": "pending"},
    "pending": {"publish_internally": "internally_published", "reject": "internal"},
    "internally_published": {"reject": "internal", "publish_externally": "external"},
    "external": {"retract": "internal"},
    "private": {"show_internally": "internal"},
}
OWN: Workflow = {"brouillon": {"publish": "en-ligne"}, "en-ligne": {"retract": "brouillon"}}
NONE: Workflow = {}
GONE: Reply = (404, {"message": "Resource not found"}, {})


@pytest.fixture
def double() -> Iterator[PloneDouble]:
    with plone_double() as server:
        yield server


@pytest.fixture
def plone(double: PloneDouble) -> Iterator[Plone]:
    platform = adapter(double)
    yield platform
    platform.close()


def adapter(double: PloneDouble, **changes: Any) -> Plone:  # noqa: ANN401 -- as the adapter takes them
    told = {"url": f"{double.address}/intranet/", "folder": "nouvelles/"}
    return Plone(**{**told, "username": ACCOUNT[0], "password": ACCOUNT[1], **changes})


def create(double: PloneDouble, state: str, **fields: object) -> None:
    double.items[KEY] = {"id": KEY, "title": "Brouillon", "UID": "uid", "review_state": state, **fields}


@pytest.mark.parametrize("workflow", [INTRANET, OWN], ids=["intranet", "own"])
def test_a_workflow_is_followed_to_readers_and_back(
    double: PloneDouble, plone: Plone, workflow: Workflow
) -> None:
    double.workflow = workflow
    posted = plone.post(a_post())
    assert isinstance(posted, Posted)
    assert double.items[KEY]["review_state"] in {"internally_published", "en-ligne"}
    assert plone.post(a_post()) == AlreadyThere(posted.id, posted.url)
    assert plone.lookup(KEY) == posted
    assert plone.withdraw(KEY) == Withdrawn()
    assert double.items[KEY]["review_state"] in {"private", "brouillon"}
    assert plone.lookup(KEY) == Absent()
    assert plone.post(a_post(title="Encore")) == posted
    assert double.items[KEY]["title"] == "Encore"


def test_where_there_is_no_workflow_what_is_there_is_published_and_cannot_be_hidden(
    double: PloneDouble, plone: Plone
) -> None:
    double.workflow = NONE
    assert isinstance(plone.post(a_post()), Posted)
    answer = plone.withdraw(KEY)
    assert isinstance(answer, Refused)
    assert "it is offered: none" in answer.reason


def test_a_transition_that_the_platform_does_not_take_after_all_is_a_refusal_in_the_end(
    double: PloneDouble, plone: Plone
) -> None:
    create(double, "private")
    double.answers["POST"] = [(400, {"message": "Invalid transition 'publish'."}, {})] * 4
    answer = plone.post(a_post())
    assert isinstance(answer, Refused)
    assert "Invalid transition 'publish'." in answer.reason


def test_what_stays_readable_is_not_called_withdrawn(double: PloneDouble, plone: Plone) -> None:
    create(double, "published")
    double.answers["POST"] = [(400, {"message": "Invalid transition 'reject'."}, {})] * 4
    answer = plone.withdraw(KEY)
    assert isinstance(answer, Refused)
    assert "can still be read" in answer.reason
    assert "Invalid transition 'reject'." in answer.reason


def test_what_never_was_there_is_withdrawn(plone: Plone) -> None:
    assert plone.withdraw(KEY) == Withdrawn()


def test_what_somebody_took_away_in_the_middle_is_no_success(double: PloneDouble, plone: Plone) -> None:
    double.answers["GET"] = [GONE] * 3
    answer = plone.post(a_post())
    assert isinstance(answer, Refused)
    assert "not published" in answer.reason


def test_whoever_came_first_keeps_the_place(double: PloneDouble, plone: Plone) -> None:
    create(double, "private")
    double.answers["GET"] = [GONE] * 2
    assert isinstance(plone.post(a_post()), Posted)
    assert len(double.items) == 1


def test_a_language_that_the_site_does_not_have_is_a_refusal_in_its_words(
    double: PloneDouble, plone: Plone
) -> None:
    words = "[{'message': 'Contrainte non satisfaite', 'field': 'language'}]"
    double.answers["POST"] = [(400, {"message": words}, {})]
    answer = plone.post(a_post())
    assert isinstance(answer, Refused)
    assert words in answer.reason


def test_what_stands_further_up_is_not_ours(double: PloneDouble, plone: Plone) -> None:
    above = {"@id": f"{double.address}/intranet/{KEY}", "review_state": "published"}
    double.answers["GET"] = [(200, above, {})]
    assert plone.lookup(KEY) == Absent()


def test_what_moved_is_named(double: PloneDouble, plone: Plone) -> None:
    double.answers["GET"] = [(302, {}, {"Location": "https://intranet.example/autre"})]
    answer = plone.post(a_post())
    assert isinstance(answer, Refused)
    assert "https://intranet.example/autre" in answer.reason


@pytest.mark.parametrize("body", [{}, {"@id": 3}])
def test_what_is_no_content_of_plone_is_refused(double: PloneDouble, plone: Plone, body: object) -> None:
    double.answers["GET"] = [(200, body, {})]  # type: ignore[list-item]
    answer = plone.lookup(KEY)
    assert isinstance(answer, Refused)
    assert "not that of this platform" in answer.reason


def test_what_somebody_is_editing_is_changed_later(double: PloneDouble, plone: Plone) -> None:
    create(double, "published", lock={"locked": True})
    answer = plone.update(a_post(title="Autre"))
    assert isinstance(answer, Retry)
    assert double.items[KEY]["title"] == "Brouillon"


def test_what_is_published_is_changed_in_place(double: PloneDouble, plone: Plone) -> None:
    create(double, "published")
    assert plone.update(a_post()) == Posted("uid", f"{double.address}{FOLDER}/{KEY}")
    assert double.items[KEY]["title"] == a_post().title


def test_what_is_not_published_cannot_be_changed(double: PloneDouble, plone: Plone) -> None:
    create(double, "private")
    assert isinstance(plone.update(a_post()), Refused)


def test_a_post_for_later_is_published_in_its_time(double: PloneDouble, plone: Plone) -> None:
    answer = plone.post(a_post(publish_at=datetime.now(UTC) + timedelta(days=1)))
    assert isinstance(answer, Retry)
    assert timedelta(hours=23) < answer.after <= timedelta(days=1)
    assert not double.items


def test_a_folder_that_is_not_there_is_named(double: PloneDouble) -> None:
    platform = adapter(double, folder="actualités")
    answers = [platform.post(a_post()), platform.lookup(KEY)]
    platform.close()
    assert all(isinstance(answer, Refused) for answer in answers)
    assert "actualit" in f"{answers[0]}"


def test_nobody_who_is_not_signed_in_is_told_that_a_post_is_not_there(double: PloneDouble) -> None:
    platform = adapter(double, password="faux")
    answers = [platform.post(a_post()), platform.lookup(KEY), platform.withdraw(KEY)]
    platform.close()
    for answer in answers:
        assert isinstance(answer, Refused)
        assert "does not accept our credentials" in answer.reason


def test_an_officer_sees_what_plone_is_given(plone: Plone) -> None:
    dressed = plone.dress(a_post(html="<p>Mot</p><script>vole()</script>"))
    assert (dressed.media_type, dressed.content) == ("text/html", "<p>Mot</p>")
