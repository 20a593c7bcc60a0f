"""Lays out messages: officers' words in the organisation's templates (Jinja2)."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    select_autoescape,
)
from markupsafe import Markup

from diffuse.adapters.authored import About, Authored, marks_for, problems_of, write
from diffuse.adapters.inlining import inline
from diffuse.adapters.markdown import MAILTO, fold
from diffuse.adapters.notices import notices
from diffuse.adapters.sentinels import Sentinels
from diffuse.adapters.wording import line_of
from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.message import (
    ACKNOWLEDGE_URL,
    DECOY_URL,
    GIVEN_NAME,
    NAME,
    NOTICE,
    OF_OCCASION,
    PIXEL_URL,
    Announcement,
    Baked,
    Excerpt,
    Pieces,
    Slot,
    image_of,
    in_braces,
    link_slot,
)
from diffuse.domain.policy import KeyPoint, Policy, Text, refuse
from diffuse.errors import AuthoringError, FieldPath, Problem, nearest

MAX_BYTES = 100_000
"""Mail programs cut off a longer message; Gmail does so at 102 kB."""

HTML, PLAIN, WORDS = "email/message.html.j2", "email/message.txt.j2", "email/words.toml"
POST_HTML, POST_PLAIN = "intranet/post.html.j2", "intranet/post.txt.j2"
POST_WORDS = "intranet/words.toml"

_BEGINNING = re.compile(r"(?:\A|\n\n|^[ \d]*[•>.] |<(?:p|li|h[1-6])>\n?)\Z", re.MULTILINE)
_FIRST_WORD = re.compile(r"\A\s*[,:;!]\s*((?:<[^>]*>)*)(\w)")
"""The punctuation that follows a name, and the first letter behind it."""

_NEXT_SIGN = re.compile(r"\s*[,:;.!?]|</|\Z")
"""What makes a comma before a name one too many."""


class Templates:
    """Renders wordings with the layouts of a folder; a Renderer."""

    def __init__(self, folder: Path | None = None, *, organisation: str = "") -> None:
        """Read the folder's words.

        Args:
            folder: the templates; those that diffuse brings along when it is left out.
            organisation: a name that stands above every message, or nothing.

        Raises:
            AuthoringError: when the folder's words cannot be read.
        """
        self._folder = folder or default_folder()
        self._organisation = organisation
        self._words = _read_words(self._folder / WORDS)
        self._layouts = Environment(
            loader=FileSystemLoader(self._folder),
            autoescape=select_autoescape(("html.j2",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._layouts.filters["fold"] = fold

    def problems(self, text: Text, language: str) -> Sequence[Problem]:
        """Return what would go wrong when this text is rendered; lines are those of the field."""
        try:
            self._words_in(language)
        except AuthoringError as error:
            return error.problems
        return problems_of(text)

    def bake(
        self, campaign: Campaign, policy: Policy, point: KeyPoint, register: str, language: str
    ) -> Baked:
        """Lay out, inline and check one wording.

        Raises:
            AuthoringError: when the text or the layout must be mended.
        """
        about = About(campaign=campaign, policy=policy, point=point, language=language)
        where, authored, marks = _authored(about, register)
        addresses, links = _numbered(authored.body.links, marks)
        values = {**self._values(about, marks), "subject": authored.subject, "action": authored.action}
        if policy.link:
            values["policy_url"] = marks.slot(link_slot(len(links)))
            links.append(policy.link[language])
        body = Markup(authored.body.html(addresses))  # noqa: S704 -- officers' Markdown holds no raw HTML
        html = inline(self._lay_out(HTML, {**values, "body": body}))
        plain = self._lay_out(PLAIN, {**values, "body": authored.body.text(addresses)})
        baked = Baked(
            language=language,
            subject=marks.split(authored.subject),
            html=marks.split(html),
            text=marks.split(plain),
            links=tuple(links),
            excerpt=Excerpt(
                subject=_without_slots(marks.split(authored.subject)),
                body=_without_slots(marks.split(authored.body.html(authored.body.links))),
                action=_without_slots(marks.split(authored.action)),
            ),
            notices=self._notices(language, point),
            announcement=self._announcement(about, authored, marks) if _is_posted(about) else None,
        )
        used = {*_slots(marks.split(body)), *_slots(baked.subject)}
        wrong = [*_sound(html, language), *_complete(baked, used, asks=asks(point) != "nothing")]
        if wrong:
            raise AuthoringError(*(problem.under(*where) for problem in wrong))
        return baked

    def _announcement(self, about: About, authored: Authored, marks: Sentinels) -> Announcement:
        """Lay out a wording as a post: nobody's name is in it, and its links lead straight on."""
        links, language = authored.body.links, about.language
        title = _without_slots(marks.split(authored.subject)).strip() or about.point.says[language]
        values = {
            **self._values(about, marks),
            "words": self._words_in(language, POST_WORDS),
            "action": _without_slots(marks.split(authored.action)),
            "policy_url": about.policy.link[language] if about.policy.link else "",
        }
        body = Markup(_without_slots(marks.split(authored.body.html(links))))  # noqa: S704 -- as in bake
        html = self._lay_out(POST_HTML, {**values, "body": body})
        plain = _without_slots(marks.split(authored.body.text(links)))
        text = self._lay_out(POST_PLAIN, {**values, "body": plain})
        laid_out = {POST_HTML: marks.split(html.strip()), POST_PLAIN: marks.split(text.strip())}
        refuse(_for_everybody(laid_out, asks=asks(about.point) != "nothing"))
        return Announcement(title=title, html=laid_out[POST_HTML], text=laid_out[POST_PLAIN])

    def _words_in(self, language: str, file: str = WORDS) -> Mapping[str, Any]:
        words = self._words if file == WORDS else _read_words(self._folder / file)
        if language not in words:
            raise AuthoringError.of(
                f"the layout has no words in {language!r}",
                f"one of {', '.join(words)}, or a part [{language}] in it",
                file=str(self._folder / file),
            )
        return words[language]

    def _notices(self, language: str, point: KeyPoint) -> Mapping[str, str]:
        try:
            return notices(self._words_in(language), asks(point))
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            raise AuthoringError.of(
                f"the words of the notice cannot be used: {error}",
                f"a part [{language}.notice] with the words of the shipped layout",
                file=str(self._folder / WORDS),
            ) from error

    def _values(self, about: About, marks: Sentinels) -> dict[str, Any]:
        """Return what a layout may print, the officers' words left out."""
        language = about.language
        return {
            "language": language,
            "words": self._words_in(language),
            "organisation": self._organisation,
            "campaign": {"title": about.campaign.title[language]},
            "policy": {"title": about.policy.title[language], "version": about.policy.version},
            "key_point": {"says": about.point.says[language]},
            "owner": {"name": about.campaign.owner_name, "email": about.campaign.owner_email},
            "employee": {"name": marks.slot(NAME), "given_name": marks.slot(GIVEN_NAME)},
            "asks": asks(about.point),
            "acknowledge_url": marks.slot(ACKNOWLEDGE_URL),
            "pixel_url": marks.slot(PIXEL_URL),
            "notice": marks.slot(NOTICE),
            "decoy_url": marks.slot(DECOY_URL) if about.campaign.decoy else "",
            "policy_url": "",
        }

    def _lay_out(self, name: str, values: Mapping[str, Any]) -> str:
        file = str(self._folder / name)
        try:
            return self._layouts.get_template(name).render(values)
        except TemplateNotFound as error:
            raise AuthoringError.of(f"there is no template {error.name!r}", "that file", file=file) from error
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            said = f"nothing is called {error}" if isinstance(error, KeyError) else error
            raise AuthoringError.of(
                f"the layout cannot be filled in: {said}",
                "the variables and words that the shipped layout uses",
                file=file,
                line=line_of(error, file),
            ) from error


