"""What a WordPress answers, as a live one of version 6.1 was seen to; stricter about what it is given.

It takes nothing away from a text, as the live one does for authors: what is hostile has to be gone before.
"""

import html
import json
import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import sleep
from typing import Any

from tests.suites.platforms.double_server import Answered, Asked, Json, serving
from tests.suites.platforms.rig import Recipe, Seen

ROUTE = "/wp/v2/posts"
PASSWORDS = {"author": "aB3dE6gH9jK2mN5pQ8sT1vW4", "contributor": "zY7xW4vU1tS8rQ5pO2nM9lK6"}
WRONG = "abcd EFGH 1234 ijkl MNOP 5678"
STATUSES = ("publish", "future", "draft", "pending", "private")
FIELDS = {"title", "content", "slug", "status", "date_gmt"}
QUERY = {"rest_route", "slug", "status", "context", "per_page", "orderby"}
RESERVED = frozenset({"feed", "rdf", "rss", "rss2", "atom", "embed"})
MOST = 100
MINUTE = timedelta(minutes=1)
RACE = 0.01
"""Seconds between the choice of an address for a post and the moment when that is kept."""


class Refusal(Exception):
    """An error in the shape of WordPress."""

    def __init__(self, status: int, code: str, message: str, **data: object) -> None:
        super().__init__(message)
        self.answered = Answered(
            status=status, told={"code": code, "message": message, "data": {"status": status, **data}}
        )


def invalid(name: str, words: str, code: str = "rest_invalid_param", inner: object = None) -> Refusal:
    """Say which parameter is wrong, as WordPress does."""
    details = {name: {"code": code, "message": words, "data": inner}}
    said = f"Invalid parameter(s): {name}"
    return Refusal(400, "rest_invalid_param", said, params={name: words}, details=details)


@dataclass(kw_only=True)
class Item:
    """A post."""

    id: int
    author: str
    title: str = ""
    content: str = ""
    slug: str = ""
    status: str = "draft"
    date: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(kw_only=True)
