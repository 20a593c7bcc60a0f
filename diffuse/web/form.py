"""Tell our own form, sent by an employee's browser, from everything else that may be posted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from diffuse.errors import PermanentFailure
from diffuse.services.page import Page

CONTENT_TYPE = "application/x-www-form-urlencoded"
MOST_BYTES = 4096
MOST_FIELDS = 20

_ANSWER = re.compile(r"[0-9]{1,3}", re.ASCII)


class NotOurForm(PermanentFailure):
    """Raised when what was posted is not our form as its button sends it; nothing is recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What an employee sent by pressing the button; ``answer`` is None when no answer was chosen."""

    answer: int | None


def seal(token: str, page: Page) -> str:
    """Return the value of the form's hidden field: it changes with what is to be confirmed or answered."""
    shown = "\0".join((token, page.language, page.statement, page.question.asks if page.question else ""))
    return blake2b(shown.encode(), digest_size=12).hexdigest()


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


def read(content_type: str, body: bytes, expected_seal: str) -> Submission:
    """Read what our form sends; fields that it does not have are ignored.

    ``confirm`` is the name of the button: a browser sends it only when the button was pressed, and not
    when a script submitted the form.

    Raises:
        NotOurForm: for anything else.
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
    fields = dict(pairs)
    if any(sum(name == known for name, _ in pairs) > 1 for known in ("form", "confirm", "answer")):
        raise NotOurForm("a field that stands twice")
    if fields.get("form") != expected_seal or not fields.get("confirm"):
        raise NotOurForm("a form that this page does not have")
    answer = fields.get("answer", "")
    if answer and not _ANSWER.fullmatch(answer):
        raise NotOurForm("an answer without a number")
    return Submission(answer=int(answer) if answer else None)
