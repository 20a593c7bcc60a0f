"""Microsoft Graph with the pages of one SharePoint site, of our own, and strict."""

import json
import re
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit
from uuid import uuid4

from tests.suites.platforms.rig import Recipe, Seen
from tests.suites.platforms.sharepoint_contract import (
    CHANGED,
    CREATED,
    PAGE,
    Json,
    Refusal,
    bad,
    check,
    check_whole,
)

TENANT = "contoso.onmicrosoft.com"
CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"
SECRET = "qWgdYAmab0YSkuL1qKv5bPX~"
SITE = "contoso.sharepoint.com,2c712604-1370-44e7-a1f5-426573fda80a,2d2244c3-251a-49ea-93a8-39e1c3a060fe"
WHERE = "contoso.sharepoint.com:/sites/rh"
SCOPE = "https://graph.microsoft.com/.default"
GRANT = "client_credentials"
FORM = {"grant_type", "client_id", "client_secret", "scope"}
CAST = "microsoft.graph.sitePage"


@dataclass
class Page:
    """A page: what editors see, and what people see once a version of it is published."""

    name: str
    draft: Json
    id: str = field(default_factory=lambda: f"{uuid4()}")
    shown: Json | None = None
    level: str = "checkout"
    major: int = 0
    minor: int = 1

    def told(self) -> Json:
        """Return it as Graph tells it, without its content, which would have to be expanded."""
        return {
            **{name: value for name, value in self.draft.items() if name != "canvasLayout"},
            "@odata.type": PAGE,
            "id": self.id,
            "name": self.name,
            "webUrl": f"https://contoso.sharepoint.com/sites/rh/SitePages/{self.name}",
            "publishingState": {"level": self.level, "versionId": f"{self.major}.{self.minor}"},
        }


