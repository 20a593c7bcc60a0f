"""Posts as they are laid out: one text for many, with nobody's name, and nothing that could do harm."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.templates import Templates, default_folder
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import ACKNOWLEDGE_URL, Announcement, Slot, fill
from diffuse.domain.people import Audience
from diffuse.domain.policy import Answer, Question, Text
from diffuse.errors import AuthoringError
from tests.unit.adapters.test_templates import QUESTION, TEXT, campaign_of

POST = "https://diffuse.example/p/AAAA"
NARROW = "\u00a0"


@cache
def shipped() -> Templates:
    """The layouts that are shipped, read once."""
    return Templates()


def posted(one: Campaign, language: str = "fr", templates: Templates | None = None) -> Announcement:
    one = replace(one, channels=("wordpress", "email"))
    policy, point = one.key_point("handover")
    baked = (templates or shipped()).bake(one, policy, point, "advice", language)
    assert baked.announcement
    return baked.announcement


def written(body: str, subject: str = "Un rappel", action: str = "", **changes: Any) -> Announcement:  # noqa: ANN401
    return posted(campaign_of(Text(subject=subject, body=body, action=action), **changes))


def html_of(one: Announcement) -> str:
    return fill(one.html, {ACKNOWLEDGE_URL: POST})


def text_of(one: Announcement) -> str:
    return fill(one.text, {ACKNOWLEDGE_URL: POST})


class Elements(HTMLParser):
    """The elements of a post with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Mapping[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def links(one: Announcement) -> list[str]:
    return [str(attrs["href"]) for tag, attrs in Elements(html_of(one)).found if tag == "a"]


# --- when there is one


def test_a_campaign_by_mail_alone_has_no_posts() -> None:
    one = campaign_of()
    policy, point = one.key_point("handover")
    assert Templates().bake(one, policy, point, "advice", "fr").announcement is None


def test_an_audience_with_a_platform_of_its_own_has_posts() -> None:
    one = campaign_of()
    policy = replace(one.policies[0], audience="board")
    board = Audience(id="board", channels=("teams/board",))
    one = replace(one, policies=(policy,), audiences=(board,))
    _, point = one.key_point("handover")
    assert Templates().bake(one, policy, point, "advice", "fr").announcement is not None


def test_the_key_point_of_an_occasion_has_none() -> None:
    one = replace(campaign_of(), channels=("wordpress", "email"))
    policy, point = one.key_point("handover")
    point = replace(point, occasion="handover")
    policy = replace(policy, key_points=(point,))
    one = replace(one, policies=(policy,))
    assert Templates().bake(one, policy, point, "advice", "fr").announcement is None


# --- what it says


def test_nobodys_name_is_in_a_post() -> None:
    one = written(
        "Bonjour {{ employee.given_name }},\n\nvous, {{ employee.name }}, savez.",
        subject="{{ employee.name }}, un rappel",
        action="Répondez, {{ employee.given_name }}.",
    )
    assert {piece.name for piece in (*one.html, *one.text) if isinstance(piece, Slot)} == {ACKNOWLEDGE_URL}
    assert one.title == "Un rappel"
    assert "<p>Bonjour,</p>" in html_of(one)
    assert "employee" not in f"{one}"


@pytest.mark.parametrize(
    ("body", "html", "text"),
    [
        ("{{ employee.given_name }}, vous savez.", "<p>Vous savez.</p>", "Vous savez."),
        ("{{ employee.name }}, **écrivez**.", "<p><strong>Écrivez</strong>.</p>", "Écrivez."),
        ("Ici\n\n{{ employee.given_name }}, là.", "<p>Là.</p>", "Là."),
        ("- {{ employee.name }}: lisez", "<li>Lisez</li>", "• Lisez"),
        ("Merci, {{ employee.given_name }}, de lire.", "<p>Merci, de lire.</p>", "Merci, de lire."),
        ("Avant de lire, {{ employee.name }}:", "<p>Avant de lire:</p>", "Avant de lire:"),
        ("Merci, {{ employee.name }}!", "<p>Merci!</p>", "Merci!"),
        ("Merci, {{ employee.name }}", "<p>Merci</p>", "Merci"),
        ("Lisez, {{ employee.name }} et vous.", "<p>Lisez, et vous.</p>", "Lisez, et vous."),
        ("{{ employee.given_name }}", "<p></p>", ""),
    ],
)
def test_a_sentence_that_began_with_a_name_begins_with_its_next_word(body: str, html: str, text: str) -> None:
    one = written(body)
    assert html in html_of(one)
    assert text in text_of(one)


def test_the_shipped_messages_begin_like_sentences() -> None:
    for file in Path("campaigns").glob("*/messages/**/*.md"):
        source = file.read_text(encoding="utf-8")
        if "occasion." in source or "policy.link" in source:
            continue
        body = source.rpartition("---\n")[2].strip()
        one = posted(campaign_of(Text(subject="Un rappel", body=body)))
        first = re.sub(r"<[^>]*>", "", html_of(one)).strip()[:1]
        assert first.isupper() or not first.isalpha(), file
        assert first not in ",;:.!", file


def test_a_post_without_any_subject_left_is_called_by_what_is_to_be_remembered() -> None:
    assert written("Lisez.", subject="{{ employee.name }}").title == "Un compte a *toujours* quelqu’un."


def test_links_lead_straight_to_where_they_lead() -> None:
    one = written("Lisez [la règle](https://u.example/r?a=1&b=2) ou [nous](mailto:nous@u.example).")
    assert links(one) == [
        "https://u.example/r?a=1&b=2",
        "mailto:nous@u.example",
        POST,
        "https://university.example/succession",
        "mailto:maude@university.example",
    ]
    assert "la règle (https://u.example/r?a=1&b=2)" in text_of(one)


@pytest.mark.parametrize("question", [None, QUESTION])
@pytest.mark.parametrize("acknowledge", [True, False])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_post_leads_to_the_page_only_when_something_is_asked(
    question: Question | None, acknowledge: bool, language: str
) -> None:
    one = posted(campaign_of(TEXT, acknowledge=acknowledge, question=question), language)
    asks = acknowledge or question is not None
    assert links(one).count(POST) == asks
    assert text_of(one).count(POST) == asks
    measured = {"fr": "Rien n’est mesuré ici", "en": "Nothing is measured here"}[language]
    assert (measured in html_of(one)) == asks == (measured in text_of(one))


def test_nothing_is_in_a_post_that_tells_who_reads_it() -> None:
    tags = {tag for tag, _ in Elements(html_of(posted(campaign_of()))).found}
    assert not tags & {"img", "script", "style", "iframe", "form", "input", "link"}


def test_french_spaces_are_where_they_belong() -> None:
    one = written("Lisez ceci.", action="Nommez quelqu’un.")
    for text in (html_of(one), text_of(one)):
        assert f"À faire{NARROW}:" in text
        assert f"Texte complet{NARROW}:" in text
        assert f"«{NARROW}Médias sociaux{NARROW}: les bons réflexes{NARROW}»" in text.replace(
            "&nbsp;", NARROW
        )
        assert f"version{NARROW}2026.1" in text
        plain = re.sub(r"https?:|mailto:|<[^>]*>|\S+@\S+", "", text)
        assert not re.search(rf"(?<!{NARROW})[:»](?!/)|«(?!{NARROW})| [!?;:]", plain)


def test_english_has_no_space_before_a_colon() -> None:
    one = posted(campaign_of(TEXT), "en")
    assert "To do: " in text_of(one)
    assert NARROW + ":" not in text_of(one)


def test_a_policy_without_a_link_is_named_all_the_same() -> None:
    one = written("Lisez.", link="")
    assert f"Plan de relève (version{NARROW}2026.1)" in html_of(one)
    assert f"Plan de relève (version{NARROW}2026.1)" in text_of(one)


# --- hostile words


HEADINGS = {f"h{number}" for number in range(2, 7)}
ALLOWED = HEADINGS | {"a", "p", "br", "hr", "strong", "em", "ul", "ol", "li", "blockquote", "code", "pre"}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;script&gt;",
    "`<b onclick=x>`",
    "<!-- -->",
    '[x](https://u.example/"onmouseover=alert(1))',
    "# <svg/onload=alert(1)>",
    "```\n</pre><script>\n```",
    "zq0000",
    "{{ policy.title }}",
)


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_words_are_words(body: str) -> None:
    for tag, attrs in Elements(html_of(written(body))).found:
        assert tag in ALLOWED
        assert set(attrs) <= {"href"}
        assert not str(attrs.get("href", "")).lower().startswith(("javascript", "data"))


