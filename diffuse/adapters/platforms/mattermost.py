"""Announcements in a channel of Mattermost, by an incoming webhook.

https://developers.mattermost.com/integrate/webhooks/incoming: a post has 16,383 characters, and a longer one
would come apart into several. Mattermost calls people wherever a text says ``@all``, ``@channel``, ``@here``
or a name, and reads Slack's ``<!channel>`` too.
"""

from collections.abc import Sequence
from http import HTTPStatus

import httpx

from diffuse.adapters.platforms import chat_markdown
from diffuse.adapters.platforms.calls import refused
from diffuse.adapters.platforms.chat import Chat, Dialect, said_ok
from diffuse.adapters.platforms.chat_text import TITLE, Markup, cut, more, pieces, quiet, shortened
from diffuse.domain.post import Post, Posted

LONGEST = 16_383
"""Characters of a post."""

INVALID = "web.incoming_webhook.invalid"
"""What Mattermost calls an address that leads nowhere."""

KNOWN = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
"""What Mattermost answers to a wrong address, and where webhooks are switched off: nothing was published."""

MARKUP = Markup(
    escape=chat_markdown.escaped,
    link=chat_markdown.link,
    strong=("**", "**"),
    emphasis=("*", "*"),
    quote="> ",
)


def _message(post: Post) -> dict[str, str]:
    """Return a message, shortened to what one post holds."""
    rest = more(post.url, post.language, MARKUP)
    parts = pieces(post.html, MARKUP)
    return {"text": _text(post, shortened(parts, rest, LONGEST, lambda some: len(_text(post, some))))}


def _text(post: Post, parts: Sequence[str]) -> str:
    title = f"#### {MARKUP.escape(quiet(cut(post.title, TITLE)))}"
    return "\n\n".join([title, *parts])


def _read(post: Post, response: httpx.Response, said: str) -> Posted:
    """Read an answer; Mattermost knows us by nothing but the address, and says 400 to a wrong one."""
    if response.is_success:
        return said_ok(post, response, said)
    if INVALID in response.text:
        raise refused(
            f"the platform does not accept our credentials: {said}; make a new webhook in Mattermost"
        )
    raise refused(said)


class Mattermost(Chat):
    """A channel of Mattermost."""

    dialect = Dialect(name="mattermost", message=_message, read=_read, known=KNOWN)
