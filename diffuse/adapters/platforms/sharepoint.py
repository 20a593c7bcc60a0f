"""News pages of SharePoint, through Microsoft Graph (v1.0).

A page is created, then published; what was created and never published is found by its name and finished. A
page is out once it has a version for readers, ``1.0``: a later draft does not take that one away.

Graph can neither keep a page for later nor take its publication back: a post for later is published when
its time has come, and a withdrawn one is deleted (it stays in the site's recycle bin). Where pages of the
site need an approval, a post waits for it.

The application needs the permission ``Sites.ReadWrite.All``, or ``Sites.Selected`` with the role ``write`` on
the one site, and the consent of an administrator.

https://learn.microsoft.com/en-us/graph/api/sitepage-create?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/sitepage-publish?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/sitepage-update?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/sitepage-list?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/basesitepage-delete?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/site-getbypath?view=graph-rest-1.0
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from diffuse.adapters.platforms.calls import LATER, TIMEOUT, Declined, changed, found, gone, once, refused
from diffuse.adapters.platforms.cleaning import clean
from diffuse.adapters.platforms.graph import Graph, mapping
from diffuse.domain.post import Absent, Answer, Dressed, Found, Gone, Post, Posted, Retry, Withdrawn

PAGE = "#microsoft.graph.sitePage"
MOST_LISTS = 200
"""Parts of a list of pages at most, before it is taken for one without an end."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as Graph tells it; ``level`` and ``version`` are of the last version.

    ``level`` is ``published``, ``draft`` or ``checkout``.
    """

    id: str
    name: str
    url: str
    level: str
    version: str

    @property
    def is_published(self) -> bool:
        """Whether people see some version of it: numbers before the dot count publications."""
        return self.level == "published" or self.version.partition(".")[0] not in {"", "0"}

    @property
    def posted(self) -> Posted:
        """Say where it stands."""
        return Posted(self.id, self.url)


class SharePoint:
    """Publishes news pages on one site.

    Args:
        tenant: its id or its domain, such as ``contoso.onmicrosoft.com``.
        client_id: of the application that was registered for this.
        client_secret: its secret.
        site: its id (``contoso.sharepoint.com,<guid>,<guid>``) or where it is:
            ``contoso.sharepoint.com:/sites/rh``.
        name: of the channel.
        graph: the address of Microsoft Graph; other clouds than the worldwide one have another.
        login: the address of the identity platform, likewise.
        timeout: how long they may be silent.
        verify: whether their certificates are checked.
    """

    def __init__(  # noqa: PLR0913 -- what an officer writes into the settings
        self,
        *,
        tenant: str,
        client_id: str,
        client_secret: str,
        site: str,
        name: str = "sharepoint",
        graph: str = "https://graph.microsoft.com/v1.0",
        login: str = "https://login.microsoftonline.com",
        timeout: timedelta = TIMEOUT,
        verify: bool = True,
    ) -> None:
        """Take the addresses; nothing is connected before the first call."""
        self.name = name
        self._asked_site = site
        self._site = ""
        self._graph = Graph(
            tenant=tenant,
            client_id=client_id,
            client_secret=client_secret,
            graph=graph,
            login=login,
            timeout=timeout,
            verify=verify,
        )

    def dress(self, post: Post) -> Dressed:
        """Return the text of the page's only web part."""
        return Dressed("text/html", clean(post.html))

    def post(self, post: Post) -> Answer:
        """Publish a page once; one that was created and not published gets the present text first."""
        return once(lambda: self._published(post.key), lambda: self._publish(post))

    def lookup(self, key: str) -> Found:
        """Return where the page of a key stands, if people can read it."""
        return found(lambda: self._published(key) or Absent())

    def update(self, post: Post) -> Answer:
        """Change a page that people can read, and publish what it says now."""
        return changed(lambda: self._update(post))

    def withdraw(self, key: str) -> Gone:
        """Delete the page."""
        return gone(lambda: self._withdraw(key))

    def close(self) -> None:
        """Hang up."""
        self._graph.close()

    def _publish(self, post: Post) -> Posted:
        if (ahead := post.publish_at - datetime.now(UTC)) > timedelta(0):
            raise Declined(Retry(ahead, "Graph cannot keep a page for later; it is published in its time"))
        if page := self._page(post.key):
            self._fill(page.id, post)
            return self._out(page.id)
        return self._out(self._create(post))

    def _create(self, post: Post) -> str:
        """Create the page, for editors only; return its id."""
        body = {
            "@odata.type": PAGE,
            "name": _name(post.key),
            "pageLayout": "article",
            "promotionKind": "newsPost",
            **_content(post),
        }
        response = self._graph.write("POST", self._pages(), known={HTTPStatus.CONFLICT}, json=body)
        if response.status_code == HTTPStatus.CONFLICT:
            return self._overtaken(post, self._graph.words(response))
        page = _read(mapping(response))
        if page.name.casefold() != _name(post.key):
            # Another name is another post: whoever comes next would not find it.
            self._delete(page.id)
            raise Declined(Retry(LATER, f"the platform called the page {page.name!r}; it was deleted again"))
        return page.id

    def _overtaken(self, post: Post, said: str) -> str:
        """Go on with a page that has come to be, or that a filtered list does not show."""
        page = self._page(post.key) or self._page(post.key, filtered=False)
        if page is None:
            raise refused(f"{_name(post.key)} is taken by something that is no page: {said}")
        if page.level != "published":
            self._fill(page.id, post)
        return page.id

    def _fill(self, page: str, post: Post) -> None:
        body = {"@odata.type": PAGE, **_content(post)}
        response = self._graph.write("PATCH", self._pages(page, PAGE), known={HTTPStatus.CONFLICT}, json=body)
        if response.status_code == HTTPStatus.CONFLICT:
            raise Declined(Retry(LATER, self._graph.words(response)))

    def _out(self, page: str) -> Posted:
        """Publish the last version of a page, and see whether people read it."""
        self._graph.write("POST", f"{self._pages(page, PAGE)}/publish")
        seen = _read(mapping(self._graph.get(self._pages(page, PAGE))))
        if seen.level != "published":
            why = "the page was submitted and is not out yet; if the site wants an approval, give it there"
            raise Declined(Retry(LATER, f"{why}: {seen.url}"))
        return seen.posted

    def _update(self, post: Post) -> Answer:
        page = self._page(post.key)
        if page is None or not page.is_published:
            raise refused(f"there is no published page {_name(post.key)!r} that could be changed")
        self._fill(page.id, post)
        return self._out(page.id)

    def _withdraw(self, key: str) -> Gone:
        if page := self._page(key):
            self._delete(page.id)
        return Withdrawn()

    def _delete(self, page: str) -> None:
        self._graph.write("DELETE", self._pages(page), known={HTTPStatus.NOT_FOUND})

    def _published(self, key: str) -> Posted | None:
        page = self._page(key)
        return page.posted if page and page.is_published else None

    def _page(self, key: str, *, filtered: bool = True) -> _Page | None:
        """Return the page of a key; a filter is a favour, so names are compared all the same."""
        listed = self._listed(f"name eq '{_name(key)}'" if filtered else "")
        return next((page for page in listed if page.name.casefold() == _name(key)), None)

    def _listed(self, condition: str) -> Iterator[_Page]:
        """Yield pages, over as many parts as the list has; all of them where filters are not taken."""
        first = self._pages(PAGE)
        known = {HTTPStatus.BAD_REQUEST} if condition else set()
        response = self._graph.get(first, known=known, params={"$filter": condition} if condition else {})
        if response.status_code == HTTPStatus.BAD_REQUEST:
            response = self._graph.get(first)
        for _ in range(MOST_LISTS):
            part = mapping(response)
            yield from (_read(one) for one in part.get("value", ()))
            if not (further := part.get("@odata.nextLink")):
                return
            if not f"{further}".startswith(f"{self._graph.address}/"):
                raise ValueError(f"the list goes on at {further}")
            response = self._graph.get(further)
        raise ValueError(f"the list of pages does not end after {MOST_LISTS} parts")

    def _pages(self, *parts: str) -> str:
        """Return the path of the site's pages, or of something below them."""
        return "/".join([f"/sites/{self._site_id()}/pages", *(quote(part.lstrip("#")) for part in parts)])

    def _site_id(self) -> str:
        """Return the id of the site, asked for once where only its address is known."""
        if not self._site:
            site = self._asked_site
            if ":" in site:
                answer = self._graph.get("/sites/" + quote(site, safe=":/,"))
                site = f"{mapping(answer).get('id', '')}"
            self._site = quote(site, safe=",")
        return self._site


