"""Announcements in a space of Google Chat, by an incoming webhook.

https://developers.google.com/workspace/chat/quickstart/webhooks: a message has 32,000 bytes at most. It is a
card, in which a text is HTML of a few elements, so that nothing in it calls people; ``<users/all>`` would, in
a message of text. A name of our own for a message, by which it could be looked up, is for apps that
authenticate, not for webhooks. The key goes along as the documented ``requestId``: Google returns the message
that was made for it before, and makes no second one.
"""

from collections.abc import Sequence
from html import escape

import httpx

from diffuse.adapters.platforms.chat import Chat, Dialect
from diffuse.adapters.platforms.chat_text import BUTTON, TITLE, Markup, cut, more, pieces, quiet, shortened
from diffuse.adapters.platforms.hook import encoded
from diffuse.domain.post import Post, Posted

LONGEST = 32_000
"""Bytes of a message."""

MARKUP = Markup(
    escape=lambda text: escape(text, quote=False),
    link=lambda url, text: f'<a href="{escape(url)}">{text}</a>',
    strong=("<b>", "</b>"),
    emphasis=("<i>", "</i>"),
    line="<br>",
    row="<br>",
    bullet="• ",
    indent="&nbsp;&nbsp;",
)


def _read(_: Post, response: httpx.Response, __: str) -> Posted:
    told = response.json()
    if not isinstance(told, dict) or not told.get("name"):
        raise ValueError("Google Chat answers with the name of the message")
    return Posted(f"{told['name']}", "")


def _message(post: Post) -> dict[str, object]:
    """Return a message with one card, shortened to what Google takes."""
    rest = more(post.url, post.language, MARKUP)
    parts = pieces(post.html, MARKUP)
    return _card(post, shortened(parts, rest, LONGEST, lambda some: len(encoded(_card(post, some)))))


def _card(post: Post, parts: Sequence[str]) -> dict[str, object]:
    title = quiet(cut(post.title, TITLE))
    texts = [f"<b>{MARKUP.escape(title)}</b>", *parts]
    widgets: list[dict[str, object]] = [{"textParagraph": {"text": text}} for text in texts]
    if post.url:
        button = {"text": BUTTON[post.language], "onClick": {"openLink": {"url": post.url}}}
        widgets.append({"buttonList": {"buttons": [button]}})
    card = {"cardId": post.key, "card": {"sections": [{"widgets": widgets}]}}
    return {"fallbackText": title, "cardsV2": [card]}


class GoogleChat(Chat):
    """A space of Google Chat."""

    dialect = Dialect(
        name="google-chat", message=_message, read=_read, query=lambda post: f"requestId={post.key}"
    )
