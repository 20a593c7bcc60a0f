"""The employee's own page: what was asked and given, what is kept, and what may be measured."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from diffuse.adapters.sql.access import SqlAccessLog
from diffuse.adapters.sql.choices import SqlChoices
from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.persons import SqlPersons
from diffuse.adapters.sql.tables import delivery
from diffuse.adapters.sql.theirs import SqlTheirs
from diffuse.services.mine import Mine
from diffuse.services.person import Person
from diffuse.services.record import Record
from diffuse.testing import MemoryQueue
from diffuse.web.app import create_app
from diffuse.web.limits import Limits
from diffuse.web.mine import FILE
from diffuse.web.pages import Pages
from tests.suites.web.given import BASE, TEMPLATES, Service, form_of, publications, shown


@pytest.fixture
def own(service: Service) -> Iterator[Service]:
    """The same service with the employee's page."""
    person = Person(
        clock=service.clock,
        persons=SqlPersons(service.engine, pseudonym=service.signer.pseudonym),
        choices=SqlChoices(service.engine),
        log=SqlAccessLog(service.engine),
        queue=MemoryQueue(),
        pseudonym=service.signer.pseudonym,
    )
    given: Any = {"hits": service.hits, "publications": publications(service.engine), "clock": service.clock}
    mine = Mine(theirs=SqlTheirs(service.engine), person=person, signer=service.signer, **given)
    record = Record(signer=service.signer, **given)
    app = create_app(
        record, service.clock, pages=Pages(TEMPLATES), gauges=service.gauges, limits=Limits(), mine=mine
    )
    headers = dict(service.browser.headers)
    with TestClient(app, BASE, headers=headers, raise_server_exceptions=False) as browser:
        yield replace(service, browser=browser)


def test_the_page_of_a_message_leads_to_the_page_of_its_employee(own: Service) -> None:
    page = own.browser.get(own.path("acknowledge"))
    assert f'href="{BASE}{own.path("mine")}">Mes messages et mes données</a>' in page.text
    assert own.browser.get(own.path("mine")).status_code == 200


def test_an_employee_sees_their_messages_and_nobody_elses(own: Service) -> None:
    own.press("plain fr")
    page = own.browser.get(own.path("mine", "quiz fr"))
    said = shown(page)
    assert said.startswith("Mes messages Voici ce qui vous a été demandé")
    assert said.count("Un substitut pour chaque compte Envoyé le 12 janvier 2027") == 4
    assert said.count("✓ Confirmé le 12 janvier 2027 à 9 h 42") == 1
    assert said.count("À répondre") == 3
    assert said.count("Rien à répondre") == 1
    assert own.signer.address("acknowledge", own.deliveries["both fr"]) in page.text
    assert own.signer.address("acknowledge", own.deliveries["both en"]) not in page.text
    english = own.browser.get(own.path("mine", "quiz en"))
    assert '<html lang="en">' in english.text
    assert "To be answered" in shown(english)


def test_everything_that_is_kept_can_be_had_and_that_is_logged(own: Service) -> None:
    own.press("plain fr", response="question", text="Pourquoi?")
    answer = own.browser.get(f"{own.path('mine')}/{FILE}")
    assert answer.headers["content-disposition"] == f'attachment; filename="{FILE}"'
    kept = answer.json()
    assert [one["email"] for one in kept["employee"]] == ["ariane@universite.example"]
    assert {one["employee"] for one in kept["delivery"]} == {"e-fr"}
    assert [one["text"] for one in kept["remark"]] == ["Pourquoi?"]
    assert "sam@universite.example" not in answer.text
    assert [(row["who"], row["what"]) for row in own.rows("access_log")] == [
        ("the employee", "person export")
    ]


def test_an_employee_chooses_what_is_measured_and_takes_it_back(own: Service) -> None:
    for mode, kept in (("off", "off"), ("aggregate", "aggregate"), ("", "")):
        fields = {**own.fields(own.path("mine")), "tracking": mode}
        assert own.browser.post(own.path("mine"), data=fields, follow_redirects=False).status_code == 303
        page = own.browser.get(own.path("mine")).text
        assert f'name="tracking" value="{kept}" required checked' in page
    own.browser.post(own.path("mine"), data={**own.fields(own.path("mine")), "tracking": "off"})
    before = len(own.rows("hit"))
    assert own.browser.get(own.path("open")).status_code == 200
    assert len(own.rows("hit")) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"tracking": "everything"},
        {"confirm": ""},
        {"form": "0" * 48},
        {"form": ""},
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(own: Service, changes: dict[str, str]) -> None:
    fields = {**own.fields(own.path("mine")), "tracking": "off", **changes}
    answer = own.browser.post(own.path("mine"), data=fields)
    assert answer.status_code == 400
    assert "Rien n’a été enregistré" in shown(answer)
    assert own.rows("choice") == []


def test_a_form_from_another_site_or_of_last_month_changes_nothing(own: Service) -> None:
    path = own.path("mine")
    old = {**own.fields(path, timedelta(days=30)), "tracking": "off"}
    assert own.browser.post(path, data=old).status_code == 400
    fresh = {**own.fields(path), "tracking": "off"}
    elsewhere = {"Origin": "https://evil.example"}
    assert own.browser.post(path, data=fresh, headers=elsewhere).status_code == 400
    assert own.browser.post(path, json=fresh).status_code == 400
    assert own.browser.post(path, content=b"x" * 100_000).status_code == 400
    assert own.rows("choice") == []


def test_a_link_of_another_purpose_leads_nowhere(own: Service) -> None:
    token = own.path("acknowledge").removeprefix("/a/")
    for path in (f"/m/{token}", f"/m/{token}/{FILE}", "/m/nonsense", f"{own.path('mine')}/other.json"):
        assert own.browser.get(path).status_code == 404
    assert own.browser.post(f"/m/{token}").status_code == 404


def test_a_message_in_the_other_language_says_so_to_whatever_reads_it_aloud(own: Service) -> None:
    with writing(own.engine) as connection:
        which = delivery.c.id == own.deliveries["plain fr"]
        connection.execute(update(delivery).where(which).values(language="en"))
    page = own.browser.get(own.path("mine"))
    assert 'lang="en">A substitute for each account</a>' in page.text
    assert '<span lang="en">Succession</span>, version 2.1' in page.text
    assert page.text.count('lang="en"') == 2


def test_a_choice_that_was_kept_is_confirmed_once(own: Service) -> None:
    page = own.browser.get(own.path("mine")).text
    after = own.browser.post(own.path("mine"), data={**form_of(page), "tracking": "off"})
    assert "✓ Votre choix a été enregistré" in shown(after)
    assert "Votre choix a été enregistré" not in shown(own.browser.get(own.path("mine")))


def test_an_answer_without_a_confirmation_is_seen_in_the_list(own: Service) -> None:
    own.press("quiz fr", answer="1")
    assert shown(own.browser.get(own.path("mine"))).count("✓ Réponse reçue") == 1
