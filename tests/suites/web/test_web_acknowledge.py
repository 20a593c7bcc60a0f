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
    assert "J’ai lu et compris" in shown(french)
    assert "message\u00a0: «\u00a0Chaque compte a un substitut\u00a0» (Relève, version 2.1)" in french.text
    assert '<html lang="en">' in english.text
    assert "To do Check their access." in shown(english)
    assert "I have read and understood" in shown(english)


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
    form = service.fields(path)
    service.browser.post(path, data={**form, "answer": "0"})
    service.clock.advance(timedelta(days=2))
    again = service.browser.post(path, data={**form, "answer": "1"})
    assert again.status_code == 200
    assert "Confirmé le 12 janvier 2027 à 9 h 42" in shown(again)
    assert "Votre réponse : Personne" in shown(again)
    assert service.events() == [("answered", "0:wrong"), ("acknowledged", "")]
    assert [row["at"] for row in service.rows("acknowledgement")] == [NOW]


def test_the_question_comes_before_the_confirmation(service: Service) -> None:
    refused = service.press()
    assert refused.status_code == 400
    assert "Rien n’a encore été enregistré Répondez d’abord à la question" in shown(refused)
    assert 'value="acknowledge" required checked' in refused.text
    assert service.events() == []
    again = {**service.fields(service.path("acknowledge")), "answer": "1"}
    again["form"] = re.findall(r'name="form" value="(\w+)"', refused.text)[0]
    assert service.browser.post(service.path("acknowledge"), data=again).status_code == 200
    assert service.events() == [("answered", "1:right"), ("acknowledged", "")]


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


def test_the_page_offers_three_choices_and_makes_none_of_them(service: Service) -> None:
    page = service.browser.get(service.path("acknowledge", "plain fr"))
    assert re.findall(r'name="response" value="(\w+)" required>', page.text) == [
        "acknowledge",
        "question",
        "disagree",
    ]
    assert "checked" not in page.text.partition("</style>")[2]
    assert service.press("plain fr", response="").status_code == 400
    assert service.rows("acknowledgement") == []


def test_a_question_is_received_and_the_page_still_asks_to_confirm(service: Service) -> None:
    said = "Qui <b>répond</b> le soir?\r\nMerci."
    assert service.press("plain fr", response="question", text=said).status_code == 303
    page = service.browser.get(service.path("acknowledge", "plain fr"))
    assert "✓ Votre question a été reçue Qui <b>répond</b> le soir? Merci." in shown(page)
    assert "Nous transmettons ceci à Camille Roy" in shown(page)
    assert "<b>" not in page.text
    assert 'name="response"' in page.text
    (kept,) = service.rows("remark")
    assert (kept["response"], kept["text"]) == ("question", "Qui <b>répond</b> le soir?\nMerci.")
    assert service.rows("acknowledgement") == []
    assert service.press("plain fr").status_code == 303
    assert "Votre question a été reçue" in shown(service.browser.get(service.path("acknowledge", "plain fr")))


def test_a_form_that_comes_at_once_is_shown_again_with_what_was_chosen(service: Service) -> None:
    path = service.path("acknowledge", "plain en")
    fields = {**service.fields(path, timedelta()), "response": "disagree", "text": "Not <here>"}
    refused = service.browser.post(path, data=fields)
    assert refused.status_code == 400
    assert "Nothing has been recorded yet This was sent right after the page opened." in shown(refused)
    assert 'value="disagree" required checked' in refused.text
    assert ">Not &lt;here&gt;</textarea>" in refused.text
    assert service.rows("remark") == []
    service.clock.advance(timedelta(seconds=3))
    assert service.browser.post(path, data=fields, follow_redirects=False).status_code == 303
    assert len(service.rows("remark")) == 1


def test_a_page_that_was_open_for_too_long_is_shown_anew(service: Service) -> None:
    path = service.path("acknowledge", "plain fr")
    fields = service.fields(path, timedelta(days=8))
    refused = service.browser.post(path, data=fields)
    assert refused.status_code == 400
    assert "Cette page était ouverte depuis trop longtemps." in shown(refused)
    fresh = re.findall(r'name="form" value="(\w+)"', refused.text)[0]
    assert fresh != fields["form"]
    service.clock.advance(timedelta(seconds=3))
    sent = service.browser.post(path, data={**fields, "form": fresh}, follow_redirects=False)
    assert sent.status_code == 303
    assert len(service.rows("acknowledgement")) == 1