def _name(key: str) -> str:
    return f"{key}.aspx"


def _content(post: Post) -> Mapping[str, Any]:
    """Return what a page says: one section of one column with one text."""
    text = {
        "@odata.type": "#microsoft.graph.textWebPart",
        "id": f"{uuid5(NAMESPACE_URL, post.key)}",
        "innerHtml": clean(post.html),
    }
    column = {"id": "1", "width": 12, "webparts": [text]}
    section = {"id": "1", "layout": "oneColumn", "emphasis": "none", "columns": [column]}
    area = {
        "layout": "plain",
        "enableGradientEffect": False,
        "showAuthor": False,
        "showPublishedDate": True,
        "showTextBlockAboveTitle": False,
        "textAlignment": "left",
    }
    return {
        "title": post.title,
        "showComments": False,
        "showRecommendedPages": False,
        "titleArea": area,
        "canvasLayout": {"horizontalSections": [section]},
    }


def _read(page: Mapping[str, Any]) -> _Page:
    if not page.get("id") or not isinstance(page.get("name"), str):
        raise ValueError("no page of Graph came back, which has an id and a name")
    state = page.get("publishingState") or {}
    return _Page(
        id=page["id"],
        name=page["name"],
        url=page.get("webUrl", ""),
        level=state.get("level", ""),
        version=f"{state.get('versionId', '')}",
    )
