"""What the tracking service answers, as OpenAPI 3.1: for proxies, monitors and tests that break it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from diffuse.domain.campaign import LANGUAGES
from diffuse.services.record import REMARKS
from diffuse.web.form import CONTENT_TYPE, RESPONSES

TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "32 characters, signed for one message and one purpose",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{32}$"},
}
PAGE = {"text/html": {"schema": {"type": "string"}}}
NOWHERE = {"description": "the same page for every link that leads nowhere", "content": PAGE}
TO_SIGN_IN = {"description": "leads to the page on which one says who one is"}
AWAY = {"description": "the database is away; nothing was recorded", "content": PAGE}
OFTEN = {"description": "this link was used very often just now; nothing was recorded", "content": PAGE}
TEXT = {"text/plain": {"schema": {"type": "string"}}}
ATOM = {"application/atom+xml": {"schema": {"type": "string"}}}
MESSAGE = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("title", "policy", "campaign")},
        "language": {"type": "string", "enum": [*LANGUAGES]},
        "url": {"type": "string", "format": "uri", "description": "for the employee alone"},
        "since": {"type": "string", "format": "date-time"},
    },
}
PENDING = {
    "type": "object",
    "properties": {
        "pending": {"type": "integer", "minimum": 0},
        "says": {"type": "string"},
        "messages": {"type": "array", "items": MESSAGE},
    },
}
JSON = {"application/json": {"schema": PENDING}}
LANGUAGE = {
    "name": "language",
    "in": "query",
    "description": "what it is said in; the employee's own when left out",
    "schema": {"type": "string", "enum": [*LANGUAGES]},
}


def description(version: str) -> dict[str, Any]:
    """Return the description of what is open to everybody."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "diffuse: tracking service", "version": version},
        "paths": {
            "/o/{token}.gif": {"get": _get("the image of a message", {"200": _said("image/gif")})},
            "/c/{token}": {"get": _get("a link of a message", {"302": {"description": "leads on"}})},
            "/a/{token}": {
                "get": _get("the page of a message; it records no answer", {"200": _said("text/html")}),
                "post": _post("recorded; leads to the page"),
            },
            "/p/{token}": {
                "get": _get(
                    "a post, for whoever is identified", {"200": _said("text/html"), "303": TO_SIGN_IN}
                ),
                "post": _post("recorded; leads to the page, or from whoever is not known to the sign-in"),
            },
            "/p/{token}/sign-in": {
                "get": _get("how one can say who one is", {"200": _said("text/html")}),
            },
            "/pending": {"get": _pending("what waits for whoever is signed in", JSON, "401", "403")},
            "/pending/widget": {"get": _pending("the same, to be shown in a frame", PAGE, "403")},
            "/feeds/{token}.atom": {"get": _feed()},
            "/health/live": {"get": _probe("whether the process answers", "200")},
            "/health/ready": {"get": _probe("whether the database can be worked with", "200", "503")},
        },
    }


def routes(version: str) -> list[Route]:
    """Serve it at ``/openapi.json``."""
    answer = description(version)

    async def openapi(_request: Request) -> Response:
        return JSONResponse(answer, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})

    return [Route("/openapi.json", openapi, methods=["GET"])]


def _said(kind: str) -> dict[str, Any]:
    return {"description": "as it was sent", "content": {kind: {"schema": {"type": "string"}}}}


def _get(summary: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": [TOKEN],
        "responses": {**answers, "404": NOWHERE, "429": OFTEN, "503": AWAY},
    }


def _post(leads: str) -> dict[str, Any]:
    fields = {
        "form": {"type": "string", "pattern": "^[0-9a-f]{48}$"},
        "confirm": {"type": "string", "minLength": 1},
        "response": {"type": "string", "enum": [*RESPONSES]},
        "answer": {"type": "string", "pattern": "^[0-9]{1,3}$"},
        "text": {"type": "string", "description": f"with {' or '.join(sorted(REMARKS))}"},
    }
    form = {"type": "object", "properties": fields, "required": ["form", "confirm"]}
    return {
        "summary": "the form of the page, sent by its button",
        "parameters": [TOKEN],
        "requestBody": {"required": True, "content": {CONTENT_TYPE: {"schema": form}}},
        "responses": {
            "303": {"description": leads},
            "400": {"description": "not recorded; the page says why", "content": PAGE},
            "404": NOWHERE,
            "429": OFTEN,
            "503": AWAY,
        },
    }


def _pending(summary: str, content: dict[str, Any], *refusals: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": [LANGUAGE],
        "responses": {
            "200": {"description": "in the employee's language, or the one asked for", "content": content},
            **{code: {"description": "the answer says why nobody is known"} for code in refusals},
            "503": {"description": "the database is away"},
        },
    }


def _feed() -> dict[str, Any]:
    answers = {
        "200": {"description": "Atom (RFC 4287)", "content": ATOM},
        "304": {"description": "as it was, by its ETag or its Last-Modified"},
    }
    return _get("the posts of a channel, an audience and a language", answers)


def _probe(summary: str, *answers: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {code: {"description": "in one sentence", "content": TEXT} for code in answers},
    }
