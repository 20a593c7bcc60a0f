"""Posts in WordPress, by its REST interface and an application password.

The slug of a post carries its key. WordPress gives a second post of the same slug another one (``key-2``),
so a post begins as a draft, which nobody reads: whoever finds that its draft was given another slug, or that
there is an older one, deletes it and goes on with that one. Only then is it published.

The account needs the role of an author, and no more. The interface is asked for by ``?rest_route=``, which
works whatever permalinks look like.
"""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ssl import SSLContext
from typing import Any

import httpx

from diffuse.adapters.platforms.calls import (
    TIMEOUT,
    Calls,
    Declined,
    Lost,
    changed,
    found,
    gone,
    once,
    refused,
)
from diffuse.adapters.platforms.cleaning import clean
from diffuse.domain.post import Absent, AlreadyThere, Answer, Dressed, Found, Gone, Post, Posted, Withdrawn

ROUTE = "/wp/v2/posts"
READ = frozenset({"publish", "future"})
"""What people can read, or will; an editor may have set one of ours to anything else."""

STATUSES = "publish,future,draft,pending,private"
AT_LEAST = timedelta(minutes=1)
"""WordPress publishes at once what is due within a minute."""

TAG = re.compile(r'</?[a-z0-9]+(?: [a-z]+="[^"]*")*>')


