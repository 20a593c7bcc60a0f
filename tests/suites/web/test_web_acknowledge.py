"""The page of a message: what it shows, and what pressing its button records."""

import re
from datetime import timedelta
from html import unescape

from tests.suites.web.given import HOSTILE, NOW, Service, shown


def test_opening_the_page_never_acknowledges_however_often(service: Service) -> None:
    for _ in range(3):
        assert service.browser.get(service.path("acknowledge")).status_code == 200
    assert service.events() == []
    assert service.rows("acknowledgement") == []


def test_the_page_is_in_the_language_of_the_message(service: Service) -> None:
    french, english = (service.browser.get(service.path("acknowledge", f"both {c}")) for c in ("fr", "en"))
    assert '<html lang="fr">' in french.text
    assert "<title>Un substitut pour chaque compte</title>" in french.text
    assert "À faire Vérifiez ses accès." in shown(french)
    assert 'value="J’ai lu et compris"' in french.text
    assert "message\u00a0: «\u00a0Chaque compte a un substitut\u00a0» (Relève, version 2.1)" in french.text
    assert '<html lang="en">' in english.text
    assert "To do Check their access." in shown(english)
    assert 'value="I have read and understood"' in english.text


def test_pressing_the_button_acknowledges_and_shows_the_page_again(service: Service) -> None:
    sent = service.press(answer="1")
    assert (sent.status_code, sent.content) == (303, b"")
    assert sent.headers["location"] == service.path("acknowledge").removeprefix("/a/")
    page = service.browser.get(service.path("acknowledge"))
    assert "✓ Confirmé le 12 janvier 2027 à 9 h 42 Merci." in shown(page)
    assert "Bonne réponse Qui répond la fin de semaine? Votre réponse : Le substitut" in shown(page)
    assert "<form" not in page.text
    assert service.events() == [("answered", "1:right"), ("acknowledged", "")]
    (kept,) = service.rows("acknowledgement")
    assert (kept["policy"], kept["version"], kept["language"], kept["at"]) == ("succession", "2.1", "fr", NOW)
    assert kept["statement"] in unescape(page.text)


def test_the_confirmation_is_told_in_the_employees_own_time_and_language(service: Service) -> None:
    service.press("both en", answer="0")
    page = service.browser.get(service.path("acknowledge", "both en"))
    assert "✓ Confirmed on January 12, 2027 at 11:42 p.m." in shown(page)
    assert "That is not the right answer" in shown(page)
    assert "Your answer: Nobody The right answer: The substitute An account is never alone." in shown(page)


def test_a_second_acknowledgement_keeps_the_first_time_and_the_first_answer(service: Service) -> None:
    path = service.path("acknowledge")
    page = service.browser.get(path).text
    form = {**dict(re.findall(r'name="(form|confirm)" value="([^"]+)"', page))}
    service.browser.post(path, data={**form, "answer": "0"})
    service.clock.advance(timedelta(days=2))
    again = service.browser.post(path, data={**form, "answer": "1"})
    assert again.status_code == 200
    assert "Confirmé le 12 janvier 2027 à 9 h 42" in shown(again)
    assert "Votre réponse : Personne" in shown(again)
    assert service.events() == [("answered", "0:wrong"), ("acknowledged", "")]
    assert [row["at"] for row in service.rows("acknowledgement")] == [NOW]


def test_an_acknowledgement_without_an_answer_counts_and_the_question_stays_open(service: Service) -> None:
    assert service.press().status_code == 303
    page = service.browser.get(service.path("acknowledge"))
    assert "Confirmé le 12 janvier 2027" in shown(page)
    assert 'value="Envoyer ma réponse"' in page.text
    assert service.press(answer="1").status_code == 303
    assert service.events() == [("acknowledged", ""), ("answered", "1:right")]


def test_a_key_point_that_only_asks_takes_an_answer_and_no_acknowledgement(service: Service) -> None:
    page = service.browser.get(service.path("acknowledge", "quiz fr"))
    assert "Votre confirmation" not in shown(page)
    assert service.press("quiz fr").status_code == 400
    assert service.press("quiz fr", answer="0").status_code == 303
    assert service.events() == [("answered", "0:wrong")]
    assert service.rows("acknowledgement") == []


def test_a_key_point_that_asks_for_nothing_has_no_form(service: Service) -> None:
    page = service.browser.get(service.path("acknowledge", "notice fr"))
    assert "<form" not in page.text
    assert "Ce message ne demande aucune confirmation." in shown(page)


def test_no_page_holds_a_script_or_loads_anything(service: Service) -> None:
    for name in service.deliveries:
        page = service.browser.get(service.path("acknowledge", name)).text
        tags = re.findall(r"<[^>]*>", page.partition("</style>")[2])
        assert not [tag for tag in tags if re.search(r"script|<link|<img|<iframe|\son\w+=", tag)]
        assert re.findall(r"<link[^>]*>", page) == ['<link rel="icon" href="data:,">']


def test_hostile_text_is_shown_as_text(service: Service) -> None:
    for answer in ("", "0"):
        if answer:
            service.press("hostile fr", answer=answer)
        page = service.browser.get(service.path("acknowledge", "hostile fr"))
        assert "<b>" not in page.text
        assert HOSTILE in shown(page)
        assert "&lt;script&gt;" in page.text
    assert len(service.rows("acknowledgement")) == 1
