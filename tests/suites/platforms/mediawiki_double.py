"""What a MediaWiki answers to ``api.php``, as a live one of version 1.39 was seen to, in French.

What waits for the copies of a database has no live model here: that is from
https://www.mediawiki.org/wiki/Manual:Maxlag_parameter.
"""

import html
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import parse_qsl

from tests.suites.platforms.double_server import Answered, Asked, Json, serving
from tests.suites.platforms.rig import Recipe, Seen

PASSWORDS = {"Eraser": "3f9c2a7d1e6b8045c2f1a9d7e3b60418", "Writer": "b7d41c9e0f2a683517c8e4d2a9f0b365"}
"""Bot passwords; ``Eraser`` may delete pages, ``Writer`` may not."""

FORM = {"format", "formatversion", "errorformat", "action", "assert", "maxlag", "token"}
FIELDS = {
    "edit": {"title", "pageid", "text", "summary", "watchlist", "contentmodel", "createonly", "nocreate"},
    "delete": {"pageid", "reason", "watchlist"},
    "login": {"lgname", "lgpassword", "lgtoken"},
    "query": {"meta", "type", "siprop", "titles", "redirects", "prop", "rvprop", "rvslots"},
}
WITHDRAWN = "diffuse-withdrawn"
REDIRECT = re.compile(r"#REDIRECT \[\[(.*)\]\]")
HEADING = re.compile(r"^= (.*) =$|\{\{DISPLAYTITLE:(.*)\}\}", re.MULTILINE)
CATEGORY = re.compile(r"\[\[Category:[^\]|]*\|[^\]|]*\]\]")
LINK = re.compile(r"\[((?:https?|mailto):[^\s\]]+) ([^\]]*)\]")
MARKUP = re.compile(
    r"\[\[|\{\{|\{\||''|~~~|__[A-Z]+__|<(?!/?(?:div|strong|em|code|br|blockquote|pre|[ou]l|li)\b)"
)
"""What the wiki would run, other than what a page of ours has."""

WORDS = {
    "articleexists": "L’article que vous essayez de créer l’a déjà été.",
    "missingtitle": "La page que vous avez spécifiée n’existe pas.",
    "badtoken": "Jeton CSRF non valide.",
    "assertuserfailed": "Vous n’êtes plus connecté, donc l’action n’a pas pu être achevée.",
    "permissiondenied": "L’action que vous essayez de réaliser n’est permise qu’aux utilisateurs du groupe :"
    " [[Wiki:Administrateurs|Administrateurs]].",
    "readapidenied": "Vous avez besoin du droit de lecture pour utiliser ce module.",
    "ratelimited": "Pour lutter contre les abus, l’utilisation de cette action est limitée.",
    "readonly": "Ce wiki est actuellement en mode lecture seule.",
    "mustbeposted": "Le module nécessite une requête POST.",
}
WRONG = "Le nom d’utilisateur ou le mot de passe est incorrect. Veuillez essayer à nouveau."
THROTTLED = "Vous avez tenté dernièrement un nombre trop élevé de connexions. Veuillez attendre 5 minutes."


class Refusal(Exception):
    """An error in the shape of MediaWiki: its status is 200."""

    def __init__(self, code: str, text: str = "", *, data: Json | None = None, after: str = "") -> None:
        super().__init__(code)
        error = {
            "code": code,
            "text": text or WORDS[code],
            "module": "main",
            **({"data": data} if data else {}),
        }
        headers = {"MediaWiki-API-Error": code, **({"Retry-After": after} if after else {})}
        docref = "Voir api.php concernant l’utilisation de l’API."
        self.answered = Answered(told={"errors": [error], "docref": docref}, headers=headers)


@dataclass(kw_only=True)
class Page:
    """A page, under its title; a redirect is one too."""

    id: int
    text: str


@dataclass(kw_only=True)
class Session:
    """What belongs to a cookie."""

    account: str = ""
    login: str = field(default_factory=lambda: f"{secrets.token_hex(20)}+\\")
    csrf: str = field(default_factory=lambda: f"{secrets.token_hex(20)}+\\")


