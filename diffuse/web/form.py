"""Tell our own form, sent by an employee's browser, from everything else that may be posted."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

from diffuse.domain.evidence import Response
from diffuse.services.record import Given, NotOurForm

CONTENT_TYPE = "application/x-www-form-urlencoded"
MOST_BYTES = 32_768
"""A remark of accented letters, nine bytes each as a form sends them, and everything else."""

MOST_FIELDS = 20
TRAP = "website"
"""A field that is not shown: programs that fill in whatever they find fill it in too."""

KNOWN = ("form", "confirm", "answer", "response", "text", "tracking", "address", TRAP)
RESPONSES = {one.value: one for one in (Response.ACKNOWLEDGE, Response.QUESTION, Response.DISAGREE)}

_ANSWER = re.compile(r"[0-9]{1,3}", re.ASCII)


async def body_of(request: Request) -> bytes:
    """Read at most a little more than our form can hold; what is longer is cut and is not our form then."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                break
    except ClientDisconnect:
        return b""
    return body


def check_origin(headers: Mapping[str, str], base_url: str = "") -> None:
    """Refuse a form that another site made the browser send.

    Browsers say where a form stood in Sec-Fetch-Site, over plain HTTP only in Origin; as our pages
    send no referrer, their own Origin reads ``null`` and proves nothing either way.

    Raises:
        NotOurForm: when the browser names another site.
    """
    site = headers.get("sec-fetch-site", "")
    origin = headers.get("origin", "null")
    ours = {headers.get("host", ""), urlsplit(base_url).netloc}
    if site not in {"", "same-origin", "none"}:
        raise NotOurForm(f"a form that stood on another site (Sec-Fetch-Site: {site})")
    if not site and origin != "null" and (urlsplit(origin).netloc or "?") not in ours:
        raise NotOurForm(f"a form that stood on another site (Origin: {origin})")


def read(content_type: str, body: bytes) -> Given:
    """Read what our form sends; fields that it does not have are ignored.

    ``confirm`` is the name of the button: a browser sends it only when the button was pressed, and not
    when a script submitted the form.

    Raises:
        NotOurForm: for anything else.
    """
    given = fields(content_type, body)
    if not given.get("form") or not given.get("confirm"):
        raise NotOurForm("a form without its stamp or its button")
    if given.get(TRAP):
        raise NotOurForm("a form that a program filled in")
    answer, response = given.get("answer", ""), given.get("response", "")
    if answer and not _ANSWER.fullmatch(answer):
        raise NotOurForm("an answer without a number")
    if response and response not in RESPONSES:
        raise NotOurForm(f"an unknown choice {response!r}")
    return Given(
        form=given["form"],
        response=RESPONSES.get(response),
        answer=int(answer) if answer else None,
        text=given.get("text", "").replace("\r\n", "\n").strip(),
    )


def fields(content_type: str, body: bytes) -> dict[str, str]:
    """Read the fields of a form, each of ours once.

    Raises:
        NotOurForm: for a body that is no form, or too long.
    """
    if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise NotOurForm(f"the content type {content_type!r}")
    if len(body) > MOST_BYTES:
        raise NotOurForm(f"more than {MOST_BYTES} bytes")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise NotOurForm("a body that is not a form") from error
    if any(sum(name == known for name, _ in pairs) > 1 for known in KNOWN):
        raise NotOurForm("a field that stands twice")
    return dict(pairs)
