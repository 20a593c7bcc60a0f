"""A proxy that says who has signed in: it is believed when it is ours, and nobody else is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from ipaddress import ip_network

import pytest

from diffuse.adapters.sql.directory import SqlDirectory
from tests.suites.web.given import EMPLOYEES, Service, shown
from tests.suites.web.sign_in import Door, door

HEADER = "X-Remote-User"
PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
ANA, SAM = "ariane@universite.example", "sam@universite.example"
OURS, STRANGER = ("10.1.2.3", 4711), ("203.0.113.7", 4711)


@pytest.fixture
def behind(service: Service) -> Iterator[Door]:
    """The service behind a proxy of ours."""
    one = door(service, header=HEADER, trusted=PROXIES, client=OURS)
    with one.browser:
        yield one


@pytest.fixture
def open_to_all(service: Service) -> Iterator[Door]:
    """The same service, and somebody who has found the way around the proxy."""
    one = door(service, header=HEADER, trusted=PROXIES, client=STRANGER)
    with one.browser:
        yield one


@pytest.mark.parametrize("named", [ANA, "Ariane@Universite.Example", "e-fr", f" {ANA} "])
def test_our_proxy_is_believed(behind: Door, named: str) -> None:
    assert behind.who(headers={HEADER: named}) == "e-fr by proxy"
    assert behind.who(headers={HEADER.lower(): named}) == "e-fr by proxy"


def test_nobody_else_is_believed_whatever_they_say_of_their_way(open_to_all: Door) -> None:
    for more in (
        {},
        {"X-Forwarded-For": "10.1.2.3"},
        {"X-Forwarded-For": "10.1.2.3, 10.1.2.3"},
        {"Forwarded": "for=10.1.2.3"},
        {"X-Real-IP": "10.1.2.3"},
        {"X-Forwarded-Host": "suivi.universite.example", "Via": "1.1 10.1.2.3"},
    ):
        assert open_to_all.who(headers={HEADER: ANA, **more}) == "nobody"


@pytest.mark.parametrize(
    "peer", ["203.0.113.7", "11.0.0.1", "2001:db9::1", "testclient", "", "::ffff:11.0.0.1"]
)
def test_other_peers_are_not_ours(service: Service, peer: str) -> None:
    one = door(service, header=HEADER, trusted=PROXIES, client=(peer, 1))
    with one.browser:
        assert one.who(headers={HEADER: ANA}) == "nobody"


@pytest.mark.parametrize("peer", ["10.0.0.1", "2001:db8::7", "::ffff:10.0.0.1"])
def test_peers_in_the_networks_of_our_proxies_are_ours(service: Service, peer: str) -> None:
    one = door(service, header=HEADER, trusted=PROXIES, client=(peer, 1))
    with one.browser:
        assert one.who(headers={HEADER: ANA}) == "e-fr by proxy"


def test_what_a_client_says_of_its_way_does_not_shake_our_proxy(behind: Door) -> None:
    assert behind.who(headers={HEADER: ANA, "X-Forwarded-For": "203.0.113.7"}) == "e-fr by proxy"


def test_a_header_that_came_twice_is_nobodys(behind: Door) -> None:
    """The proxy added its own to the client's, and nobody knows which is which."""
    answer = behind.browser.get(behind.post, headers=[(HEADER, SAM), (HEADER, ANA)])
    assert answer.status_code == 403
    answer = behind.browser.get(behind.post, headers={HEADER: f"{SAM}, {ANA}"})
    assert answer.status_code == 403


def test_headers_that_look_alike_are_others(behind: Door) -> None:
    for name in ("X_Remote_User", "X-Remote-User-", "Remote-User"):
        assert behind.who(headers={name: ANA}) == "nobody"


def test_our_proxy_goes_before_any_session(behind: Door) -> None:
    behind.press(behind.link(SAM))
    assert behind.who() == "e-en by magic-link"
    assert behind.who(headers={HEADER: ANA}) == "e-fr by proxy"
    answer = behind.browser.get(behind.post, headers={HEADER: "nobody@universite.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("empty", ["", " ", "(null)"])
def test_where_the_proxy_names_nobody_the_other_ways_are_open(behind: Door, empty: str) -> None:
    assert behind.who(headers={HEADER: empty}) == "nobody"
    behind.press(behind.link(SAM))
    assert behind.who(headers={HEADER: empty}) == "e-en by magic-link"


def test_a_stranger_keeps_their_own_session_and_no_other(open_to_all: Door) -> None:
    open_to_all.press(open_to_all.link(SAM))
    assert open_to_all.who(headers={HEADER: ANA}) == "e-en by magic-link"


def test_without_the_setting_no_header_counts(service: Service) -> None:
    one = door(service, trusted=PROXIES, client=OURS)
    with one.browser:
        assert one.who(headers={HEADER: ANA}) == "nobody"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "e-2"}, "Plusieurs personnes de l’annuaire"),
        ({"id": "e-fr", "ends": date(2027, 1, 11)}, "votre dernier jour de travail est passé"),
        ({"id": "e-fr", "email": "another@universite.example"}, "ne connaît pas le compte"),
    ],
)
def test_somebody_who_is_not_one_employee_is_told_so(
    behind: Door, changes: dict[str, object], said: str
) -> None:
    changed = replace(EMPLOYEES["fr"], **changes)  # type: ignore[arg-type]
    SqlDirectory(behind.service.engine).save(
        list({one.id: one for one in (EMPLOYEES["fr"], changed)}.values())
    )
    answer = behind.browser.get(behind.post, headers={HEADER: ANA})
    assert answer.status_code == 403
    assert said in shown(answer)
    assert "<form" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_bytes_that_are_no_text_are_nobody(behind: Door) -> None:
    answer = behind.browser.get(behind.post, headers={HEADER.encode(): b"\xff\xfe" + ANA.encode()})
    assert answer.status_code == 403
    kelvin = "\u212aim@universite.example"
    SqlDirectory(behind.service.engine).save([replace(EMPLOYEES["fr"], email="kim@universite.example")])
    assert behind.browser.get(behind.post, headers={HEADER.encode(): kelvin.encode()}).status_code == 403
