"""Plone, through ``plone.restapi``: a news item in a folder of the site (tried on Plone 6.2).

What it is told with: basic authentication, which Plone's own list of accounts takes on every site. A token of
``@login`` would need an add-on, and renewing. Over basic authentication Plone takes a wrong password for no
password at all: it answers as it answers anybody. So before it is believed that a post is not there,
``@types`` is asked, which answers nobody who is not signed in.

The account needs to add, to edit and to publish in the folder, and no more: the local roles Contributor,
Editor and Reviewer there.

Plone cannot keep a post for later: a news item that is published with a date of effect ahead stays out of
listings, but whoever has its address reads it. So a post for later is published when its time has come.

Which transitions publish and hide depends on the workflow; they are asked for (``@workflow``), and those of
the workflows that Plone ships are known.

https://6.docs.plone.org/plone.restapi/docs/source/endpoints/workflow.html
https://6.docs.plone.org/plone.restapi/docs/source/usage/authentication.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from diffuse.adapters.platforms.calls import (
    LATER,
    TIMEOUT,
    Calls,
    Declined,
    changed,
    found,
    gone,
    once,
    refused,
)
from diffuse.adapters.platforms.cleaning import clean
from diffuse.domain.post import Absent, Answer, Dressed, Found, Gone, Post, Posted, Retry, Withdrawn

PUBLISHING = ("publish", "publish_internally", "publish_externally")
SHOWING = (*PUBLISHING, "show_internally", "show")
"""Transitions towards readers, the best first; some states lead there in two steps."""

HIDING = ("hide", "reject", "retract")
"""Transitions away from readers, the best first."""

PUBLISHED = frozenset({"published", "internally_published", "external"})
DRAFTS = frozenset({"internal", "visible"})
"""States that many can read, and that are still no publication."""

MOST_STEPS = 4
"""Transitions at most, from any state of a known workflow to the one that is wanted."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A news item as the account sees it; ``offered`` are the transitions that it may take."""

    id: str
    url: str
    state: str
    offered: frozenset[str]
    locked: bool

    @property
    def is_published(self) -> bool:
        """Whether it is out: by the name of its state, or as a workflow of the site's own offers no more."""
        unknown = self.state not in {"private", "pending", *DRAFTS}
        return self.state in PUBLISHED or (unknown and self.offered.isdisjoint(PUBLISHING))

    @property
    def is_hidden(self) -> bool:
        """Whether only editors read it."""
        retracted = not self.offered.isdisjoint(PUBLISHING) and self.offered.isdisjoint(HIDING)
        return self.state == "private" or (retracted and self.state not in DRAFTS)


