"""Announcements in a channel of Mattermost, by an incoming webhook.

https://developers.mattermost.com/integrate/webhooks/incoming: a post has 16,383 characters, and a longer one
would come apart into several. Mattermost calls people wherever a text says ``@all``, ``@channel``, ``@here``
or a name, and reads Slack's ``<!channel>`` too.
"""

from collections.abc import Sequence

from diffuse.adapters.platforms import chat_markdown
from diffuse.adapters.platforms.chat import Chat, Dialect, said_ok
from diffuse.adapters.platforms.chat_text import TITLE, Markup, cut, more, pieces, quiet, shortened
from diffuse.domain.post import Post

LONGEST = 16_383
"""Characters of a post."""

MARKUP = Markup(
    escape=chat_markdown.escaped,
    link=chat_markdown.link,
    strong=("**", "**"),
    emphasis=("_", "_"),
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


class Mattermost(Chat):
    """A channel of Mattermost."""

    dialect = Dialect(name="mattermost", message=_message, read=said_ok)
