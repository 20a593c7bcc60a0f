import re
import shutil
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import css_inline
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.inlining import inline
from diffuse.adapters.sentinels import Sentinels
from diffuse.adapters.templates import MAX_BYTES, Templates, default_folder
from diffuse.domain.campaign import LANGUAGES, Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Baked, Pieces, Slot
from diffuse.domain.policy import Answer, KeyPoint, Policy, Question, Text, Variant
from diffuse.domain.tracking import Tracking
from diffuse.errors import AuthoringError

LINK = "https://university.example/succession"
BODY = """Before you leave, {{ employee.given_name }}:

- open the [register](https://intranet.example/register?a=1&b=2)
- write to [us](mailto:us@university.example)
- read [the plan]({{ policy.link }}), version {{ policy.version }}

**{{ key_point.says }}**
"""
TEXT = Text(subject="Hand your accounts over", body=BODY, action="Name your substitute today.")
QUESTION = Question(
    asks=ByLanguage("Who?"),
    answers=(
        Answer(says=ByLanguage("I"), feedback=ByLanguage("Yes."), right=True),
        Answer(says=ByLanguage("Nobody"), feedback=ByLanguage("No.")),
    ),
)
VALUES = {
    "employee.name": "Zoë <b>O'Neil</b> & Cie",
    "employee.given_name": "Zoë",
    "acknowledge_url": "https://tracking.example/a/AAAA",
    "pixel_url": "https://tracking.example/o/BBBB",
    "notice": "What is measured: nothing.",
}


def campaign_of(
    text: Text = TEXT, *, link: str = LINK, acknowledge: bool = True, question: Question | None = None
) -> Campaign:
    point = KeyPoint(
        id="handover",
        says=ByLanguage(fr="Un compte a *toujours* quelqu’un.", en="An account *always* has <someone>."),
        variants=(Variant(register="advice", texts=ByLanguage(fr=text, en=text)),),
        acknowledge=acknowledge,
        question=question,
    )
    policy = Policy(
        id="succession",
        title=ByLanguage(fr="Plan de relève", en="Succession & relief"),
        version="2026.1",
        key_points=(point,),
        link=ByLanguage(link) if link else None,
    )
    return Campaign(
        id="social-media",
        title=ByLanguage(fr="Médias sociaux\u00a0: les bons réflexes", en="Social media"),
        owner="Maude Tremblay <maude@university.example>",
        starts=date(2026, 9, 1),
        policies=(policy,),
        languages=("fr", "en"),
    )


def bake(campaign: Campaign, language: str = "en", templates: Templates | None = None) -> Baked:
    policy, point = campaign.key_point("handover")
    return (templates or Templates()).bake(campaign, policy, point, "advice", language)


def fill(pieces: Pieces, values: Mapping[str, str] = VALUES, quote: Callable[[str], str] = str) -> str:
    known = {**{f"link_url.{n}": f"https://tracking.example/c/{n}" for n in range(9)}, **values}
    return "".join(piece if isinstance(piece, str) else quote(known[piece.name]) for piece in pieces)


def slots(pieces: Pieces) -> list[str]:
    return [piece.name for piece in pieces if isinstance(piece, Slot)]


