"""What is our own form, sent by its button from our own page, and what is not."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from diffuse.services.record import Record
from diffuse.web.app import create_app
from diffuse.web.pages import Pages
from tests.suites.web.given import BASE, TEMPLATES, Service, publications, shown


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nOne-Click\r\n--b--\r\n"),
        ("application/json", b'{"confirm": "yes", "form": "SEAL"}'),
        ("text/plain", b"confirm=yes&form=SEAL"),
        ("", b"confirm=yes&form=SEAL"),
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"confirm=yes"),
        ("application/x-www-form-urlencoded", b"confirm=yes&form=0123"),
        ("application/x-www-form-urlencoded", b"form=SEAL"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm="),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=acknowledge&answer=2"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=acknowledge&answer=-1"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=acknowledge&answer=one"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=acknowledge&answer=%D9%A1"),
        (
            "application/x-www-form-urlencoded",
            b"form=SEAL&confirm=yes&response=acknowledge&answer=0&answer=1",
        ),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=acknowledge&answer=%FF"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=\xff"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=yes&answer=0"),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes&response=quiz&answer=0"),
        (
            "application/x-www-form-urlencoded",
            b"form=SEAL&confirm=yes&response=acknowledge&response=question",
        ),
        (
            "application/x-www-form-urlencoded",
            b"form=SEAL&confirm=yes&response=acknowledge&answer=0&website=spam",
        ),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=yes" + b"&a=1" * 50),
        ("application/x-www-form-urlencoded", b"form=SEAL&confirm=" + b"y" * 100_000),
    ],
)
def test_whatever_is_not_our_form_sent_by_its_button_records_nothing(
    service: Service, content_type: str, body: bytes
) -> None:
    path = service.path("acknowledge")
    stamp = service.fields(path)["form"]
    answer = service.browser.post(
        path, content=body.replace(b"SEAL", stamp.encode()), headers={"content-type": content_type}
    )
    assert answer.status_code == 400
    assert "Rien n’a été enregistré" in shown(answer)
    assert f'href="{path.removeprefix("/a/")}"' in answer.text
    assert service.events() == []


def test_fields_that_the_form_does_not_have_are_ignored(service: Service) -> None:
    assert service.press("plain fr", utm_source="mail", token="x").status_code == 303
    assert service.events() == [("acknowledged", "")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
        {"Origin": "https://evil.example"},
        {"Origin": f"{BASE}.evil.example"},
        {"Origin": "file://"},
        {"Origin": "nonsense"},
        {"Origin": ""},
    ],
)
def test_a_form_that_stood_on_another_site_records_nothing(service: Service, headers: dict[str, str]) -> None:
    assert service.press("plain en", headers=headers).status_code == 400
    assert service.events() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": BASE},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null"},
        {"Origin": BASE},
    ],
)
def test_what_a_browser_sends_from_our_own_page_is_recorded(
    service: Service, headers: dict[str, str]
) -> None:
    assert service.press("plain en", headers=headers).status_code == 303
    assert service.events() == [("acknowledged", "")]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300),
    content_type=st.sampled_from(["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]),
)
def test_no_body_breaks_the_service_or_acknowledges(service: Service, body: bytes, content_type: str) -> None:
    answer = service.browser.post(
        service.path("acknowledge"), content=body, headers={"content-type": content_type}
    )
    assert answer.status_code == 400
    assert service.rows("acknowledgement") == []


def test_a_stamp_of_another_delivery_opens_nothing(service: Service) -> None:
    stamp = service.fields(service.path("acknowledge", "plain en"))["form"]
    assert service.press("plain fr", form=stamp).status_code == 400
    assert service.events() == []


def test_behind_a_proxy_the_published_address_counts_as_our_own(service: Service) -> None:
    record = Record(
        hits=service.hits,
        publications=publications(service.engine),
        clock=service.clock,
        signer=service.signer,
    )
    inner = create_app(record, service.clock, pages=Pages(TEMPLATES), gauges=service.gauges, base_url=BASE)
    with TestClient(inner, "http://127.0.0.1:8000") as browser:
        behind = replace(service, browser=browser)
        assert behind.press("plain fr", headers={"Origin": "https://evil.example"}).status_code == 400
        assert behind.press("plain fr", headers={"Origin": BASE}).status_code == 303
