"""Announcements in a channel of Microsoft Teams, by the webhook of a workflow.

The workflow is made from the template that begins with "When a Teams webhook request is received", see
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: it takes
an Adaptive Card in a message of 28 KB at most. It belongs to a person and stops when nobody owns it. Its
answer, 202, says that the workflow began; whether the card stands in the channel, Teams tells nobody.
"""

from collections.abc import Sequence

import httpx

from diffuse.adapters.platforms import chat_markdown
from diffuse.adapters.platforms.chat import Chat, Dialect
from diffuse.adapters.platforms.chat_text import BUTTON, TITLE, Markup, cut, more, pieces, quiet, shortened
from diffuse.adapters.platforms.hook import encoded, no_page
from diffuse.domain.post import Post, Posted

LONGEST = 27 * 1024
"""Bytes of a message: a little less than Teams allows, as the workflow adds some of its own."""

MARKUP = Markup(
    escape=lambda text: chat_markdown.escaped(text).replace("{{", "{\u2060{"),
    link=chat_markdown.link,
    strong=("**", "**"),
    emphasis=("*", "*"),
    line="\n\n",
)
"""Adaptive Cards know bold, italics, lists and links of Markdown, and fill in dates between double braces."""


def _message(post: Post) -> dict[str, object]:
    """Return a message with one card, shortened to what Teams takes."""
    rest = more(post.url, post.language, MARKUP)
    parts = pieces(post.html, MARKUP)
    return _card(post, shortened(parts, rest, LONGEST, lambda some: len(encoded(_card(post, some)))))


def _card(post: Post, parts: Sequence[str]) -> dict[str, object]:
    title = MARKUP.escape(quiet(cut(post.title, TITLE)))
    heading = {"type": "TextBlock", "text": title, "style": "heading", "size": "Large", "weight": "Bolder"}
    card: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": post.language,
        "body": [
            {**heading, "wrap": True},
            *({"type": "TextBlock", "text": one, "wrap": True} for one in parts),
        ],
    }
    if post.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": BUTTON[post.language], "url": post.url}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _read(post: Post, response: httpx.Response, _: str) -> Posted:
    """Read an answer: nothing, or what the workflow's owner makes it answer, but no page to sign in."""
    no_page(response)
    return Posted(post.key, "")


class Teams(Chat):
    """A channel of Teams; ``Posted`` says that the workflow took the card, which is all that can be known."""

    dialect = Dialect(name="teams", message=_message, read=_read)