class WordPress:
    """A WordPress site.

    Args:
        url: the address of the site, such as ``https://intranet.example.ca/nouvelles``.
        username: the account that publishes.
        password: an application password of it, from its profile, with or without its spaces.
        name: the name of the channel.
        timeout: how long the site may be silent.
        verify: the certificates that are trusted.
    """

    def __init__(  # noqa: PLR0913 -- what a site and an account are made of
        self,
        *,
        url: str,
        username: str,
        password: str,
        name: str = "wordpress",
        timeout: timedelta = TIMEOUT,
        verify: bool | SSLContext = True,
    ) -> None:
        """Take the address and the account; nothing is connected yet."""
        self.name = name
        self._calls = Calls(
            url.rstrip("/"),
            auth=(username, password),
            timeout=timeout,
            secrets=(password.replace(" ", ""),),
            verify=verify,
        )

    def dress(self, post: Post) -> Dressed:
        """Return the block that the site is given."""
        return Dressed("text/html", _block(post))

    def post(self, post: Post) -> Answer:
        """Publish a post once; a draft of it, or one that was withdrawn, is published."""
        return once(lambda: self._readable(post.key), lambda: self._publish(post))

    def lookup(self, key: str) -> Found:
        """Return where the post of a key stands."""
        return found(lambda: self._readable(key) or Absent())

    def update(self, post: Post) -> Answer:
        """Change title and text in place, and the day of one that is not published yet."""
        return changed(lambda: self._update(post))

    def withdraw(self, key: str) -> Gone:
        """Make a post a draft again."""
        return gone(lambda: self._withdraw(key))

    def close(self) -> None:
        """Hang up."""
        self._calls.close()

    def _update(self, post: Post) -> Posted:
        there = self._find(post.key)
        if there is None or there["status"] not in READ:
            raise refused(f"WordPress has no post {post.key!r} that could be changed; publish it first")
        days = _when(post) if there["status"] == "future" else {}
        return _posted(self._write(f"/{there['id']}", {**_fields(post), **days}))

    def _withdraw(self, key: str) -> Withdrawn:
        there = self._find(key)
        if there and there["status"] in READ:
            self._write(f"/{there['id']}", {"status": "draft", "date_gmt": None})
        return Withdrawn()

    def _readable(self, key: str) -> Posted | None:
        there = self._find(key)
        return _posted(there) if there and there["status"] in READ else None

    def _publish(self, post: Post) -> Posted | AlreadyThere:
        draft = self._find(post.key) or self._drafted(post)
        told = self._write(f"/{draft['id']}", {**_fields(post), **_when(post)})
        return _posted(told) if told["slug"] == post.key else self._settled(post.key, told)

    def _drafted(self, post: Post) -> Mapping[str, Any]:
        """Return the one draft that has the key: ours, or that of whoever was quicker."""
        told = self._write("", {**_fields(post), "slug": post.key, "status": "draft"})
        if told["slug"] != post.key:
            self._delete(told)
        kept = self._all(post.key)
        if not kept:
            raise _taken(post.key, told)
        # Two that are written at the same moment get the same slug: everybody keeps the same one.
        for twin in kept[1:]:
            self._delete(twin)
        return kept[0]

    def _settled(self, key: str, ours: Mapping[str, Any]) -> Posted | AlreadyThere:
        """Give a post its address back, which a draft had in the moment when it was published."""
        others = self._all(key)
        if others and others[0]["status"] in READ:
            self._delete(ours)
            there = _posted(others[0])
            return AlreadyThere(there.id, there.url)
        for other in others:
            self._delete(other)
        told = self._write(f"/{ours['id']}", {"slug": key})
        if told["slug"] == key:
            return _posted(told)
        self._delete(told)
        raise _taken(key, told)

    def _find(self, key: str) -> Mapping[str, Any] | None:
        return next(iter(self._all(key)), None)

    def _all(self, key: str) -> list[Mapping[str, Any]]:
        """Return the posts of a key, one that people can read before any other, then the oldest first."""
        query = {"slug": key, "status": STATUSES, "context": "edit", "per_page": 100, "orderby": "id"}
        told = self._calls.get("/index.php", params={"rest_route": ROUTE, **query}, known=(400,))
        if told.status_code == HTTPStatus.BAD_REQUEST:
            raise self._declined(told)
        listed = _list(told.json())
        ours = [item for item in map(_one, listed) if item["slug"] == key]
        return sorted(ours, key=lambda item: (item["status"] not in READ, item["id"]))

    def _declined(self, told: httpx.Response) -> Declined:
        """Say why a look-up was declined: whoever is not signed in may not even ask for drafts."""
        said = self._calls.words(told)
        if "rest_forbidden_status" not in told.text:
            return refused(said)
        return refused(f"the platform does not accept our credentials, or not as those of an author: {said}")

    def _write(self, path: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        query = {"rest_route": f"{ROUTE}{path}", "context": "edit"}
        told = self._calls.write("POST", "/index.php", params=query, json=fields, known=(404,))
        if told.status_code == HTTPStatus.NOT_FOUND:
            raise Lost(f"the post is gone meanwhile: {self._calls.words(told)}")
        return _one(told.json())

    def _delete(self, twin: Mapping[str, Any]) -> None:
        """Delete a draft for good; whoever else does so at the same moment may have been quicker."""
        query = {"rest_route": f"{ROUTE}/{twin['id']}", "force": "true"}
        self._calls.write("DELETE", "/index.php", params=query, known=(404, 410, 500))


def _fields(post: Post) -> dict[str, str]:
    return {"title": html.escape(post.title, quote=False), "content": _block(post)}


def _when(post: Post) -> dict[str, str | None]:
    """Say when a post appears; without a day that is now, by the clock of the site."""
    if post.publish_at - datetime.now(UTC) < AT_LEAST:
        return {"status": "publish", "date_gmt": None}
    return {"status": "future", "date_gmt": f"{post.publish_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"}


def _block(post: Post) -> str:
    """Return one block of HTML: so WordPress makes no paragraphs of its own out of line ends."""
    inside = _plain(clean(post.html))
    return f'<!-- wp:html -->\n<div lang="{post.language}">\n{inside}\n</div>\n<!-- /wp:html -->'


def _plain(cleaned: str) -> str:
    """Take its power from text that WordPress would run: ``[gallery]``, and addresses that it would embed."""
    pieces, at = [], 0
    for tag in TAG.finditer(cleaned):
        pieces += [cleaned[at : tag.start()].replace("://", "&#58;//"), tag[0]]
        at = tag.end()
    pieces.append(cleaned[at:].replace("://", "&#58;//"))
    return "".join(pieces).replace("[", "&#91;")


def _taken(key: str, told: Mapping[str, Any]) -> Declined:
    return refused(f"WordPress keeps the address {key!r} for something else; it offers {told['slug']!r}")


def _posted(item: Mapping[str, Any]) -> Posted:
    return Posted(f"{item['id']}", f"{item['link']}")


def _list(answer: object) -> list[object]:
    if isinstance(answer, list):
        return answer
    raise ValueError(f"a list of posts was expected, not {type(answer).__name__}")


def _one(item: object) -> Mapping[str, Any]:
    if isinstance(item, dict) and isinstance(item.get("id"), int) and isinstance(item.get("slug"), str):
        return item
    raise ValueError("a post of WordPress has an id and a slug")