class Plone:
    """Publishes news items.

    Args:
        url: the address of the site, or of its interface where Volto stands before it (``…/++api++``).
        folder: the path of the folder below it, such as ``fr/nouvelles``; empty for the site itself.
        username: an account of the site.
        password: its password.
        name: of the channel.
        timeout: how long the site may be silent.
        verify: whether its certificate is checked.
    """

    def __init__(  # noqa: PLR0913 -- what an officer writes into the settings
        self,
        *,
        url: str,
        username: str,
        password: str,
        folder: str = "",
        name: str = "plone",
        timeout: timedelta = TIMEOUT,
        verify: bool = True,
    ) -> None:
        """Take the address; nothing is connected before the first call."""
        self.name = name
        self._folder = "".join(f"/{quote(part)}" for part in folder.split("/") if part)
        self._calls = Calls(
            url.rstrip("/"),
            headers={"Accept": "application/json"},
            auth=(username, password),
            timeout=timeout,
            secrets=[password],
            verify=verify,
        )

    def dress(self, post: Post) -> Dressed:
        """Return the text of the news item."""
        return Dressed("text/html", clean(post.html))

    def post(self, post: Post) -> Answer:
        """Publish a news item once; one that was created or withdrawn gets the present text first."""
        return once(lambda: self._published(post.key), lambda: self._publish(post))

    def lookup(self, key: str) -> Found:
        """Return where the news item of a key stands, if it is published."""
        return found(lambda: self._published(key) or self._absent())

    def update(self, post: Post) -> Answer:
        """Change the text of a published news item."""
        return changed(lambda: self._update(post))

    def withdraw(self, key: str) -> Gone:
        """Take a news item back to where only editors read it."""
        return gone(lambda: self._withdraw(key))

    def close(self) -> None:
        """Hang up."""
        self._calls.close()

    def _publish(self, post: Post) -> Posted:
        if (ahead := post.publish_at - datetime.now(UTC)) > timedelta(0):
            raise Declined(Retry(ahead, "Plone cannot keep a post for later; it is published in its time"))
        if item := self._item(post.key):
            self._fill(post, item)
        else:
            self._create(post)
        return self._out(post.key)

    def _create(self, post: Post) -> None:
        """Add it; whoever came first is the one whose item stays."""
        body = {"@type": "News Item", "id": post.key, **_fields(post)}
        known = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
        response = self._calls.write("POST", self._folder or "/", known=known, json=body)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise refused(f"there is no folder {self._folder!r} on the site: {self._calls.words(response)}")
        if response.status_code == HTTPStatus.BAD_REQUEST and self._item(post.key) is None:
            raise refused(self._calls.words(response))

    def _fill(self, post: Post, item: _Item) -> None:
        if item.locked:
            raise Declined(Retry(LATER, f"somebody is editing it on the platform: {item.url}"))
        self._calls.write("PATCH", self._path(post.key), json=_fields(post))

    def _out(self, key: str) -> Posted:
        """Take it through the workflow until it is published."""
        said = ""
        for _ in range(MOST_STEPS):
            item = self._item(key)
            if item is None:
                break
            if item.is_published:
                return Posted(item.id, item.url)
            said = self._step(key, item, SHOWING) or said
        raise refused(f"the news item is there, and is not published after {MOST_STEPS} steps: {said}")

    def _update(self, post: Post) -> Answer:
        item = self._item(post.key)
        if item is None or not item.is_published:
            raise refused(f"there is no published news item {post.key!r} that could be changed")
        self._fill(post, item)
        return Posted(item.id, item.url)

    def _withdraw(self, key: str) -> Gone:
        said = ""
        for _ in range(MOST_STEPS):
            item = self._item(key)
            if item is None:
                self._absent()
                return Withdrawn()
            if item.is_hidden:
                return Withdrawn()
            said = self._step(key, item, HIDING) or said
        raise refused(f"the news item can still be read after {MOST_STEPS} steps: {said}")

    def _step(self, key: str, item: _Item, wanted: tuple[str, ...]) -> str:
        """Take the best transition that is offered; return what the platform objects, if it does."""
        transition = next((one for one in wanted if one in item.offered), None)
        if transition is None:
            offered = ", ".join(sorted(item.offered)) or "none"
            raise refused(
                f"the account may take {item.url} from the state {item.state!r} through none of"
                f" {', '.join(wanted)}; it is offered: {offered}."
                " Give it the role Reviewer in the folder, or the folder a workflow that has them"
            )
        path = f"{self._path(key)}/@workflow/{transition}"
        response = self._calls.write("POST", path, known={HTTPStatus.BAD_REQUEST}, json={})
        return "" if response.is_success else self._calls.words(response)

    def _published(self, key: str) -> Posted | None:
        item = self._item(key)
        return Posted(item.id, item.url) if item and item.is_published else None

    def _item(self, key: str) -> _Item | None:
        """Return what stands under a key in the folder itself; None when nothing does."""
        known = {HTTPStatus.NOT_FOUND, HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND}
        response = self._calls.get(self._path(key), known=known, params={"expand": "workflow"})
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if response.is_redirect:
            where = self._calls.plain(response.headers.get("location", ""))
            raise refused(f"the site, or the news item, is now at {where}; mend the address, or move it back")
        body = response.json()
        # Zope finds things of the same name further up as well: those are not ours.
        return _read(body) if _address(body).endswith(self._path(key)) else None

    def _absent(self) -> Absent:
        """Say that it is not there, which only those may believe who are signed in."""
        self._calls.get(f"{self._folder}/@types")
        return Absent()

    def _path(self, key: str) -> str:
        return f"{self._folder}/{key}"


def _fields(post: Post) -> Mapping[str, Any]:
    text = {"data": clean(post.html), "content-type": "text/html", "encoding": "utf-8"}
    return {"title": post.title, "language": post.language, "text": text}


def _address(body: object) -> str:
    address = body.get("@id") if isinstance(body, dict) else None
    if not isinstance(address, str):
        raise ValueError("no content of Plone came back, which has an @id")  # noqa: TRY004 -- misread
    return address.partition("?")[0].rstrip("/")


def _read(body: Mapping[str, Any]) -> _Item:
    workflow = body.get("@components", {}).get("workflow", {})
    offered = (one.get("@id", "").rpartition("/")[2] for one in workflow.get("transitions", ()))
    return _Item(
        id=body.get("UID", ""),
        url=_address(body),
        state=body.get("review_state") or "",
        offered=frozenset(offered),
        locked=bool((body.get("lock") or {}).get("locked")),
    )
