"""Compose: write a post out of the text that was launched, with its own link in it."""

from datetime import datetime
from html import escape

from diffuse.domain.message import ACKNOWLEDGE_URL, Announcement, Wording, fill
from diffuse.domain.post import Post
from diffuse.domain.posting import Posting
from diffuse.ports import Publications, Signer


def compose(row: Posting, publications: Publications, signer: Signer) -> Post | None:
    """Return what a platform is given of a post; None when its text was not laid out as one."""
    try:
        baked = publications.wording(row.publication, Wording(row.key_point, row.variant, row.language))
    except KeyError:
        return None
    if baked.announcement is None:
        return None
    return filled(baked.announcement, row.key, row.language, row.due_at, signer.address("post", row.id))


def filled(announcement: Announcement, key: str, language: str, publish_at: datetime, address: str) -> Post:
    """Return a post with the address of its page in it, where it asks for anything."""
    values = {ACKNOWLEDGE_URL: address}
    asks = any(not isinstance(piece, str) for piece in announcement.html)
    return Post(
        key=key,
        title=announcement.title,
        html=fill(announcement.html, values, escape),
        text=fill(announcement.text, values),
        language=language,
        publish_at=publish_at,
        url=address if asks else "",
    )
