"""A feed and what waits, from the launch to the confirmation, as an intranet and its employees meet them."""

import csv
import io

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from tests.acceptance.given import Midday, form_fields, people, write_campaign, write_directory
from tests.acceptance.installation import Installation

pytestmark = pytest.mark.servers

TOKEN = "t" * 32
SITE = "https://intranet.universite.example"


def feeds(place: Installation) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(place.run("feeds", "--csv").out)))


def pending(place: Installation, employee: str) -> int:
    """Ask as the intranet's own server does."""
    answer = httpx.post(
        f"{place.address}/api/pending",
        json={"employee": employee},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    found: int = answer.raise_for_status().json()["pending"]
    return found


def test_a_post_in_a_feed_waits_for_an_employee_until_it_is_confirmed(place: Installation) -> None:
    place.settings |= {
        "api_token": TOKEN,
        "identity_header": "X-Remote-User",
        "trusted_proxies": "127.0.0.1/32",
        "widget_origins": SITE,
        "poll_seconds": 0.2,
    }
    assert place.run("feeds").out == "no campaign posts to a feed: add 'feed' to its channels\n"
    at = Midday.now()
    (person,) = people(at, 1)
    place.run("import", write_directory(place.folder, at, [person]))
    file = write_campaign(place.folder, at)
    text = file.read_text(encoding="utf-8").replace(
        "languages: [fr, en]", f"languages: [fr]\ntime_zone: {at.zone}\nchannels: [feed]"
    )
    file.write_text(text, encoding="utf-8")
    place.run("launch", file)
    (feed,) = feeds(place)
    address = feed.pop("address")
    assert feed == {"channel": "feed", "audience": "everyone", "language": "fr", "posts": "0"}
    assert address in "".join(place.run("feeds").out.split("│"))
    with place.up() as running:
        running.until(lambda: feeds(place)[0]["posts"] == "1", "a post")
        read = feedparser.parse(httpx.get(address).content)
        assert read.feed.author == "Service des communications"
        (entry,) = read.entries
        assert entry.title == "Qui parle quand vous publiez?"
        assert pending(place, person.email) == 1
        named = {"X-Remote-User": person.email, "Origin": SITE}
        told = httpx.get(f"{place.address}/pending", headers=named)
        assert told.headers["access-control-allow-origin"] == SITE
        assert [one["url"] for one in told.json()["messages"]] == [entry.link]
        assert (
            "Vous avez 1 message à confirmer."
            in httpx.get(f"{place.address}/pending/widget", headers=named).text
        )
        fields = form_fields(httpx.get(entry.link, headers=named).text)
        named.pop("Origin")
        assert httpx.post(entry.link, data={**fields, "answer": "1"}, headers=named).status_code == 303
        assert pending(place, person.id) == 0
        assert httpx.get(address).status_code == 200
        assert httpx.get(f"{place.address}/pending").status_code == 401