class WordPressDouble:
    """A site with an author and a contributor; it is its own rig."""

    address: str = ""
    looks_up: bool = True
    changes: bool = True
    cleans: bool = True
    items: dict[int, Item] = field(default_factory=dict)
    private: bool = False
    """Whether whoever is not signed in gets nothing at all, as with a widespread plug-in."""
    answers: dict[str, list[Answered]] = field(default_factory=dict)
    """What the next requests of a method get instead, in order."""
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What somebody else does right before the request of a number, from 1."""
    asked: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def recipe(self, address: str = "", *, credentials: str = "good", role: str = "author") -> Recipe:
        """Say how the adapter is put together."""
        password = PASSWORDS[role] if credentials == "good" else WRONG
        return Recipe(
            adapter="diffuse.adapters.platforms.wordpress:WordPress",
            arguments={"url": address or self.address, "username": f"com-{role}", "password": password},
        )

    def posts(self) -> Sequence[Seen]:
        """Return what anybody reads."""
        shown = [item for item in self.items.values() if item.status == "publish"]
        return [Seen(title=html.unescape(item.title), content=_rendered(item.content)) for item in shown]

    def empty(self) -> None:
        """Take every post away, and every switch back."""
        with self.lock:
            self.items.clear()
            self.answers.clear()
            self.meanwhile.clear()
            self.private, self.asked = False, 0

    def add(self, slug: str, **fields: Any) -> Item:  # noqa: ANN401 -- as Item takes them
        """Keep a post as it is, whatever stands there already."""
        item = Item(id=next(self.numbers), author="author", slug=slug, **fields)
        self.items[item.id] = item
        return item

    # What it answers.

    def answer(self, asked: Asked) -> Answered:
        """Answer one request."""
        with self.lock:
            self.asked += 1
            happens = self.meanwhile.pop(self.asked, None)
        if happens:
            happens()
        if waiting := self.answers.get(asked.method):
            return waiting.pop(0)
        try:
            return self._routed(asked)
        except Refusal as refusal:
            return refusal.answered

    def _routed(self, asked: Asked) -> Answered:
        route, role = asked.query.get("rest_route", ""), _role(asked.headers)
        if self.private and not role:
            raise Refusal(401, "rest_not_logged_in", "You are not currently logged in.")
        which = re.fullmatch(rf"{ROUTE}(?:/(\d+))?", route)
        if asked.path != "/index.php" or not which:
            raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")
        if asked.method == "GET" and not which[1]:
            return Answered(told=self._list(asked.query, role))
        if asked.method == "POST" and not which[1]:
            return Answered(told=self._create(_fields(asked), role), status=201)
        item = self._found(int(which[1] or 0), role, {"POST": "edit", "DELETE": "delete"}[asked.method])
        if asked.method == "POST":
            return Answered(told=self._change(item, _fields(asked), role))
        return Answered(told=self._delete(item, asked.query))

    def _list(self, query: Mapping[str, str], role: str) -> list[Json]:
        if unknown := query.keys() - QUERY:
            raise invalid("query", f"not expected: {sorted(unknown)}")
        statuses = query.get("status", "publish").split(",")
        for status in statuses:
            _known(status)
        if statuses != ["publish"] and not role:
            raise invalid("status", "Status is forbidden.", "rest_forbidden_status", {"status": 401})
        if not 1 <= int(query.get("per_page", "10")) <= MOST:
            words = f"per_page must be between 1 (inclusive) and {MOST} (inclusive)"
            raise invalid("per_page", words, "rest_out_of_bounds")
        slugs = query["slug"].split(",")
        found = [item for item in self.items.values() if item.status in statuses and item.slug in slugs]
        return [self._told(item) for item in sorted(found, key=lambda item: -item.id)]

    def _create(self, given: Json, role: str) -> Json:
        if not role:
            words = "Sorry, you are not allowed to create posts as this user."
            raise Refusal(401, "rest_cannot_create", words)
        _may(role, given.get("status", "draft"))
        if not given.get("title") and not given.get("content"):
            raise Refusal(400, "empty_content", "Content, title, and excerpt are empty.")
        item = Item(id=next(self.numbers), author=role)
        return self._kept(item, given)

    def _change(self, item: Item, given: Json, role: str) -> Json:
        _may(role, given.get("status", "draft"))
        return self._kept(item, given)

    def _kept(self, item: Item, given: Json) -> Json:
        """Keep what was given; the address is chosen a moment before, as WordPress does."""
        wanted = given.get("slug", item.slug)
        is_chosen = "slug" in given or given.get("status") in {"publish", "future", "private"}
        slug = self._free(wanted, item.id) if is_chosen else wanted
        sleep(RACE)
        with self.lock:
            item.title, item.content = given.get("title", item.title), given.get("content", item.content)
            item.slug, item.status = slug, given.get("status", item.status)
            if "date_gmt" in given:
                item.date = _day(given["date_gmt"])
            if item.status in {"publish", "future"}:
                is_ahead = item.date - datetime.now(UTC) >= MINUTE
                item.status = "future" if is_ahead else "publish"
            self.items[item.id] = item
        return self._told(item)

    def _free(self, slug: str, number: int) -> str:
        """Return an address that no other post has, whatever its status."""
        taken = {item.slug for item in self.items.values() if item.id != number} | RESERVED
        names = (slug if place == 1 else f"{slug}-{place}" for place in count(1))
        return next(name for name in names if name not in taken)

    def _found(self, number: int, role: str, verb: str) -> Item:
        item = self.items.get(number)
        if item is None:
            raise Refusal(404, "rest_post_invalid_id", "Invalid post ID.")
        if item.author != role:
            words = f"Sorry, you are not allowed to {verb} this post."
            raise Refusal(403 if role else 401, f"rest_cannot_{verb}", words)
        return item

    def _delete(self, item: Item, query: Mapping[str, str]) -> Json:
        if query.get("force") != "true":
            words = "The post does not support trashing. Set 'force=true' to delete."
            raise Refusal(501, "rest_trash_not_supported", words)
        del self.items[item.id]
        return {"deleted": True, "previous": self._told(item)}

    def _told(self, item: Item) -> Json:
        return {
            "id": item.id,
            "date_gmt": f"{item.date:%Y-%m-%dT%H:%M:%S}",
            "slug": item.slug,
            "status": item.status,
            "type": "post",
            "link": f"{self.address}/?p={item.id}",
            "title": {"raw": item.title, "rendered": item.title},
            "content": {"raw": item.content, "rendered": _rendered(item.content), "protected": False},
        }


def _role(headers: Mapping[str, str]) -> str:
    """Return the role of whoever asks, empty for nobody: a wrong password is as none."""
    for role, password in PASSWORDS.items():
        for typed in (password, " ".join(re.findall("....", password))):
            if headers.get("authorization") == f"Basic {b64encode(f'com-{role}:{typed}'.encode()).decode()}":
                return role
    return ""


def _fields(asked: Asked) -> Json:
    """Return the fields that are given, if they are as they should be."""
    if asked.query.keys() - {"rest_route", "context"} or asked.query.get("context") != "edit":
        raise invalid("query", f"not expected: {dict(asked.query)}")
    try:
        given = json.loads(asked.body)
    except ValueError:
        raise Refusal(400, "rest_invalid_json", "Invalid JSON body passed.", json_error_code=4) from None
    if unknown := given.keys() - FIELDS:
        raise invalid("body", f"not expected: {sorted(unknown)}")
    _known(given.get("status", "draft"))
    if not re.fullmatch(r"[a-z0-9-]{1,200}", given.get("slug", "x")):
        raise invalid("slug", "this would be another slug")
    _day(given.get("date_gmt"))
    return dict(given)


def _known(status: str) -> None:
    if status not in STATUSES:
        words = "status is not one of publish, future, draft, pending, and private."
        raise invalid("status", words, "rest_not_in_enum")


def _may(role: str, status: str) -> None:
    if role == "contributor" and status not in {"draft", "pending"}:
        words = "Sorry, you are not allowed to publish posts in this post type."
        raise Refusal(403, "rest_cannot_publish", words)


def _day(given: str | None) -> datetime:
    """Return an instant of the interface; None is now."""
    try:
        return datetime.fromisoformat(f"{given}+00:00") if given else datetime.now(UTC)
    except ValueError:
        raise invalid("date_gmt", "Invalid date.", "rest_invalid_date") from None


def _rendered(content: str) -> str:
    return re.sub(r"<!-- /?wp:[a-z]+ -->", "", content)


@contextmanager
def wordpress_double() -> Iterator[WordPressDouble]:
    """Let a site without posts answer."""
    double = WordPressDouble()
    with serving(double.answer) as address:
        double.address = address
        yield double
