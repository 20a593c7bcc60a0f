"""Intranet posts on the command line, from the launch to what an operator does when something is wrong."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.given import Midday, write_campaign
from tests.acceptance.installation import Installation, Running
from tests.suites.platforms.hook_server import Reply, listening
from tests.suites.platforms.plone_double import ACCOUNT, PloneDouble, plone_double

pytestmark = pytest.mark.servers

BUSY = (503, {"message": "The site is being upgraded."}, {"Retry-After": "3"})


@pytest.fixture
def double() -> Iterator[PloneDouble]:
    """A site with Plone."""
    with plone_double() as server:
        yield server


def account(double: PloneDouble, password: str = ACCOUNT[1]) -> dict[str, str]:
    """Return the account of a site."""
    url = f"{double.address}/intranet"
    return {"url": url, "folder": "nouvelles", "username": ACCOUNT[0], "password": password}


def connected(place: Installation, **platforms: Mapping[str, str]) -> None:
    """Set platforms up, by channel."""
    place.settings |= {"platforms": json.dumps(platforms), "poll_seconds": 0.2}


def posting(place: Installation, *channels: str) -> Path:
    """Write a campaign in French that posts from now on, and sends no mail."""
    at = Midday.now()
    file = write_campaign(place.folder, at)
    text = file.read_text(encoding="utf-8").replace(
        "languages: [fr, en]", f"languages: [fr]\ntime_zone: {at.zone}\nchannels: [{', '.join(channels)}]"
    )
    file.write_text(text, encoding="utf-8")
    return file


def listed(place: Installation, *words: str) -> list[dict[str, str]]:
    """Return what ``diffuse posts`` lists."""
    return list(csv.DictReader(io.StringIO(place.run("posts", *words, "--csv").out)))


def states(place: Installation) -> list[str]:
    """Return how the posts stand."""
    return [row["state"] for row in listed(place)]


@contextmanager
def launched(place: Installation, *channels: str, until: str = "sent") -> Iterator[Running]:
    """Launch and run a campaign until its posts stand so."""
    place.run("launch", posting(place, *channels))
    with place.up() as running:
        running.until(lambda: states(place) == [until] * len(channels), f"{until} posts")
        yield running


def test_a_campaign_is_checked_without_settings_and_launched_only_where_its_platforms_are(
    place: Installation, double: PloneDouble
) -> None:
    file = posting(place, "feed", "plone", "teams/crisis-cel")
    assert place.run("check", file).out == ""
    connected(place, plone=account(double), **{"teams/crisis-cell": {"url": "http://127.0.0.1:9/x"}})
    (line,) = place.refused("launch", file).splitlines()
    assert line.startswith(f"{file}:6:")
    assert "no platform is set up as 'teams/crisis-cel'" in line
    assert "did you mean 'teams/crisis-cell'?" in line
    assert place.run("check", "--published", file, status=1).out == f"{line}\n"
    file.write_text(file.read_text(encoding="utf-8").replace("crisis-cel]", "crisis-cell]"), encoding="utf-8")
    assert place.run("check", "--published", file).out == ""
    assert "publication 1" in place.run("launch", file).out


def test_a_post_is_published_listed_counted_and_found_well_by_the_doctor(
    place: Installation, double: PloneDouble
) -> None:
    connected(place, plone=account(double))
    assert "no post is planned yet" in place.run("posts").out
    with launched(place, "plone"):
        (item,) = double.items.values()
        (row,) = listed(place, "--campaign", "essai", "--state", "sent")
        assert (row["channel"], row["audience"], row["language"]) == ("plone", "everyone", "fr")
        assert (row["url"], row["key"]) == (f"{double.address}/intranet/nouvelles/{item['id']}", item["id"])
        shown = place.run("posts").out
        assert "plone" in shown
        assert "everyone, fr" in shown
        counted = place.run("status").out
        assert "Posts" in counted
        assert [line.split("│")[2:5] for line in counted.splitlines() if "plone" in line] == [
            [" plone   ", " sent  ", "     1 "]
        ]
    with place.receiver():
        said = place.run("doctor").out
    assert "ok       platform plone: answers, and accepts our credentials" in said
    assert "ok       channels: plone: all set up" in said
    assert "ok       identity: employees can ask for a link by mail" in said


def test_wrong_credentials_are_told_and_mended_and_only_then_tried_again(
    place: Installation, double: PloneDouble
) -> None:
    connected(place, plone=account(double, password="another one"))
    with launched(place, "plone", until="failed"):
        (row,) = listed(place, "--state", "failed")
        assert "the platform does not accept our credentials: 401" in row["reason"]
        assert "another one" not in row["reason"]
    with place.receiver():
        said = place.run("doctor", status=1).out
    (trouble,) = (line for line in said.splitlines() if line.startswith("trouble"))
    assert trouble.startswith("trouble  platform plone: the platform does not accept our credentials: 401")
    assert trouble.endswith("mend its table in the setting 'platforms', or what the account may do there; "
                            "then 'diffuse retry'")  # fmt: skip
    connected(place, plone=account(double))
    with place.up() as running:
        assert place.run("retry", "essai").out.splitlines() == [
            "0 deliveries that failed are planned again",
            "1 posts that failed are planned again",
        ]
        running.until(lambda: states(place) == ["sent"], "a post")
    assert place.run("retry", "essai").out.count("\n") == 1


def test_a_platform_that_is_away_is_named_with_its_words_and_the_post_comes_when_it_is_back(
    place: Installation, double: PloneDouble
) -> None:
    connected(place, plone=account(double))
    double.answers["GET"] = [BUSY] * 1000
    place.run("launch", posting(place, "plone"))
    with place.up() as running:
        running.says("503")
        running.until(lambda: "platform:plone" in place.run("status").out, "a platform in trouble")
        said = "503 Service Unavailable: The site is being upgraded."
        # Every few seconds somebody is asking once more.
        running.until(lambda: [one["reason"] for one in listed(place, "--state", "planned")] == [said], said)
        double.answers["GET"] = []
        running.until(lambda: states(place) == ["sent"], "a post")
    assert len(double.items) == 1
    assert "platform:plone" not in place.run("status").out


def test_a_channel_that_vanishes_from_the_settings_loses_nothing(
    place: Installation, double: PloneDouble
) -> None:
    connected(place, plone=account(double))
    place.run("launch", posting(place, "plone"))
    place.settings["platforms"] = None
    with place.up() as running:
        running.says("no platform is set up as plone; add it to the setting 'platforms'")
        assert states(place) == ["planned"]
    with place.receiver():
        said = place.run("doctor", status=1).out
    assert (
        "essai posts on plone, and no platform is set up as that; its posts wait; add [platforms.plone]"
        in said
    )
    connected(place, plone=account(double))
    with place.up() as running:
        running.until(lambda: states(place) == ["sent"], "a post")


def test_a_chat_that_did_not_answer_is_asked_about_by_nobody_and_settled_by_hand(place: Installation) -> None:
    hung_up = Reply(status=0)
    taken: list[bytes] = []

    def answer(_path: str, _headers: Mapping[str, str], body: bytes) -> Reply:
        taken.append(body)
        return hung_up if len(taken) == 1 else Reply.word("ok")

    with listening(answer) as address:
        connected(place, mattermost={"url": f"{address}/hooks/s3cr3t-t0ken"})
        with launched(place, "mattermost", until="unknown") as running:
            (row,) = listed(place)
            assert "no answer came" in row["reason"]
            assert place.run("posts", "settle", 1, 99, "--planned").out.splitlines() == [
                "1 settled as planned",
                "not known: 99",
            ]
            running.until(lambda: states(place) == ["sent"], "a second message")
            assert place.run("posts", "settle", 1, "--sent").out.splitlines() == [
                "0 settled as sent",
                "1 left as they are: they are sent",
            ]
            assert "s3cr3t" not in running.said
        assert len(taken) == 2
        place.run("posts", "settle", 1, status=2)
        with place.receiver():
            assert "only takes what is sent" in place.run("doctor").out
