"""Posts in a MediaWiki, by its interface and a bot password; each is a page.

The page is called by the key of the post, ``<prefix><key>``: so the wiki itself makes sure that there is one
(``createonly``), and a better title for people may change. They read that title at the head of the page. It
takes the place of the name where the wiki allows it (``display_title``, which needs
``$wgRestrictDisplayTitle = false``), and is a heading elsewhere. A page that somebody moved is found where
its redirect leads.

A post is withdrawn by deleting its page. An account that may not do that leaves a page that says so; the text
then still stands in its history. A wiki publishes at once: what is for later is refused until then.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ssl import SSLContext
from typing import Any

from diffuse.adapters.platforms.calls import TIMEOUT, changed, found, gone, once, refused
from diffuse.adapters.platforms.cleaning import clean
from diffuse.adapters.platforms.wiki_session import WikiError, WikiSession
from diffuse.adapters.platforms.wikitext import literal, wikitext
from diffuse.domain.post import (
    Absent,
    AlreadyThere,
    Answer,
    Dressed,
    Found,
    Gone,
    Post,
    Posted,
    Retry,
    Withdrawn,
)

MARK = '<div class="diffuse-withdrawn">'
"""Begins the notice; in the text of a post it would be escaped."""

NOTICE = f"""{MARK}
<div lang="fr">Cette communication a été retirée.</div>
<div lang="en">This announcement was withdrawn.</div>
</div>"""
"""What stands on a page that could not be deleted."""

MAY_NOT = frozenset({"permissiondenied", "cantdelete", "protectedpage", "cascadeprotected"})
NO_MORE = "nosuchpageid"
"""What a wiki says of a page that somebody else deleted a moment before."""


class MediaWiki:
    """A wiki.

    Args:
        url: the address of its ``api.php``.
        username: an account with the name of a bot password, such as ``Communications@diffuse``; it needs the
            grants to edit and to create pages, and to delete pages if it may.
        password: that bot password.
        name: the name of the channel.
        prefix: begins the names of pages, such as ``Communications:`` (a namespace) or ``Avis/``.
        category: a category that every page is put into.
        display_title: whether the wiki lets a page have any title (``$wgRestrictDisplayTitle = false``).
        timeout: how long the wiki may be silent.
        verify: the certificates that are trusted.
    """

    def __init__(  # noqa: PLR0913 -- what a wiki, an account and a page are made of
        self,
        *,
        url: str,
        username: str,
        password: str,
        name: str = "mediawiki",
        prefix: str = "",
        category: str = "",
        display_title: bool = False,
        timeout: timedelta = TIMEOUT,
        verify: bool | SSLContext = True,
    ) -> None:
        """Take the address and the account; nothing is connected yet."""
        self.name = name
        self._prefix, self._category, self._display_title = prefix, category, display_title
        self._session = WikiSession(url, (username, password), timeout=timeout, verify=verify)

    def dress(self, post: Post) -> Dressed:
        """Return the wikitext of the page."""
        return Dressed("text/x-wiki", self._text(post))

    def post(self, post: Post) -> Answer:
        """Create the page once; one that only says that it was withdrawn gets its text again."""
        ahead = post.publish_at - datetime.now(UTC)
        if ahead > timedelta(0):
            return Retry(
                ahead, f"a wiki publishes at once, and this is for {post.publish_at:%Y-%m-%d %H:%M %Z}"
            )
        return once(lambda: self._readable(post.key), lambda: self._publish(post))

    def lookup(self, key: str) -> Found:
        """Return where the page of a key stands."""
        return found(lambda: self._readable(key) or Absent())

    def update(self, post: Post) -> Answer:
        """Change the text of the page; its name and address stay."""
        return changed(lambda: self._update(post))

    def withdraw(self, key: str) -> Gone:
        """Delete the page, or let it say that it was withdrawn."""
        return gone(lambda: self._withdraw(key))

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def _publish(self, post: Post) -> Posted | AlreadyThere:
        try:
            return self._edit(post, title=self._page_name(post.key), createonly="1")
        except WikiError as error:
            if error.code != "articleexists":
                raise
        if there := self._readable(post.key):
            return AlreadyThere(there.id, there.url)
        # Withdrawn, or a redirect to a page that is no more.
        return self._edit(post, title=self._page_name(post.key), nocreate="1")

    def _update(self, post: Post) -> Posted:
        page = self._page(post.key)
        if page is None or _is_withdrawn(page):
            raise refused(
                f"the wiki has no page {self._page_name(post.key)!r} to be changed; publish it first"
            )
        return self._edit(post, pageid=f"{page['pageid']}", nocreate="1")

    def _withdraw(self, key: str) -> Withdrawn:
        page = self._page(key)
        if page and not _is_withdrawn(page):
            self._take_away(f"{page['pageid']}")
        return Withdrawn()

    def _take_away(self, pageid: str) -> None:
        try:
            self._session.change("delete", pageid=pageid, reason="diffuse", watchlist="nochange")
        except WikiError as error:
            if error.code == NO_MORE:
                return
            if error.code not in MAY_NOT:
                raise
            self._session.change("edit", pageid=pageid, text=NOTICE, nocreate="1", watchlist="nochange")

    def _edit(self, post: Post, **where: str) -> Posted:
        fields = {"text": self._text(post), "summary": post.title, "watchlist": "nochange", **where}
        told = self._session.change("edit", contentmodel="wikitext", **fields)
        if told["result"] != "Success":
            raise refused(
                f"the wiki did not take the page: {told}; may the account skip its checks (captcha)?"
            )
        return self._posted(told)

    def _readable(self, key: str) -> Posted | None:
        page = self._page(key)
        return self._posted(page) if page and not _is_withdrawn(page) else None

    def _posted(self, page: Mapping[str, Any]) -> Posted:
        return Posted(f"{page['pageid']}", self._session.address(page["title"]))

    def _page(self, key: str) -> Mapping[str, Any] | None:
        name = self._page_name(key)
        told = self._session.query(
            titles=name, redirects="1", prop="revisions", rvprop="content", rvslots="main"
        )
        page: Mapping[str, Any] = told["pages"][0] if "pages" in told else {"invalidreason": "another wiki"}
        if "pageid" not in page and "missing" not in page:
            reason = page.get("invalidreason", "no such kind of page")
            raise refused(f"the wiki cannot have a page {name!r}: {reason}; change the prefix")
        return None if "missing" in page else page

    def _page_name(self, key: str) -> str:
        return f"{self._prefix}{key}"

    def _text(self, post: Post) -> str:
        title, body = literal(post.title), wikitext(clean(post.html))
        heading = f"{{{{DISPLAYTITLE:{title}}}}}" if self._display_title else f"= {title} ="
        foot = f"\n[[Category:{self._category}|{literal(post.title)}]]" if self._category else ""
        return f'<div lang="{post.language}">\n{heading}\n\n{body}\n</div>{foot}'


def _is_withdrawn(page: Mapping[str, Any]) -> bool:
    return MARK in page["revisions"][0]["slots"]["main"]["content"]
