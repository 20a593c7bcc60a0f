"""The pages as HTML, without any script."""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)
from markupsafe import Markup

from diffuse.domain.remark import LONGEST
from diffuse.errors import AuthoringError
from diffuse.services.mine import Entry, MyMessages
from diffuse.services.owed import Owes
from diffuse.services.page import Page
from diffuse.services.record import Given
from diffuse.web.words import moment, read_words

TEMPLATES = ("acknowledge", "mine", "sign_in", "entry", "pending", "bad_request", "not_found", "unavailable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """By what an employee can sign in, and where that is found.

    Attributes:
        provider: whether there is an identity provider.
        links: whether a link can be sent.
        here: stands before the addresses of both, seen from the page.
        back: where the post stands on the intranet; empty where it has no page.
    """

    provider: bool
    links: bool
    here: str
    back: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Who reads the page of a post.

    Attributes:
        name: the employee's.
        token: the post's own.
        is_for: whether the post is meant for them.
        is_known: whether they have acknowledged its key point by another channel.
        can_leave: whether they signed in here, and can sign out.
    """

    name: str
    token: str
    is_for: bool
    is_known: bool
    can_leave: bool


class Pages:
    """Lays out every page of the tracking service.

    Attributes:
        not_found: the page for every link that leads nowhere, in both languages.
        unavailable: the page while the database is away, in both languages.
        policy: the Content-Security-Policy that lets these pages show, and nothing else run.
    """

    def __init__(self, templates: Path) -> None:
        """Read the layouts in the folder ``web`` below ``templates``.

        Raises:
            AuthoringError: when a layout is missing or cannot be read.
        """
        folder = templates / "web"
        self._words = read_words(folder / "words.toml")
        try:
            style = (folder / "style.css").read_text("utf-8")
            self._layouts = _layouts(folder, style)
            self.not_found = self._layouts["not_found"].render(language="fr", **self._words)
            self.unavailable = self._layouts["unavailable"].render(language="fr", **self._words)
        except TemplateSyntaxError as error:
            raise AuthoringError.of(
                f"{error.message}", "a Jinja layout", file=error.filename or str(folder), line=error.lineno
            ) from error
        except (OSError, UnicodeDecodeError, TemplateError) as error:
            raise AuthoringError.of(f"{error}", "the pages' layouts as shipped", file=str(folder)) from error
        digest = b64encode(sha256(style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors "
        )
        self.policy = f"{self._policy}'none'"

    def framed_by(self, sites: Collection[str]) -> str:
        """Return the policy of a page that these sites may show in a frame, and nobody else."""
        return self._policy + (" ".join(sites) or "'none'")

    def acknowledge(  # noqa: PLR0913, PLR0917 -- everything that can stand on this page
        self,
        page: Page,
        stamp: str,
        given: Given | None = None,
        why: str = "",
        mine: str = "",
        who: Reader | None = None,
    ) -> str:
        """Lay out what an employee sees after following a message's link; ``stamp`` goes into its form.

        After a form that could not be recorded, ``why`` says what is wrong, and what was given stands in it.
        Behind a post, ``who`` has signed in.
        """
        words = self._words[page.language]
        return self._layouts["acknowledge"].render(
            language=page.language,
            words=words,
            page=page,
            given=given,
            why=words.of(f"unfit_{why}") if why else "",
            remarks=[(words.of(f"sent_{one.response}"), one.text) for one in page.remarks],
            longest=LONGEST,
            body=Markup(page.body),  # noqa: S704 -- the renderer promises safe HTML
            moment=moment(page.acknowledged_at, page.language) if page.acknowledged_at else "",
            stamp=stamp,
            mine=mine,
            who=who,
        )

    def mine(self, page: MyMessages, token: str, file: str, *, saved: bool = False) -> str:
        """Lay out an employee's own page; ``file`` is the name under which what is kept can be had.

        ``saved`` tells that a choice has just been kept.
        """
        return self._layouts["mine"].render(
            language=page.language,
            words=self._words[page.language],
            page=page,
            entries=[(one, *_moments(one, page.language)) for one in page.entries],
            token=token,
            file=file,
            saved=saved,
        )

    def sign_in(self, language: str, ways: Ways, stamp: str, *, sent: bool = False, why: str = "") -> str:
        """Lay out by which ways an employee can sign in; ``stamp`` goes into the form for a link.

        ``sent`` tells that a link was asked for; ``why`` names the words that say why signing in failed.
        """
        words = self._words[language]
        return self._layouts["sign_in"].render(
            language=language,
            words=words,
            provider=ways.provider,
            links=ways.links,
            here=ways.here,
            back=ways.back,
            stamp=stamp,
            sent=sent,
            why=words.of(f"sign_in_{why}") if why else "",
        )

    def entry(self, language: str, name: str, stamp: str) -> str:
        """Lay out what a link to sign in opens: whose it is, and a button; ``stamp`` goes into its form."""
        return self._layouts["entry"].render(
            language=language, words=self._words[language], name=name, stamp=stamp
        )

    def pending(self, language: str, owes: Owes | None, why: str = "pending_unknown") -> str:
        """Lay out what waits for an employee, for a frame on the intranet.

        Where that cannot be told (None), ``why`` names the words that say so.
        """
        words = self._words[language]
        return self._layouts["pending"].render(
            language=language,
            words=words,
            says=self.pending_says(language, len(owes.owing)) if owes else words.of(why),
            owing=owes.owing if owes else (),
        )

    def pending_says(self, language: str, count: int) -> str:
        """Say how many messages wait."""
        words = self._words[language]
        said = {0: words.pending_none, 1: words.pending_one}.get(count, words.pending_many)
        return said.replace("{count}", f"{count}")

    def bad_request(self, language: str, back: str) -> str:
        """Lay out that nothing was recorded; ``back`` is the address of the page with the form."""
        return self._layouts["bad_request"].render(language=language, words=self._words[language], back=back)


def _moments(one: Entry, language: str) -> tuple[str, str]:
    given = moment(one.acknowledged_at, language) if one.acknowledged_at else ""
    return moment(one.sent_at, language), given


def _layouts(folder: Path, style: str) -> dict[str, Template]:
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["style"] = Markup(style)  # noqa: S704 -- our own file
    return {name: environment.get_template(f"{name}.html.j2") for name in TEMPLATES}
