"""Compose: write a post out of the text that was launched, with its own link in it."""

from html import escape

from diffuse.domain.message import ACKNOWLEDGE_URL, Wording, fill
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
    address = signer.address("post", row.id)
    values = {ACKNOWLEDGE_URL: address}
    html, text = baked.announcement.html, baked.announcement.text
    asks = any(not isinstance(piece, str) for piece in html)
    return Post(
        key=row.key,
        title=baked.announcement.title,
        html=fill(html, values, escape),
        text=fill(text, values),
        language=row.language,
        publish_at=row.due_at,
        url=address if asks else "",
    )