def _is_posted(about: About) -> bool:
    """Tell whether any channel of a key point's audience is a platform."""
    audience = about.campaign.audience_of(about.policy, about.point)
    return not about.point.occasion and set(about.campaign.channels_of(audience)) != {EMAIL}


def default_folder() -> Path:
    """Return the folder of templates that diffuse brings along, in a checkout or as it was installed."""
    package = Path(__file__).parents[1]
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def asks(point: KeyPoint) -> str:
    """Name what a message asks for, as the layout's words do."""
    if point.question is None:
        return "acknowledge" if point.acknowledge else "nothing"
    return "answer_and_acknowledge" if point.acknowledge else "answer"


def _read_words(file: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AuthoringError.of(
            f"the templates cannot be read: {error.strerror}",
            f"a folder with {'/'.join(file.parts[-2:])}",
            file=str(file),
        ) from error
    except ValueError as error:
        raise AuthoringError.of(f"{error}", "TOML in UTF-8", file=str(file)) from error


def _find(about: About, register: str) -> tuple[Text, FieldPath]:
    """Find a wording and its field path."""
    registers = [variant.register for variant in about.point.variants]
    place = about.campaign.policies.index(about.policy)
    where: FieldPath = (
        "policies",
        place,
        "key_points",
        about.policy.key_points.index(about.point),
        "variants",
    )
    if register not in registers:
        raise AuthoringError.of(
            f"no wording in register {register!r}",
            f"one of {', '.join(registers)}",
            suggestion=nearest(register, registers),
            path=where,
        )
    where = (*where, registers.index(register), "texts", about.language)
    texts = about.point.variants[registers.index(register)].texts
    if texts.missing([about.language]):
        raise AuthoringError.of(f"nothing in {about.language!r}", "a text in that language", path=where)
    return texts[about.language], where


def _authored(about: About, register: str) -> tuple[FieldPath, Authored, Sentinels]:
    """Write a wording with its campaign's values; problems get the wording's field path."""
    text, where = _find(about, register)
    marks = marks_for(text)
    try:
        return where, write(text, about.values(), marks), marks
    except AuthoringError as error:
        raise AuthoringError(*(problem.under(*where) for problem in error.problems)) from error


def _without_slots(pieces: Pieces) -> str:
    """Join a text without its slots and the spaces before each; an occasion's stay, in braces.

    A sentence that begins with a name begins with its next word: ``Zoé, you may …`` is ``You may …``. Of the
    commas around a name one is left: ``Thank you, Zoé, for …`` is ``Thank you, for …``.
    """
    text, after_slot = "", False
    for piece in (*pieces, ""):
        if isinstance(piece, Slot) and piece.name not in OF_OCCASION:
            text, after_slot = text if _BEGINNING.search(text) else text.rstrip(" "), True
            continue
        words = in_braces(piece.name) if isinstance(piece, Slot) else piece
        if after_slot and _BEGINNING.search(text):
            words = _FIRST_WORD.sub(_begin, words)
        elif after_slot and _NEXT_SIGN.match(words):
            text = text.removesuffix(",")
        text, after_slot = text + words, False
    return text


def _begin(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2].upper()}"