@given(st.lists(st.sampled_from((*HOSTILE, "é", "\n\n", "- ", "> ", "**", " ")), max_size=8).map("".join))
def test_no_words_bring_more_than_harmless_elements(body: str) -> None:
    try:
        one = written(f"x {body}")
    except AuthoringError:
        return
    assert {tag for tag, _ in Elements(html_of(one)).found} <= ALLOWED


@pytest.mark.parametrize("field", ["subject", "action"])
def test_a_subject_is_plain_text_and_an_action_is_escaped(field: str) -> None:
    one = written("Lisez.", **{field: "<b>Bonjour</b> & toi"})
    assert "<b>" not in html_of(one)
    if field == "subject":
        assert one.title == "<b>Bonjour</b> & toi"
    else:
        assert "&lt;b&gt;Bonjour&lt;/b&gt; &amp; toi" in html_of(one)
        assert "<b>Bonjour</b> & toi" in text_of(one)


def test_titles_of_policies_and_campaigns_are_escaped() -> None:
    one = campaign_of()
    policy = replace(one.policies[0], title=ByLanguage("<i>R&D</i>"))
    html = html_of(posted(replace(one, policies=(policy,), title=ByLanguage("{x} <u>"))))
    assert "&lt;i&gt;R&amp;D&lt;/i&gt;" in html
    assert "{x} &lt;u&gt;" in html


