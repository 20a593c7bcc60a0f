"""The HTTP interface for other systems: absences by employee."""

from collections.abc import Iterator

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.plans import SqlPlans
from diffuse.adapters.sql.relief import SqlRelief
from diffuse.errors import TransientFailure
from diffuse.services.succeed import Succeed
from diffuse.web.api import MOST_BYTES, AbsencesApi
from tests.suites.web.given import Service, publications, system

TOKEN = "t" * 32
ADDRESS = "/api/absences/e-fr"


@pytest.fixture
def succeed(service: Service) -> Succeed:
    return Succeed(
        clock=service.clock,
        directory=SqlDirectory(service.engine),
        publications=publications(service.engine),
        relief=SqlRelief(service.engine),
        plans=SqlPlans(service.engine),
    )


@pytest.fixture
def caller(service: Service, succeed: Succeed) -> Iterator[TestClient]:
    """Another system of the organisation, which has the token."""
    with system(service, TOKEN, AbsencesApi(succeed, TOKEN).routes) as one:
        yield one


def said(response: Response) -> list[str]:
    found: list[str] = response.json()["problems"]
    return found


def test_what_is_put_is_kept_and_given_back_joined(caller: TestClient) -> None:
    listed = [
        {"starts": "2027-07-05", "ends": "2027-07-16"},
        {"starts": "2027-07-12", "ends": "2027-07-30"},
    ]
    put = caller.put(ADDRESS, json=listed)
    assert (put.status_code, put.json()) == (200, [{"starts": "2027-07-05", "ends": "2027-07-30"}])
    assert caller.get(ADDRESS).json() == put.json()
    assert caller.put(ADDRESS, json=[]).json() == []


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_without_the_token_nothing_is_said_or_changed(caller: TestClient, method: str, token: str) -> None:
    refused = caller.request(method, ADDRESS, headers={"Authorization": token}, content=b"[]")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in refused.text


def test_somebody_whom_the_directory_does_not_know_is_told(caller: TestClient) -> None:
    assert caller.get("/api/absences/zoe").status_code == 404
    put = caller.put("/api/absences/zoe", json=[])
    assert (put.status_code, said(put)) == (404, ["nobody has the id 'zoe'; import the directory first"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "not readable as JSON"),
        ("[" * 20_000, "not readable as JSON"),
        ("{}", "not a list"),
        ('[{"starts": "2027-07-05"}]', '[0]: not an absence; expected two keys, "starts" and "ends"'),
        ('["2027-07-05"]', "not an absence"),
        ('[{"starts": 5, "ends": "5 juillet"}]', "[0].starts: 5 is not a day"),
        ('[{"starts": "2027-07-05", "ends": "2027-07-04"}]', "ends: 2027-07-04 lies before the first day"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_in_words_and_changes_nothing(
    caller: TestClient, body: str, words: str
) -> None:
    caller.put(ADDRESS, json=[{"starts": "2027-07-05", "ends": "2027-07-30"}])
    refused = caller.put(ADDRESS, content=body)
    assert refused.status_code == 422
    assert any(words in one for one in said(refused)), said(refused)
    assert len(caller.get(ADDRESS).json()) == 1


def test_every_mistake_in_a_list_is_told_at_once(caller: TestClient) -> None:
    refused = caller.put(ADDRESS, json=[{"starts": "x", "ends": "y"}, 3])
    assert len(said(refused)) == 3


def test_other_methods_are_refused_in_words(caller: TestClient) -> None:
    refused = caller.delete(ADDRESS)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, PUT")
    assert said(refused) == ["DELETE is not known here; expected GET or PUT"]


def test_the_scheme_may_be_written_in_any_case(caller: TestClient) -> None:
    assert caller.get(ADDRESS, headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_while_the_database_is_away_the_caller_is_asked_to_come_back(
    caller: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_self: Succeed, _employee: str) -> None:
        raise TransientFailure("the database does not answer")

    monkeypatch.setattr(Succeed, "absences_of", away)
    refused = caller.get(ADDRESS)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert said(refused) == ["the database does not answer"]


def test_a_body_without_end_is_refused(caller: TestClient) -> None:
    assert caller.put(ADDRESS, content=b"[" + b" " * MOST_BYTES).status_code == 413


def test_without_a_token_in_the_settings_there_is_no_interface(service: Service) -> None:
    assert service.browser.get(ADDRESS).status_code == 404