class Page(HTMLParser):
    """What a page consists of: elements with their attributes and style, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(baked: Baked) -> Page:
    return Page(fill(baked.html, quote=escape))


# --- links and slots


def test_links_are_numbered_alike_in_both_parts_and_mailboxes_stay_direct() -> None:
    baked = bake(campaign_of())
    assert baked.links == ("https://intranet.example/register?a=1&b=2", LINK, LINK)
    for pieces in (baked.html, baked.text):
        assert [name for name in slots(pieces) if name.startswith("link_url")] == [
            "link_url.0",
            "link_url.1",
            "link_url.2",
        ]
    assert [attributes["href"] for attributes in page(baked).all("a")] == [
        "https://tracking.example/c/0",
        "mailto:us@university.example",
        "https://tracking.example/c/1",
        "https://tracking.example/a/AAAA",
        "https://tracking.example/c/2",
        "mailto:maude@university.example",
    ]


def test_nothing_but_slots_is_left_open() -> None:
    baked = bake(campaign_of())
    for pieces in (baked.subject, baked.html, baked.text):
        fixed = "".join(piece for piece in pieces if isinstance(piece, str))
        assert not re.search(r"zq[0-9a-f]{4}\d\d|\{\{|\{%", fixed)


def test_the_subject_may_name_the_employee() -> None:
    baked = bake(campaign_of(replace(TEXT, subject="{{ employee.given_name }}, who answers?")))
    assert baked.subject == (Slot("employee.given_name"), ", who answers?")
    assert "<title>Zoë, who answers?</title>" in fill(baked.html)


def test_the_pixel_comes_last_and_says_nothing() -> None:
    baked = bake(campaign_of())
    assert page(baked).elements[-1][0] == "img"
    image = page(baked).elements[-1][1]
    assert (image["src"], image["alt"], image["width"], image["height"]) == (
        "https://tracking.example/o/BBBB",
        "",
        "1",
        "1",
    )
    assert slots(baked.html)[-1] == "pixel_url"
    assert "pixel_url" not in slots(baked.text)


@pytest.mark.parametrize(
    ("acknowledge", "question", "french", "english"),
    [
        (True, None, "J’ai lu et compris", "I have read and understood"),
        (True, QUESTION, "Répondre et confirmer", "Answer and confirm"),
        (False, QUESTION, "Répondre à la question", "Answer the question"),
    ],
)
def test_the_button_says_what_is_asked(
    acknowledge: bool, question: Question | None, french: str, english: str
) -> None:
    campaign = campaign_of(acknowledge=acknowledge, question=question)
    for language, said in (("fr", french), ("en", english)):
        baked = bake(campaign, language)
        assert f">{said}</a>" in fill(baked.html)
        assert re.search(
            rf"^{said}\u00a0?:\nhttps://tracking.example/a/AAAA$", fill(baked.text), re.MULTILINE
        )


def test_without_anything_to_confirm_there_is_no_button() -> None:
    baked = bake(campaign_of(acknowledge=False))
    assert "acknowledge_url" not in {*slots(baked.html), *slots(baked.text)}
    assert "your confirmation" not in fill(baked.text)


def test_a_policy_without_a_link_is_named_all_the_same() -> None:
    baked = bake(campaign_of(replace(TEXT, body="Read it."), link=""))
    assert baked.links == ()
    assert "Succession & relief (version\u00a02026.1)" in page(baked).text
    assert "Succession & relief (version\u00a02026.1)" in fill(baked.text)


# --- escaping


def test_markup_in_a_text_or_a_name_is_shown_and_never_runs() -> None:
    text = Text(
        subject="<script>a()</script>", body="<script>b()</script> {{ employee.name }}", action="<i>c</i>"
    )
    baked = bake(campaign_of(text))
    html = fill(baked.html, quote=escape)
    assert "<script" not in html
    assert "<i>" not in html
    for said in ("<script>a()</script>", "<script>b()</script>", "<i>c</i>", VALUES["employee.name"]):
        assert said in page(baked).text
        assert said in fill(baked.text)
    assert "&amp;lt;" not in html


def test_values_of_the_campaign_are_no_markdown_and_are_escaped_once() -> None:
    text = Text(
        subject="{{ policy.title }}",
        body="{{ key_point.says }} `{{ policy.title }}`",
        action="{{ policy.title }}",
    )
    baked = bake(campaign_of(text))
    assert "An account *always* has &lt;someone&gt;. <code" in fill(baked.html)
    assert "&amp;amp;" not in fill(baked.html)
    assert "An account *always* has <someone>. Succession & relief" in fill(baked.text)
    assert fill(baked.subject) == "Succession & relief"


def test_a_link_keeps_its_signs() -> None:
    link = "https://university.example/a_b_c/(d)?x=1&y=*2*"
    baked = bake(campaign_of(replace(TEXT, body="[plan]({{ policy.link }}) <{{ policy.link }}>"), link=link))
    assert baked.links == (*[link.replace("(d)", "%28d%29")] * 2, link)


# --- the layout


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_is_a_whole_page_in_its_language(language: str) -> None:
    baked = bake(campaign_of(), language)
    html = fill(baked.html, quote=escape)
    assert html.startswith("<!DOCTYPE html>")
    assert page(baked).all("html") == [{"lang": language}]
    assert "<title>Hand your accounts over</title>" in html
    assert len(page(baked).all("h1")) == 1
    assert all(table["role"] == "presentation" for table in page(baked).all("table"))
    assert all("alt" in image for image in page(baked).all("img"))
    assert len(html.encode()) < MAX_BYTES / 5
    assert "@media (prefers-color-scheme: dark)" in html
    assert "color: #8cc4ea !important" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_parts_say_the_same(language: str) -> None:
    baked = bake(campaign_of(), language).tracked(Tracking())
    shown = " ".join(page(baked).text.split())
    plain = " ".join(fill(baked.text).split())
    for said in (
        "Zoë,",
        "Before you leave, Zoë:",
        "Name your substitute today.",
        "Maude Tremblay",
        "maude@university.example",
        {"fr": "Une ouverture ne tient jamais lieu de confirmation.", "en": "An opening never counts as a"}[
            language
        ],
        {"fr": "À faire", "en": "To do"}[language],
        {"fr": "Médias sociaux : les bons réflexes · Plan de relève", "en": "Social media · Succession"}[
            language
        ],
        "version 2026.1",
    ):
        assert said in shown
        assert said in plain
    assert "us (us@university.example)" in plain


def test_lines_of_the_text_part_fit_unless_they_hold_an_address() -> None:
    for line in fill(bake(campaign_of(), "fr").text).splitlines():
        assert len(line) <= 72 or "https://" in line


def test_the_organisation_stands_above_its_messages() -> None:
    baked = bake(campaign_of(), templates=Templates(organisation="University of Example"))
    assert "University of Example" in page(baked).text
    assert fill(baked.text).startswith("University of Example\n")


def test_the_layout_has_all_words_in_every_language() -> None:
    words = tomllib.loads((default_folder() / "email/words.toml").read_text(encoding="utf-8"))

    def keys(part: Mapping[str, object]) -> list[object]:
        return [(key, keys(value) if isinstance(value, dict) else "") for key, value in sorted(part.items())]

    assert sorted(words) == sorted(LANGUAGES)
    assert keys(words["fr"]) == keys(words["en"])
    for value in leaves(words["fr"]):
        assert not re.search(r"(?<!\u00a0)[:»]|«(?!\u00a0)|\s[?!;]", value)


def leaves(part: Mapping[str, object]) -> list[str]:
    return [
        leaf
        for value in part.values()
        for leaf in (leaves(value) if isinstance(value, dict) else [str(value)])
    ]


def test_premailer_never_reaches_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert bake(campaign_of()).links
    style = '<style>p { background: url("http://a.example/x.png") }</style>'
    assert "http://a.example/x.png" in inline(f"<html><head>{style}</head><body><p>x</p></body></html>")


@pytest.mark.parametrize(
    "head",
    [
        "<style>@import url(http://a.example/x.css);</style>",
        "<style>p { color: red } @IMPORT 'x.css';</style>",
        '<link rel="stylesheet" href="http://a.example/x.css">',
    ],
)
def test_a_layout_that_asks_for_a_sheet_from_elsewhere_is_refused(head: str) -> None:
    with pytest.raises(AuthoringError, match="all styles inside its <style> element"):
        inline(
            f"<!doctype html><html><head>{head}</head><body><p>@import stays a word here</p></body></html>"
        )


def test_inlined_styles_agree_with_a_second_inliner() -> None:
    campaign = campaign_of(replace(TEXT, body=f"# Title\n\n{BODY}\n> quote\n\n1. `code`"))
    policy, point = campaign.key_point("handover")
    sources: list[str] = []

    class Listening(Templates):
        def _lay_out(self, name: str, values: Mapping[str, object]) -> str:
            sources.append(super()._lay_out(name, values))
            return sources[-1]

    baked = Listening().bake(campaign, policy, point, "advice", "en")
    other = Page(css_inline.inline(sources[0]))
    ours = page(baked)
    checked = 0
    for tag in (
        "body",
        "td",
        "h1",
        "h2",
        "p",
        "ul",
        "ol",
        "li",
        "a",
        "strong",
        "span",
        "blockquote",
        "code",
        "div",
    ):
        assert len(ours.all(tag)) == len(other.all(tag)) > 0
        for mine, theirs in zip(ours.all(tag), other.all(tag), strict=True):
            assert style(mine) == style(theirs)
            checked += bool(style(mine))
    assert checked > 25


def style(attributes: Mapping[str, str]) -> dict[str, str]:
    pairs = (part.partition(":") for part in attributes.get("style", "").split(";") if part.strip())
    return {
        name.strip(): re.sub(r"#fff(?![0-9a-f])", "#ffffff", value.strip()).replace("'", '"')
        for name, _, value in pairs
    }


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *[(ink, "#ffffff") for ink in ("#12486b", "#1f2933", "#52606d", "#3e4c59")],
        *[(ink, "#e9f1f6") for ink in ("#12486b", "#1f2933")],
        *[(ink, "#18222b") for ink in ("#8cc4ea", "#e6ebf0", "#a9b6c2", "#cfe5f5", "#c5d0da")],
        *[(ink, "#20323f") for ink in ("#8cc4ea", "#e6ebf0")],
        ("#ffffff", "#12486b"),
        ("#0b1f2e", "#8cc4ea"),
    ],
)
def test_colours_are_far_enough_apart_to_be_read(ink: str, ground: str) -> None:
    css = "".join((default_folder() / f"email/{name}.css").read_text("utf-8") for name in ("style", "media"))
    assert ink in css
    assert ground in css
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# --- refusals


def refusals(text: Text) -> list[tuple[object, int, str]]:
    return [(problem.path, problem.line, problem.found) for problem in Templates().problems(text, "en")]


def test_a_good_text_has_no_problem() -> None:
    assert refusals(TEXT) == []
    assert list(Templates().problems(TEXT, "fr")) == []


def test_all_problems_of_a_text_are_told_at_once_with_their_places() -> None:
    text = Text(
        subject="{{ polcy.title }}",
        body="a\n{{ titel }}\n\n{{ employee.name|upper }}\n\n[x]({{ link }}) [y](x) ![](z)",
        action="{% include 'x' %}",
    )
    assert refusals(text) == [
        (("subject",), 1, "no variable is called 'polcy.title'"),
        (("body",), 2, "no variable is called 'titel'"),
        (("body",), 4, "'employee.name' in a condition or with a filter"),
        (("body",), 6, "no variable is called 'link'"),
        (("action",), 1, "{% include %} in a text"),
        (("body",), 6, "a link to 'x'"),
        (("body",), 6, "an image, 'z'"),
    ]
    assert [problem.suggestion for problem in Templates().problems(text, "en")][:2] == [
        "policy.title",
        "policy.title",
    ]


def test_images_and_bad_links_are_found_without_a_campaign() -> None:
    text = replace(
        TEXT, body="![x](https://a.example/x.png)\n\n[y](www.a.example)\n\n[z]({{ policy.title }})"
    )
    assert [(path, line) for path, line, _ in refusals(text)] == [
        (("body",), 1),
        (("body",), 3),
        (("body",), 5),
    ]


def test_an_employee_s_value_cannot_be_part_of_a_link() -> None:
    text = replace(TEXT, body="[x](https://a.example/{{ employee.name }})")
    assert refusals(text) == [(("body",), 1, "a link that differs for each employee")]


def test_a_subject_that_breaks_over_lines_is_refused() -> None:
    assert refusals(replace(TEXT, subject='{{ "a\\nBcc: b@b.example" }}')) == [
        (("subject",), 0, "'a\\nBcc: b@b.example'")
    ]


def test_a_subject_that_comes_out_empty_is_refused() -> None:
    with pytest.raises(AuthoringError, match="expected one line of text"):
        bake(campaign_of(Text(subject="{% if policy.link %}x{% endif %}", body="x"), link=""))


def test_an_action_may_come_out_empty() -> None:
    text = Text(subject="x", body="x", action="{% if policy.link %}Read it.{% endif %}")
    assert "To do" not in fill(bake(campaign_of(text, link="")).text)
    assert "To do: Read it." in fill(bake(campaign_of(text)).text)


def test_a_language_without_words_is_refused() -> None:
    (problem,) = Templates().problems(TEXT, "de")
    assert "no words in 'de'" in problem.found


def test_a_refusal_while_baking_names_the_place_in_the_campaign() -> None:
    with pytest.raises(AuthoringError) as refused:
        bake(campaign_of(replace(TEXT, body="x\n\nsee {{ policy.link }}"), link=""))
    (problem,) = refused.value.problems
    assert problem.path == ("policies", 0, "key_points", 0, "variants", 0, "texts", "en", "body")
    assert problem.line == 3
    assert problem.found == "policy.link is printed, and policy 'succession' has no link"


def test_a_wording_that_does_not_exist_is_refused() -> None:
    campaign = campaign_of()
    policy, point = campaign.key_point("handover")
    with pytest.raises(AuthoringError, match="did you mean 'advice'"):
        Templates().bake(campaign, policy, point, "advise", "fr")
    with pytest.raises(AuthoringError, match="nothing in 'de'"):
        Templates().bake(campaign, policy, point, "advice", "de")


def test_a_message_that_would_be_cut_off_is_refused() -> None:
    with pytest.raises(AuthoringError, match="at most 100 kB"):
        bake(campaign_of(replace(TEXT, body="x" * 101_000)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "templates"))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("email/message.html.j2", "{{ pixel_url }}", "x", "a layout without 'pixel_url'"),
        ("email/message.html.j2", "{{ acknowledge_url }}", "x", "a layout without 'acknowledge_url'"),
        ("email/message.html.j2", "{{ notice }}", "", "a layout without 'notice'"),
        ("email/message.txt.j2", "{{ notice }}", "", "a layout without 'notice'"),
        ("email/message.html.j2", '<img class="pixel" src', '<p class="pixel" src', "outside of an image"),
        ("email/words.toml", "[en.notice]", "[en.notices]", "a part [en.notice]"),
        ("email/message.html.j2", "{{ body }}", "", "a layout without 'link_url.0'"),
        ("email/message.txt.j2", "{{ policy_url }}", "", "a layout without 'link_url.2'"),
        ("email/message.html.j2", "<!doctype html>", "", "a layout without '<!doctype html>'"),
        ("email/message.html.j2", ' lang="{{ language }}"', "", "a layout without '<html lang"),
        (
            "email/message.html.j2",
            "{{ subject }}",
            "{{ sujet }}",
            "message.html.j2:9: the layout cannot be filled in",
        ),
        (
            "email/message.txt.j2",
            "{{ body }}",
            "{{ body",
            "message.txt.j2:11: the layout cannot be filled in",
        ),
        ("email/message.html.j2", "email/style.css", "style.css", "there is no template 'style.css'"),
        (
            "email/words.toml",
            "Hello {given_name}",
            "Hello {name}",
            "message.html.j2:33: the layout cannot be filled in: nothing is called 'name'",
        ),
        ("email/words.toml", "[en]", "[en", "expected TOML in UTF-8"),
        ("email/words.toml", "[en", "[de", "no words in 'en'"),
    ],
)
def test_a_broken_layout_is_told_in_one_readable_text(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    file = folder / name
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(AuthoringError, match=re.escape(said)):
        bake(campaign_of(), templates=Templates(folder))


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="the templates cannot be read"):
        Templates(tmp_path / "nowhere")


# --- what a page shows


def test_a_page_shows_the_same_words_with_direct_links_and_without_the_employee() -> None:
    campaign = campaign_of(replace(TEXT, subject="{{ policy.title }}, {{ employee.given_name }}?"))
    policy, point = campaign.key_point("handover")
    excerpt = Templates().bake(campaign, policy, point, "advice", "en").excerpt
    assert excerpt.subject == "Succession & relief?"
    assert excerpt.action == "Name your substitute today."
    assert "<p>Before you leave:</p>" in excerpt.body
    assert 'href="https://intranet.example/register?a=1&amp;b=2"' in excerpt.body
    assert "<strong>An account *always* has &lt;someone&gt;.</strong>" in excerpt.body


# --- sentinels


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_text_is_cut_at_its_slots_and_nowhere_else(before: str, after: str) -> None:
    marks = Sentinels(before, after)
    word = marks.slot("employee.name")
    assert word.isascii()
    assert word.isalnum()
    assert marks.split(before + word + after) == tuple(p for p in (before, Slot("employee.name"), after) if p)
    assert marks.slot("employee.name") == word


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
)
def test_any_name_comes_out_as_it_is_in_both_parts(name: str) -> None:
    values = {**VALUES, "employee.given_name": name}
    assert f"Hello {name}," in fill(BAKED.text, values)
    assert f"Hello {escape(name)}," in fill(BAKED.html, values, escape)


BAKED = bake(campaign_of())


def test_a_hidden_link_stands_in_the_html_alone_and_only_where_the_campaign_wants_it() -> None:
    hidden = bake(replace(campaign_of(), decoy=True))
    assert (Slot("decoy_url") in hidden.html, Slot("decoy_url") in hidden.text) == (True, False)
    assert Slot("decoy_url") not in bake(campaign_of()).html
    page = "".join(str(piece) for piece in hidden.html)
    assert 'aria-hidden="true"' in page
    assert 'tabindex="-1"' in page
    assert len(hidden.links) == len(bake(campaign_of()).links)
