"""Announcements in a channel of Slack, by an incoming webhook.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: a webhook takes one message a
second, answers ``ok``, and says what is wrong in one word. Slack reads its own markup, mrkdwn, in which three
characters are escaped: nothing else can call people.
"""

import re
from collections.abc import Sequence

import httpx

from diffuse.adapters.platforms.calls import refused
from diffuse.adapters.platforms.chat import Chat, Dialect, said_ok
from diffuse.adapters.platforms.chat_text import (
    BUTTON,
    TITLE,
    Block,
    Markup,
    cut,
    joined,
    more,
    pieces,
    quiet,
    shortened,
)
from diffuse.adapters.platforms.hook import encoded
from diffuse.domain.post import Post, Posted

HEADER = 150
"""Characters of a header, at most; of a section, it is a little more than ``PIECE``."""

MOST = 50
"""Blocks of a message, at most."""

LONGEST = 32_000
"""Bytes of a message: Slack takes more, but nobody reads that in a chat; they never fill too many blocks."""

URL = 3000
"""Characters of a button's address."""

WORDS = {
    "invalid_token": "the address is no longer valid; make a new webhook in Slack",
    "no_service": "the webhook was switched off or removed; make a new one in Slack",
    "no_service_id": "the address is not whole; copy it from Slack again",
    "no_team": "the address is not whole, or the workspace is gone; copy it from Slack again",
    "team_disabled": "the workspace is switched off; ask who administers it",
    "channel_not_found": "the channel is gone; make a webhook for another one",
    "channel_is_archived": "the channel is archived; bring it back, or make a webhook for another one",
    "action_prohibited": "an administrator does not allow the webhook to publish there; ask one",
    "posting_to_general_channel_denied": "few may publish in that channel; ask an administrator",
}
"""What to do about Slack's own words."""

ADDRESSES = frozenset({"invalid_token", "no_service", "no_service_id", "no_team"})
"""Words about the address itself, which is all that Slack knows us by."""

KNOWN = (400, 403, 404, 410)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _link(url: str, text: str) -> str:
    return f"<{_escaped(url).replace('|', '%7C')}|{text}>"


MARKUP = Markup(
    escape=_escaped, link=_link, strong=("*", "*"), emphasis=("_", "_"), bullet="• ", quote="&gt; "
)


def _read(post: Post, response: httpx.Response, said: str) -> Posted:
    """Read an answer; a refusal is one word, whatever Slack says of its type."""
    if response.is_success:
        return said_ok(post, response, said)
    word = response.text.strip()
    if not re.fullmatch(r"[a-z_]{1,60}", word):
        raise refused(said)
    remedy = f"; {WORDS[word]}" if word in WORDS else ""
    why = "the platform does not accept our credentials" if word in ADDRESSES else "Slack refuses it"
    raise refused(f"{why}: {response.status_code} {word}{remedy}")


def _message(post: Post) -> dict[str, object]:
    """Return a message of blocks, as many as Slack takes."""
    title = quiet(post.title)
    header = {"type": "plain_text", "text": cut(title, HEADER), "emoji": False}
    opening: list[dict[str, object]] = [{"type": "header", "text": header}]
    if len(title) > HEADER:  # what is cut is said again as a whole
        whole = _escaped(cut(title, TITLE))
        opening += [_section(piece) for piece in Block(f"*{whole}*", whole).pieces()]
    closing = [_button(post)] if 0 < len(post.url) <= URL else []
    text = _escaped(cut(title, HEADER))  # what a notification says

    def message(some: Sequence[str]) -> dict[str, object]:
        return {"text": text, "blocks": [*opening, *(_section(part) for part in some), *closing]}

    parts = pieces(post.html, MARKUP)
    parts = parts if len(parts) <= MOST - len(opening) - len(closing) else joined(parts)
    rest = more(post.url, post.language, MARKUP)
    return message(shortened(parts, rest, LONGEST, lambda some: len(encoded(message(some)))))


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _button(post: Post) -> dict[str, object]:
    label = {"type": "plain_text", "text": BUTTON[post.language], "emoji": False}
    button = {"type": "button", "text": label, "url": post.url, "style": "primary", "action_id": "read"}
    return {"type": "actions", "elements": [button]}


class Slack(Chat):
    """A channel of Slack."""

    dialect = Dialect(name="slack", message=_message, read=_read, known=KNOWN)