# --- an organisation's own layout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "templates"))


@pytest.mark.parametrize("name", ["employee.name", "employee.given_name", "pixel_url", "notice"])
@pytest.mark.parametrize("file", ["post.html.j2", "post.txt.j2"])
def test_a_layout_that_prints_what_is_one_employees_is_refused(folder: Path, name: str, file: str) -> None:
    layout = folder / "intranet" / file
    layout.write_text(layout.read_text(encoding="utf-8") + "{{ " + name + " }}", encoding="utf-8")
    with pytest.raises(AuthoringError, match=f"a layout with '{name}'; .* in intranet/{file}"):
        posted(campaign_of(), templates=Templates(folder))


@pytest.mark.parametrize("file", ["post.html.j2", "post.txt.j2"])
def test_a_layout_that_forgets_the_page_is_refused_when_something_is_asked(folder: Path, file: str) -> None:
    layout = folder / "intranet" / file
    source = layout.read_text(encoding="utf-8")
    layout.write_text(source.replace("acknowledge_url", "policy_url"), encoding="utf-8")
    with pytest.raises(AuthoringError, match=f"without 'acknowledge_url'; .* in intranet/{file}"):
        posted(campaign_of(), templates=Templates(folder))
    posted(campaign_of(acknowledge=False), templates=Templates(folder))


@pytest.mark.parametrize("file", ["post.html.j2", "post.txt.j2", "words.toml"])
def test_a_layout_of_before_there_were_posts_is_refused_only_where_something_is_posted(
    folder: Path, file: str
) -> None:
    (folder / "intranet" / file).unlink()
    with pytest.raises(AuthoringError, match=f"intranet/{file}"):
        posted(campaign_of(), templates=Templates(folder))
    one = campaign_of()
    policy, point = one.key_point("handover")
    Templates(folder).bake(one, policy, point, "advice", "fr")


def test_a_word_that_is_missing_is_named(folder: Path) -> None:
    words = folder / "intranet" / "words.toml"
    words.write_text(words.read_text(encoding="utf-8").replace("measured =", "mesured ="), encoding="utf-8")
    with pytest.raises(AuthoringError, match="measured"):
        posted(campaign_of(), templates=Templates(folder))


def test_every_answer_stays_out_of_a_post() -> None:
    answers = (
        Answer(says=ByLanguage("Moi-même"), feedback=ByLanguage("Oui."), right=True),
        Answer(says=ByLanguage("Personne du tout"), feedback=ByLanguage("Non.")),
    )
    question = Question(asks=ByLanguage("Qui?"), answers=answers)
    one = posted(campaign_of(question=question))
    assert "Moi-même" not in html_of(one)