@dataclass(kw_only=True)
class MediaWikiDouble:
    """A wiki; it is its own rig."""

    address: str = ""
    looks_up: bool = True
    changes: bool = True
    cleans: bool = True
    pages: dict[str, Page] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    readonly: str = ""
    """Why nothing can be changed."""
    lag: int = 0
    """Seconds that the copies of the database are behind."""
    private: bool = False
    """Whether only accounts may read."""
    throttled: bool = False
    """Whether too many tried to sign in."""
    server: str = ""
    """Where the wiki says that it is, if not at its address."""
    refusals: dict[str, list[Refusal]] = field(default_factory=dict)
    """What the next calls of an action are refused with, in order."""
    results: dict[str, list[Json]] = field(default_factory=dict)
    """What the next calls of an action are answered instead, in order."""
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What somebody else does right before the next call of an action."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def recipe(self, address: str = "", *, credentials: str = "good", account: str = "Eraser") -> Recipe:
        """Say how the adapter is put together."""
        password = PASSWORDS[account] if credentials == "good" else "f" * 32
        return Recipe(
            adapter="diffuse.adapters.platforms.mediawiki:MediaWiki",
            arguments={
                "url": f"{address or self.address}/api.php",
                "username": f"{account}@diffuse",
                "password": password,
            },
        )

    def posts(self) -> Sequence[Seen]:
        """Return what people read, with no redirect and nothing that says that it was withdrawn."""
        texts = [page.text for page in self.pages.values()]
        return [_seen(text) for text in texts if not REDIRECT.match(text) and WITHDRAWN not in text]

    def empty(self) -> None:
        """Delete every page, and take every switch back."""
        with self.lock:
            self.pages.clear()
            for switches in (self.refusals, self.results, self.meanwhile):
                switches.clear()
            self.readonly, self.server, self.lag = "", "", 0
            self.private = self.throttled = False

    def move(self, title: str, to: str) -> None:
        """Move a page, as an editor would: a redirect stays."""
        self.pages[to] = self.pages[title]
        self.pages[title] = Page(id=next(self.numbers), text=f"#REDIRECT [[{to}]]")

    # What it answers.

    def answer(self, asked: Asked) -> Answered:
        """Answer one request."""
        try:
            with self.lock:
                return self._answer(asked)
        except Refusal as refusal:
            return refusal.answered

    def _answer(self, asked: Asked) -> Answered:
        given = dict(parse_qsl(asked.body.decode(), keep_blank_values=True)) if asked.body else asked.query
        action = given.get("action", "")
        name, session = self._session(asked.headers.get("cookie", ""))
        if asked.path != "/api.php" or action not in FIELDS:
            raise Refusal("badvalue", f"Valeur non reconnue pour le paramètre « action » : {action}.")
        if unknown := given.keys() - FORM - FIELDS[action]:
            raise Refusal("unrecognizedparams", f"Paramètres non reconnus : {sorted(unknown)}.")
        if happens := self.meanwhile.pop(action, None):
            happens()
        if waiting := self.refusals.get(action):
            raise waiting.pop(0)
        if canned := self.results.get(action):
            return Answered(told={action: canned.pop(0)})
        self._check(asked, given, session)
        does = {"login": self._login, "query": self._query, "edit": self._edit, "delete": self._delete}
        cookie = {"Set-Cookie": f"wiki_session={name}; path=/; HttpOnly"}
        return Answered(told={action: does[action](given, session)}, headers=cookie)

    def _session(self, cookie: str) -> tuple[str, Session]:
        known = re.search(r"wiki_session=(\w+)", cookie)
        name = known[1] if known and known[1] in self.sessions else secrets.token_hex(16)
        return name, self.sessions.setdefault(name, Session())

    def _check(self, asked: Asked, given: Mapping[str, str], session: Session) -> None:
        """Look at what all calls have in common."""
        action = given["action"]
        if action != "query" and asked.method != "POST":
            raise Refusal("mustbeposted")
        if given.get("assert") == "user" and not session.account:
            raise Refusal("assertuserfailed")
        if self.private and not session.account and "titles" in given:
            raise Refusal("readapidenied")
        if self.lag > int(given.get("maxlag", "99999")):
            told = {"host": "db2", "lag": self.lag, "type": "db"}
            words = f"Attente d’un serveur de base de données : {self.lag} secondes de retard."
            raise Refusal("maxlag", words, data=told, after="5")
        if action in {"edit", "delete"}:
            if self.readonly:
                raise Refusal("readonly", data={"readonlyreason": self.readonly})
            if given.get("token") != session.csrf:
                raise Refusal("badtoken")

    def _login(self, given: Mapping[str, str], session: Session) -> Json:
        account = given["lgname"].removesuffix("@diffuse")
        if given["lgtoken"] != session.login:
            return {"result": "WrongToken"}
        if self.throttled:
            return {"result": "Failed", "reason": {"code": "login-throttled", "text": THROTTLED}}
        if PASSWORDS.get(account) != given["lgpassword"]:
            return {"result": "Failed", "reason": {"code": "wrongpassword", "text": WRONG}}
        session.account = account
        return {"result": "Success", "lguserid": 3, "lgusername": account}

    def _query(self, given: Mapping[str, str], session: Session) -> Json:
        told: Json = {}
        meta = given.get("meta", "").split("|")
        if "tokens" in meta:
            kind = given.get("type", "csrf")
            told["tokens"] = {f"{kind}token": session.login if kind == "login" else session.csrf}
        if "siteinfo" in meta:
            told["general"] = {"server": self.server or self.address, "articlepath": "/index.php/$1"}
        if "titles" in given:
            told.update(self._looked_up(given["titles"]))
        return told

    def _looked_up(self, asked: str) -> Json:
        if asked.startswith("wikipedia:"):
            return {"interwiki": [{"title": asked, "iw": "wikipedia"}]}
        if asked.startswith("Special:"):
            return {"pages": [{"ns": -1, "title": asked, "special": True}]}
        if wrong := re.search(r"[\[\]{}|<>#]", asked):
            words = f"Le titre de la page demandée contient des caractères non valides : « {wrong[0]} »."
            reason = {"code": "title-invalid-characters", "text": words}
            return {"pages": [{"title": asked, "invalidreason": reason, "invalid": True}]}
        title = _title(asked)
        page = self.pages.get(title)
        if page and (leads := REDIRECT.match(page.text)):
            title = leads[1]
            page = self.pages.get(title)
        if page is None:
            return {"pages": [{"ns": 0, "title": title, "missing": True}]}
        main = {"contentmodel": "wikitext", "contentformat": "text/x-wiki", "content": page.text}
        told = {"pageid": page.id, "ns": 0, "title": title, "revisions": [{"slots": {"main": main}}]}
        return {"pages": [told]}

    def _edit(self, given: Mapping[str, str], _: Session) -> Json:
        title = self._named(given["pageid"]) if "pageid" in given else _title(given["title"])
        page = self.pages.get(title)
        if "createonly" in given and page:
            raise Refusal("articleexists")
        if "nocreate" in given and not page:
            raise Refusal("missingtitle")
        if met := MARKUP.search(CATEGORY.sub("", HEADING.sub("", given["text"]))):
            raise Refusal("markup", f"the wiki would run {met[0]!r}")
        is_new = page is None
        if page is None:
            page = self.pages[title] = Page(id=next(self.numbers), text="")
        page.text = given["text"]
        new = {"new": True} if is_new else {}
        return {**new, "result": "Success", "pageid": page.id, "title": title, "contentmodel": "wikitext"}

    def _delete(self, given: Mapping[str, str], session: Session) -> Json:
        title = self._named(given["pageid"])
        if session.account != "Eraser":
            raise Refusal("permissiondenied")
        del self.pages[title]
        return {"title": title, "reason": given["reason"], "logid": 8}

    def _named(self, pageid: str) -> str:
        for title, page in self.pages.items():
            if f"{page.id}" == pageid:
                return title
        raise Refusal("nosuchpageid", f"Il n’y a pas de page avec l’ID {pageid}.")


def _title(given: str) -> str:
    """Return a title as the wiki writes it."""
    return f"{given[:1].upper()}{given[1:]}".replace("_", " ")


def _seen(text: str) -> Seen:
    """Return a page as people read it: its heading, and the rest with its links."""
    heading = HEADING.search(text)
    title = heading[1] or heading[2] if heading else ""
    return Seen(
        title=html.unescape(title), content=LINK.sub(r'<a href="\1">\2</a>', HEADING.sub("", text, 1))
    )


@contextmanager
def mediawiki_double() -> Iterator[MediaWikiDouble]:
    """Let a wiki without pages answer."""
    double = MediaWikiDouble()
    with serving(double.answer) as address:
        double.address = address
        yield double
