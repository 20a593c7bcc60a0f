"""What waits for an employee: told to them, to the intranet's server, in a frame, and to nobody else."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.entries import SqlEntries
from diffuse.domain.identity import OIDC, Identified
from diffuse.errors import TransientFailure
from diffuse.ports import Entry
from diffuse.services.identify import SESSION, SIGNED_IN
from diffuse.services.owed import Owed
from tests.suites.web.board import HEADER, SITE, STRANGER, TOKEN, Board, board_of, opened
from tests.suites.web.given import BASE, EMPLOYEES, NOW, Service, shown

ANA, SAM = {HEADER: "ariane@universite.example"}, {HEADER: "sam@universite.example"}
OTHER = "https://pirate.example"
SERVER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def board(service: Service) -> Board:
    return board_of(service)


@pytest.fixture
def browser(board: Board) -> Iterator[TestClient]:
    with opened(board, BASE) as one:
        yield one


@pytest.fixture
def stranger(board: Board) -> Iterator[TestClient]:
    with opened(board, BASE, client=STRANGER) as one:
        yield one


def said(answer: Response) -> list[str]:
    found: list[str] = answer.json()["problems"]
    return found


def test_an_employee_is_told_what_waits_by_mail_and_by_post(board: Board, browser: TestClient) -> None:
    number = board.post("post", channel="wordpress")
    told = browser.get("/pending", headers=ANA).json()
    assert (told["pending"], told["says"]) == (4, "Vous avez 4 messages à confirmer.")
    assert {one["url"] for one in told["messages"] if one["campaign"] == "Règles"} == {
        board.signer.address("post", number)
    }
    first = told["messages"][0]
    assert first == {
        "title": "Un substitut pour chaque compte",
        "policy": "Règlement",
        "campaign": "Règles",
        "language": "fr",
        "url": board.signer.address("post", number),
        "since": "2027-01-11T14:00:00+00:00",
    }
    assert "<b>Gras</b> & co" in {one["title"] for one in told["messages"]}


def test_what_is_confirmed_waits_no_more_and_the_words_count_with_it(
    service: Service, browser: TestClient
) -> None:
    counted = []
    for name in ("hostile fr", "both fr", "plain fr"):
        counted.append(browser.get("/pending", headers=ANA).json()["says"])
        assert service.press(name, answer="" if name == "plain fr" else "1").status_code == 303
    counted.append(browser.get("/pending", headers=ANA).json()["says"])
    assert counted == [
        "Vous avez 3 messages à confirmer.",
        "Vous avez 2 messages à confirmer.",
        "Vous avez 1 message à confirmer.",
        "Aucun message n’attend votre confirmation.",
    ]
    assert browser.get("/pending", headers=SAM).json()["pending"] == 3


def test_the_employee_s_language_is_spoken_unless_another_is_asked_for(browser: TestClient) -> None:
    assert browser.get("/pending", headers=SAM).json()["says"] == "You have 3 messages to acknowledge."
    french = browser.get("/pending?language=fr", headers=SAM).json()
    assert french["says"] == "Vous avez 3 messages à confirmer."
    assert {one["language"] for one in french["messages"]} == {"en"}
    assert browser.get("/pending?language=de", headers=SAM).json()["says"].startswith("You have")


def test_a_session_from_a_post_is_enough(board: Board, stranger: TestClient) -> None:
    who = Identified("e-fr", OIDC)
    token = SqlEntries(board.engine).open(SESSION, Entry(who), NOW, NOW + SIGNED_IN)
    answer = stranger.get("/pending", headers={"Cookie": f"__Host-diffuse={token}"})
    assert answer.json()["pending"] == 3
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [ANA, {"Cookie": "__Host-diffuse=nonsense"}, {}, SERVER])
def test_nobody_who_is_not_known_is_told_anything(stranger: TestClient, headers: dict[str, str]) -> None:
    answer = stranger.get("/pending", headers=headers)
    assert answer.status_code == 401
    assert said(answer) == [
        "nobody has signed in; sign in from a post, or come through the proxy that signs people in"
    ]
    frame = stranger.get("/pending/widget", headers=headers)
    assert frame.status_code == 200
    assert "Nous ne savons pas qui vous êtes" in shown(frame)
    assert "<a " not in frame.text


def test_whom_a_proxy_names_wrongly_is_told_so(browser: TestClient, service: Service) -> None:
    wrong = {HEADER: "nobody@universite.example"}
    answer = browser.get("/pending", headers={**wrong, "Origin": SITE})
    assert (answer.status_code, said(answer)) == (403, ["the directory knows nobody by that"])
    assert answer.headers["access-control-allow-origin"] == SITE
    frame = browser.get("/pending/widget?language=en", headers=wrong)
    assert frame.status_code == 403
    assert "The directory of this service does not know the account" in shown(frame)
    SqlDirectory(service.engine).save([replace(EMPLOYEES["fr"], ends=date(2027, 1, 11))])
    assert browser.get("/pending", headers=ANA).status_code == 403


def test_scripts_of_the_sites_that_may_read_it_and_of_no_other_do(browser: TestClient) -> None:
    for origin, allowed in (
        (SITE, True),
        (OTHER, False),
        ("null", False),
        (f"{SITE}.pirate.example", False),
        (f"{SITE}:8443", False),
        (SITE.replace("https", "http"), False),
        (SITE.replace("intranet.", ""), False),
        ("", False),
    ):
        for answer in (
            browser.get("/pending", headers={**ANA, "Origin": origin}),
            browser.get("/pending", headers={"Origin": origin}),
            browser.options("/pending", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
        ):
            shared = {name: value for name, value in answer.headers.items() if "access-control" in name}
            assert answer.headers["vary"] == "Origin", origin
            assert shared.get("access-control-allow-origin") == (origin if allowed else None), origin
            assert shared.get("access-control-allow-credentials") == ("true" if allowed else None), origin
            assert "*" not in "".join(shared.values())
    asked = browser.options("/pending", headers={"Origin": SITE})
    assert (asked.status_code, asked.headers["access-control-allow-methods"]) == (204, "GET")
    assert (
        "access-control-allow-methods" not in browser.options("/pending", headers={"Origin": OTHER}).headers
    )


def test_no_other_page_is_shared_or_framed(board: Board, browser: TestClient) -> None:
    token = board.signer.address("post", board.post("post"))[-32:]
    for path in (f"/p/{token}", f"/p/{token}/sign-in", "/pending", "/health/live", "/nowhere"):
        answer = browser.get(path, headers={**ANA, "Origin": SITE})
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert ("access-control-allow-origin" in answer.headers) == (path == "/pending")


def test_the_frame_shows_what_waits_without_a_script_and_leads_out_of_itself(
    board: Board, browser: TestClient
) -> None:
    board.post("wild")
    answer = browser.get("/pending/widget", headers=ANA)
    assert answer.status_code == 200
    assert '<html lang="fr">' in answer.text
    assert '<p role="status">Vous avez 4 messages à confirmer.</p>' in answer.text
    links = re.findall(r"<a [^>]*>", answer.text)
    assert len(links) == 4
    assert all('target="_top"' in link and f'href="{BASE}/' in link for link in links)
    assert "&lt;b&gt;Gras&lt;/b&gt; &amp; co" in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert f"frame-ancestors {SITE}" in policy
    assert "default-src 'none'" in policy
    assert "x-frame-options" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    english = browser.get("/pending/widget?language=en", headers=ANA)
    assert '<html lang="en">' in english.text
    assert english.text.count('<li lang="fr">') == 4


@pytest.mark.parametrize("origins", [(), ("https://*.universite.example",), ("https://*",)])
def test_without_a_site_that_may_show_it_nobody_frames_it(board: Board, origins: tuple[str, ...]) -> None:
    with opened(board, BASE, origins=origins) as browser:
        answer = browser.get("/pending/widget", headers=ANA)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        shared = browser.get("/pending", headers={**ANA, "Origin": "https://x.universite.example"})
        assert "access-control-allow-origin" not in shared.headers


def test_several_sites_may_show_it(board: Board) -> None:
    sites = (SITE, "https://Portail.universite.example")
    with opened(board, BASE, origins=sites) as browser:
        policy = browser.get("/pending/widget").headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {SITE} https://portail.universite.example")
        answer = browser.get("/pending", headers={"Origin": "https://portail.universite.example"})
        assert answer.headers["access-control-allow-origin"] == "https://portail.universite.example"


def test_the_intranet_s_server_asks_for_anybody_by_address_or_id(stranger: TestClient) -> None:
    ways = [
        stranger.post("/api/pending", json={"employee": "Ariane@universite.example"}, headers=SERVER),
        stranger.post("/api/pending", json={"employee": "e-fr"}, headers=SERVER),
        stranger.get("/api/pending/e-fr", headers=SERVER),
    ]
    assert [answer.json()["says"] for answer in ways] == ["Vous avez 3 messages à confirmer."] * 3
    assert {answer.headers["cache-control"] for answer in ways} == {"no-store"}
    english = {"employee": "e-fr", "language": "en"}
    told = stranger.post("/api/pending", json=english, headers=SERVER).json()
    assert told["says"] == "You have 3 messages to acknowledge."
    told = stranger.get("/api/pending/e-fr?language=en", headers=SERVER).json()
    assert told["says"] == "You have 3 messages to acknowledge."


@pytest.mark.parametrize("token", ["", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_without_the_token_the_server_is_told_nothing(browser: TestClient, token: str) -> None:
    headers = {**ANA, "Authorization": token, "Origin": SITE}
    for answer in (
        browser.get("/api/pending/e-fr", headers=headers),
        browser.post("/api/pending", json={"employee": "e-fr"}, headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "access-control-allow-origin" not in answer.headers
        assert TOKEN not in answer.text


def test_addresses_are_kept_out_of_logs(service: Service, board: Board) -> None:
    with opened(board, BASE) as browser:
        refused = browser.get("/api/pending/ariane@universite.example", headers=SERVER)
    assert refused.status_code == 422
    assert "send it by POST /api/pending" in said(refused)[0]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ('{"employee": "zoe"}', 404, "knows nobody by that"),
        ('{"employee": ""}', 404, "knows nobody by that"),
        ("", 422, "not readable as JSON"),
        ("[" * 20_000, 422, "not readable as JSON"),
        ("[]", 422, "not an employee"),
        ("{}", 422, "not an employee"),
        ('{"employee": 5}', 422, "not an employee"),
        ('{"employee": "e-fr", "adress": ""}', 422, "not an employee"),
        ('{"employee": "e-fr", "language": "de"}', 422, "'de' is no language; expected fr or en"),
        ('{"employee": "e-fr", "language": ["fr"]}', 422, "is no language"),
        (" " * 70_000, 413, "more than 65536 bytes"),
    ],
)
def test_what_the_server_asks_wrongly_is_refused_in_words(
    stranger: TestClient, body: str, status: int, words: str
) -> None:
    refused = stranger.post("/api/pending", content=body, headers=SERVER)
    assert refused.status_code == status
    assert words in said(refused)[0]


def test_an_address_that_several_have_is_nobody_s(service: Service, stranger: TestClient) -> None:
    twin = replace(EMPLOYEES["en"], email="ariane@universite.example")
    SqlDirectory(service.engine).save([twin])
    refused = stranger.post("/api/pending", json={"employee": twin.email}, headers=SERVER)
    assert refused.status_code == 409
    gone = replace(EMPLOYEES["fr"], ends=date(2027, 1, 11))
    SqlDirectory(service.engine).save([gone])
    assert stranger.get("/api/pending/e-fr", headers=SERVER).status_code == 404


def test_other_methods_are_refused_in_words(stranger: TestClient) -> None:
    refused = stranger.delete("/api/pending/e-fr", headers=SERVER)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    refused = stranger.get("/api/pending", headers=SERVER)
    assert (refused.status_code, said(refused)) == (405, ["GET is not known here; expected POST"])


def test_while_the_database_is_away_everybody_is_asked_to_come_back(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_self: Owed, _employee: str) -> None:
        raise TransientFailure("the database does not answer")

    monkeypatch.setattr(Owed, "by", away)
    for answer in (
        browser.get("/pending", headers=ANA),
        browser.get("/api/pending/e-fr", headers=SERVER),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert said(answer) == ["the database does not answer"]
    frame = browser.get("/pending/widget", headers=ANA)
    assert frame.status_code == 503
    assert "Le service est momentanément indisponible" in shown(frame)
    assert f"frame-ancestors {SITE}" in frame.headers["content-security-policy"]


def test_who_is_forgotten_in_this_very_moment_is_nobody(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_self: Owed, employee: str) -> None:
        raise KeyError(employee)

    monkeypatch.setattr(Owed, "by", gone)
    assert browser.get("/pending", headers=ANA).status_code == 401
    assert browser.get("/api/pending/e-fr", headers=SERVER).status_code == 404