@dataclass
class SharePointServer:
    """The site, the identity platform before it, and the switches of the tests; it is its own rig."""

    address: str = ""
    looks_up: bool = True
    changes: bool = True
    cleans: bool = True
    pages: list[Page] = field(default_factory=list)
    tokens: dict[str, bool] = field(default_factory=dict)
    """Every one that was given out, and whether it is still accepted."""
    lasts: int = 3599
    """Seconds: how long a token is said to last."""
    leads: str = ""
    """Where a list is said to go on, if not here."""
    part: int = 200
    """Pages in one part of a list."""
    filters: str = "kept"
    """``kept``, ``ignored``, ``refused`` or ``empty``: what becomes of ``$filter``."""
    approves: bool = True
    """Whether what is published is out at once; where a site wants an approval, it is not."""
    renames: bool = False
    """Whether a page that is created gets another name than it was given."""
    answers: dict[str, list[Refusal]] = field(default_factory=dict)
    """By ``METHOD last-part-of-the-path``: how the next requests of that kind are turned down, in order."""
    seen: list[str] = field(default_factory=list)
    """Every request: ``METHOD path``."""
    agents: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def recipe(self, address: str = "", *, credentials: str = "good") -> Recipe:
        """Say how the adapter is put together."""
        base = address or self.address
        return Recipe(
            adapter="diffuse.adapters.platforms.sharepoint:SharePoint",
            arguments={
                "tenant": TENANT,
                "client_id": CLIENT,
                "client_secret": SECRET if credentials == "good" else "wrong-secret",
                "site": SITE,
                "graph": f"{base}/v1.0",
                "login": base,
            },
        )

    def posts(self) -> Sequence[Seen]:
        """Return the news that people can read."""
        shown = [
            page.shown for page in self.pages if page.shown and page.shown["promotionKind"] == "newsPost"
        ]
        return [Seen(title=one["title"], content=_content(one)) for one in shown]

    def empty(self) -> None:
        """Take every page away, and every switch back."""
        with self.lock:
            self.pages.clear()
            self.tokens.clear()
            self.answers.clear()
            self.seen.clear()
            self.lasts, self.part, self.filters, self.leads = 3599, 200, "kept", ""
            self.approves, self.renames = True, False

    def expire(self) -> None:
        """Let no token be accepted any more that was given out."""
        self.tokens = dict.fromkeys(self.tokens, False)

    # What it answers.

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Json | None]:
        """Answer one request: a status, and an object or nothing."""
        split = urlsplit(path)
        self.seen.append(f"{method} {split.path}")
        self.agents.add(headers.get("user-agent", ""))
        kind = f"{method} {unquote(split.path.rpartition('/')[2])}"
        if waiting := self.answers.get(kind):
            raise waiting.pop(0)
        if not split.path.startswith("/v1.0/"):
            return self._token(method, split.path, headers, body)
        self._signed_in(headers)
        return self._graph(method, unquote(split.path.removeprefix("/v1.0")), split.query, headers, body)

    def _token(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Json | None]:
        if method != "POST" or not re.fullmatch(r"/[^/]+/oauth2/v2\.0/token", path):
            raise Refusal(HTTPStatus.NOT_FOUND, "not_found", "no such address")
        given = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            given = {}
        if objection := _objection(path.split("/")[1], given):
            return _aadsts(*objection)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = True
        lasting = {"expires_in": self.lasts, "ext_expires_in": self.lasts}
        return 200, {"token_type": "Bearer", **lasting, "access_token": token}

    def _signed_in(self, headers: Mapping[str, str]) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", "Access token is empty.")
        if not self.tokens[token]:
            words = "Lifetime validation failed, the token is expired."
            raise Refusal(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", words)

    def _graph(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Json | None]:
        if (method, path) == ("GET", f"/sites/{WHERE}"):
            return 200, {"id": SITE, "webUrl": "https://contoso.sharepoint.com/sites/rh"}
        below = path.removeprefix(f"/sites/{SITE}/pages")
        if below == path:
            raise Refusal(HTTPStatus.NOT_FOUND, "itemNotFound", "Requested site could not be found")
        name, _, rest = below.strip("/").partition("/")
        if name in {"", CAST}:
            return self._all(method, name, query, headers, body)
        return self._one(method, self._found(name), rest, headers, body)

    def _all(
        self, method: str, kind: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Json | None]:
        if (method, kind) == ("POST", ""):
            return 201, self._create(_json(headers, body))
        if (method, kind) == ("GET", CAST):
            return 200, self._list(query, headers["host"])
        raise bad(f"Unsupported segment or method: {method} pages/{kind}")

    def _one(
        self, method: str, page: Page, rest: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Json | None]:
        if (method, rest) == ("GET", CAST):
            return 200, page.told()
        if (method, rest) == ("PATCH", CAST):
            return 200, self._change(page, _json(headers, body))
        if (method, rest) == ("POST", f"{CAST}/publish") and not body:
            self._publish(page)
        elif (method, rest) == ("DELETE", ""):
            self.pages.remove(page)
        else:
            raise bad(f"Unsupported segment or method: {method} {rest}")
        return 204, None

    def _found(self, name: str) -> Page:
        for page in self.pages:
            if page.id == name:
                return page
        raise Refusal(HTTPStatus.NOT_FOUND, "itemNotFound", "The resource could not be found.")

    def _create(self, given: Json) -> Json:
        check(given, CREATED, "sitePage")
        check_whole(given, ("@odata.type", "name", "title", "pageLayout"))
        name = given.pop("name")
        if not re.fullmatch(r"[^/\\:*?\"<>|#%]{1,128}\.aspx", name):
            raise bad(f"The page name {name!r} is not valid.")
        with self.lock:
            if any(page.name.casefold() == name.casefold() for page in self.pages):
                words = "The specified item name already exists"
                raise Refusal(HTTPStatus.CONFLICT, "nameAlreadyExists", words)
            name = name.replace(".aspx", "(1).aspx") if self.renames else name
            page = Page(name, {"promotionKind": "page", **given})
            self.pages.append(page)
        return page.told()

    def _list(self, query: str, host: str) -> Json:
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        if unknown := asked.keys() - {"$filter", "$skiptoken"}:
            raise bad(f"query options that were not expected: {sorted(unknown)}")
        pages = sorted(self.pages, key=lambda page: page.name)
        if condition := asked.get("$filter"):
            pages = self._filtered(condition, pages)
        start = int(asked.get("$skiptoken", "0"))
        told: Json = {"value": [page.told() for page in pages[start : start + self.part]]}
        if start + self.part < len(pages):
            site = f"http://{self.leads or host}/v1.0/sites/{quote(SITE)}/pages/{CAST}"
            more = {"$filter": condition} if condition else {}
            rest = "".join(f"&{name}={quote(value)}" for name, value in more.items())
            told["@odata.nextLink"] = f"{site}?$skiptoken={start + self.part}{rest}"
        return told

    def _filtered(self, condition: str, pages: list[Page]) -> list[Page]:
        match = re.fullmatch(r"name eq '([^']*)'", condition)
        if self.filters == "refused" or not match:
            raise bad("The provided filter statement is not supported")
        if self.filters == "empty":
            return []
        if self.filters == "ignored":
            return pages
        return [page for page in pages if page.name.casefold() == match[1].casefold()]

    def _change(self, page: Page, given: Json) -> Json:
        check(given, CHANGED, "sitePage")
        check_whole(given, ("@odata.type",))
        page.draft = {**page.draft, **given}
        page.level, page.minor = "checkout", page.minor + 1
        return page.told()

    def _publish(self, page: Page) -> None:
        if not self.approves:
            page.level = "draft"
            return
        page.shown, page.level = page.draft, "published"
        page.major, page.minor = page.major + 1, 0


def _content(page: Json) -> str:
    sections = page.get("canvasLayout", {}).get("horizontalSections", ())
    return "".join(
        part["innerHtml"]
        for section in sections
        for column in section["columns"]
        for part in column["webparts"]
    )


def _json(headers: Mapping[str, str], body: bytes) -> Json:
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        words = "The Content-Type must be application/json."
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType", words)
    try:
        given = json.loads(body)
    except ValueError:
        raise bad("Unable to read JSON request payload.") from None
    if not isinstance(given, dict):
        raise bad("Unable to read JSON request payload.")
    return given


def _objection(tenant: str, given: Mapping[str, str]) -> tuple[int, str, int, str] | None:
    """Return what is first wrong with a request for a token: a status, an error, a number, words."""
    secret = (
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret"
        f" value, not the client secret ID, for a secret added to app '{CLIENT}'."
    )
    shape = f"The form must hold {sorted(FORM)} and nothing else."
    rules = (
        (tenant == TENANT, (400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")),
        (given.keys() == FORM, (400, "invalid_request", 900144, shape)),
        (given.get("grant_type") == GRANT, (400, "unsupported_grant_type", 70003, "Unsupported grant type.")),
        (given.get("client_id") == CLIENT, (400, "unauthorized_client", 700016, "Application not found.")),
        (given.get("client_secret") == SECRET, (401, "invalid_client", 7000215, secret)),
        (given.get("scope") == SCOPE, (400, "invalid_scope", 70011, "The scope is not valid.")),
    )
    return next((told for fine, told in rules if not fine), None)


def _aadsts(status: int, error: str, number: int, words: str) -> tuple[int, Json]:
    trace = f"{uuid4()}"
    told = (
        f"AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {uuid4()} Timestamp: 2026-11-29 12:00:00Z"
    )
    return status, {"error": error, "error_description": told, "error_codes": [number], "trace_id": trace}


def _handler(server: SharePointServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves in one piece: in two, each would wait for the other side

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            more: Mapping[str, str] = {}
            try:
                status, told = server.answer(self.command, self.path, headers, body)
            except Refusal as refusal:
                inner = {"date": "2026-11-29T12:00:00", "request-id": f"{uuid4()}"}
                error = {"code": refusal.code, "message": f"{refusal}", "innerError": inner}
                status, told, more = refusal.status, {"error": error}, refusal.headers
            self._send(status, told, more)

        def _send(self, status: int, told: Json | None, more: Mapping[str, str]) -> None:
            data = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if told is not None:
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", f"{len(data)}")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 -- the library calls them so

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def sharepoint_server() -> Iterator[SharePointServer]:
    """Yield a site without pages."""
    site = SharePointServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    http.daemon_threads = True
    site.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
