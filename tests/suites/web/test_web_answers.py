"""What every answer has in common: headers, failures, the log."""

import json

from diffuse.errors import TransientFailure
from tests.suites.web.given import Service, shown


def test_every_answer_carries_the_headers_that_keep_it_private_and_without_scripts(service: Service) -> None:
    service.hits.fails = None
    answers = [
        service.browser.get("/health/live"),
        service.browser.get("/nowhere"),
        service.browser.get(service.path("open")),
        service.browser.get(service.path("click"), follow_redirects=False),
        service.browser.get(service.path("acknowledge")),
        service.browser.post(service.path("acknowledge")),
        service.press(answer="1"),
    ]
    for failure in (TransientFailure("away"), RuntimeError("broken")):
        service.hits.fails = failure
        answers.append(service.browser.get(service.path("open")))
    assert [a.status_code for a in answers] == [200, 404, 200, 302, 200, 400, 303, 503, 500]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
        assert "script" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "set-cookie" not in answer.headers


def test_a_database_that_is_away_is_told_in_both_languages_and_nothing_is_half_done(service: Service) -> None:
    path = service.path("acknowledge")
    form = {**service.fields(path), "answer": "1"}
    service.hits.fails = TransientFailure("the database cannot be reached")
    away = [
        service.browser.get(service.path("open")),
        service.browser.get(service.path("click")),
        service.browser.get(path),
        service.browser.post(path, data=form),
    ]
    for answer in away:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert "Le service est momentanément indisponible" in shown(answer)
        assert "The service is unavailable for the moment" in shown(answer)
    service.hits.fails = None
    assert service.events() == []
    assert service.browser.post(path, data=form, follow_redirects=False).status_code == 303
    assert service.events() == [("answered", "1:right"), ("acknowledged", "")]


def test_a_fault_of_ours_shows_a_page_and_no_traceback(service: Service) -> None:
    service.hits.fails = RuntimeError("secret detail")
    answer = service.browser.get(service.path("acknowledge"))
    assert answer.status_code == 500
    assert "momentanément indisponible" in shown(answer)
    assert "secret detail" not in answer.text


def test_the_log_has_one_line_of_json_for_each_request(service: Service) -> None:
    service.browser.get(service.path("open"))
    service.browser.head(service.path("click"), follow_redirects=False)
    service.press(answer="1")
    service.browser.get("/a/nonsense")
    service.browser.get("/x%0A{}")
    service.hits.fails = RuntimeError("broken")
    service.browser.get(service.path("open"))
    lines = [json.loads(line) for line in service.log.getvalue().splitlines()]
    assert lines[0] == {
        "at": "2027-01-12T14:42:00+00:00",
        "method": "GET",
        "path": service.path("open"),
        "status": 200,
        "purpose": "open",
    }
    assert [(line["method"], line["status"], line["purpose"]) for line in lines[1:]] == [
        ("HEAD", 302, "click"),
        ("GET", 200, "acknowledge"),
        ("POST", 303, "acknowledge"),
        ("GET", 404, "acknowledge"),
        ("GET", 404, ""),
        ("GET", 500, "open"),
    ]


def test_whoever_has_confirmed_is_not_told_to_confirm_later(service: Service) -> None:
    later, first = "Vous pouvez confirmer le message plus tard", "Votre question a été reçue"
    service.press("plain fr", response="question")
    page = service.browser.get(service.path("acknowledge", "plain fr"))
    assert later in shown(page)
    assert f"<title>{first} – " in page.text
    service.press("plain fr")
    page = service.browser.get(service.path("acknowledge", "plain fr"))
    assert later not in shown(page)
    assert shown(page).index("✓ Confirmé le") < shown(page).index(first)