def _numbered(links: Sequence[str], marks: Sentinels) -> tuple[list[str], list[str]]:
    """Return for each link its address (a slot, or the mailbox itself) and the destinations of the slots."""
    addresses: list[str] = []
    destinations: list[str] = []
    for link in links:
        if link.lower().startswith(MAILTO):
            addresses.append(link)
        else:
            addresses.append(marks.slot(link_slot(len(destinations))))
            destinations.append(link)
    return addresses, destinations


def _slots(pieces: Pieces) -> set[str]:
    return {piece.name for piece in pieces if isinstance(piece, Slot)}


def _for_everybody(laid_out: Mapping[str, Pieces], *, asks: bool) -> Iterator[Problem]:
    """Yield what a post's layout must not print, as one text is for many, and what it forgot."""
    for name, pieces in laid_out.items():
        for slot in sorted(_slots(pieces) - {ACKNOWLEDGE_URL}):
            yield Problem(
                found=f"a layout with {slot!r}", expected=f"nothing that is one employee's in {name}"
            )
        if asks and ACKNOWLEDGE_URL not in _slots(pieces):
            yield Problem(found=f"a layout without {ACKNOWLEDGE_URL!r}", expected=f"it in {name}")


def _sound(html: str, language: str) -> Iterator[Problem]:
    """Yield what no mail program should be given."""
    if len(html.encode()) > MAX_BYTES:
        yield Problem(
            found=f"a message of {len(html.encode()) / 1000:.0f} kB",
            expected=f"at most {MAX_BYTES // 1000} kB: mail programs cut off the rest",
        )
    if not html.lower().startswith("<!doctype html"):
        yield Problem(found="a layout without '<!doctype html>'", expected=f"it on top of {HTML}")
    for part in (f'<html lang="{language}"', "<title>", "</body>"):
        if part not in html:
            yield Problem(found=f"a layout without {part!r}", expected=f"it in {HTML}")


def _complete(baked: Baked, used: Collection[str], *, asks: bool) -> Iterator[Problem]:
    """Yield the slots that a layout forgot: those that must be there, and those that the text uses."""
    needed = {*used, *(link_slot(number) for number in range(len(baked.links)))}
    needed |= {ACKNOWLEDGE_URL, NOTICE} if asks else {NOTICE}
    for name, pieces, slots in ((HTML, baked.html, needed | {PIXEL_URL}), (PLAIN, baked.text, needed)):
        for slot in sorted(slots - _slots(pieces)):
            yield Problem(found=f"a layout without {slot!r}", expected=f"it in {name}")
    if Slot(PIXEL_URL) in baked.html and not image_of(baked.html):
        yield Problem(
            found="'pixel_url' outside of an image, or twice",
            expected=f'one <img src="{{{{ pixel_url }}}}" alt=""> in {HTML}, which can be left out whole',
        )
