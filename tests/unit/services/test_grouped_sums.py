"""Whatever is added up and taken away over all grouped tables, nothing tells of a handful of people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.delivery import State
from diffuse.domain.disclosure import is_small
from diffuse.domain.people import EVERYONE, Audience
from diffuse.domain.posting import Posting
from diffuse.ports import Publications, Published, Result
from diffuse.services.export import Report
from diffuse.services.intended import Intended
from diffuse.services.posts import Posts
from tests.unit.services.given import campaign, key_point, person

SOME = 5
NOW = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
TODAY = date(2027, 1, 11)
STAFF = {
    f"e{number:02}": person(
        f"e{number:02}",
        department="archives" if number < 4 else "library",
        language="en" if number % 3 == 0 else "fr",
    )
    for number in range(16)
}
INSIDE = Audience(id="inside", departments=("library",))
PUBLISHED = Published(
    id=1,
    digest="",
    campaign=campaign(
        "pause",
        key_point("cite", audience="inside"),
        key_point("keep"),
        audiences=(EVERYONE, INSIDE),
        channels=("email", "wordpress"),
    ),
    published_at=NOW,
)
POINTS = ("pause", "cite", "keep")
LANGUAGES = ("fr", "en")
POSTED = list(product(POINTS, LANGUAGES))


def posting(number: int, point: str, language: str) -> Posting:
    return Posting(
        id=number,
        key=f"{point}-{language}",
        campaign="social-media",
        key_point=point,
        audience="inside" if point == "cite" else "everyone",
        language=language,
        channel="wordpress",
        publication=1,
        variant="legal",
        state=State.SENT,
        wanted_on=TODAY,
        due_at=NOW,
        not_after=NOW,
        sent_at=NOW,
    )


def result(who: str, point: str, language: str, post: int | None) -> Result:
    plain: dict[str, Any] = {
        **dict.fromkeys(("delivery", "touch", "step", "attempts"), 1),
        **dict.fromkeys(("variant", "reason", "delayed_by", "answer", "message_id"), ""),
        **dict.fromkeys(("wanted_on", "due_on"), TODAY),
        **dict.fromkeys(("due_at", "sent_at"), NOW),
        **dict.fromkeys(("opened_at", "clicked_at", "answered_at", "acknowledged_at")),
    }
    return Result(
        campaign="social-media",
        publication=1,
        policy="conduct",
        key_point=point,
        language=language,
        channel="wordpress" if post else "email",
        employee=who,
        state="sent",
        post=post,
        **plain,
    )


@dataclass(frozen=True)
class Told:
    """A row as it is shown, and the truth behind it."""

    row: dict[str, Any]
    messages: frozenset[str]
    intended: frozenset[str]


PEOPLE = st.sets(st.sampled_from(sorted(STAFF)), max_size=12)
MAILED = st.tuples(*(PEOPLE for _ in POINTS))
MET = st.one_of(
    st.tuples(*(PEOPLE for _ in POSTED)),
    st.tuples(*(st.sets(st.sampled_from(sorted(STAFF)[:3])) for _ in POSTED)),
)
"""Many who meet posts, or three people in all."""


def tables(mailed: Sequence[set[str]], met: Sequence[set[str]]) -> dict[str, list[Told]]:
    """Export what was mailed, for each key point, and who met a post, for each post."""
    publications = cast(
        "Publications", SimpleNamespace(running=lambda: (PUBLISHED,), get=lambda _number: PUBLISHED)
    )
    postings = [posting(number, *which) for number, which in enumerate(POSTED, start=1)]
    report = Report(publications, Posts(postings, publications))
    for point, people in zip(POINTS, mailed, strict=True):
        for who in people:
            report.add(result(who, point, "fr", None), STAFF[who].department)
    for post, people in zip(postings, met, strict=True):
        for who in people:
            report.add(result(who, post.key_point, post.language, post.id), STAFF[who].department)
    written = {
        name: [dict(zip(columns, row, strict=True)) for row in rows]
        for name, columns, rows in report.tables(SOME, Intended(STAFF, (), TODAY, NOW))
    }
    truth = {
        "key_points": report.by_key_point.values(),
        "policies": report.by_policy.values(),
    }
    found = {
        name: [
            Told(row, frozenset(tally.people["group"]), tally.intended)
            for row, tally in zip(written[name], tallies, strict=True)
        ]
        for name, tallies in truth.items()
    }
    found["posts"] = [
        Told(row, frozenset(line.met), line.intended)
        for row, line in zip(written["posts"], report.posts.lines, strict=True)
    ]
    return found


def is_hidden(told: Told) -> bool:
    return "group" in told.row["suppressed"].split()


def sums(groups: Sequence[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Yield whom the sums of some sizes count, each size added, taken away or left out."""
    for signs in product((-1, 0, 1), repeat=len(groups)):
        yield frozenset(
            who
            for who in STAFF
            if sum(sign for sign, group in zip(signs, groups, strict=True) if who in group)
        )


@settings(max_examples=60)
@given(mailed=MAILED, met=MET)
def test_all_messages_less_those_that_are_told_are_those_of_nobody_or_of_enough(
    mailed: Sequence[set[str]], met: Sequence[set[str]]
) -> None:
    found = tables(mailed, met)
    everybody = frozenset[str]().union(*mailed, *met)
    for email, wordpress in product(("key_points", "policies"), repeat=2):
        rows = [
            told
            for name, channel in ((email, "email"), (wordpress, "wordpress"))
            for told in found[name]
            if told.row["channel"] == channel
        ]
        missing = frozenset[str]().union(*(told.messages for told in rows if is_hidden(told)))
        assert not is_small(missing, SOME) or is_small(everybody, SOME)
        assert not [told for told in rows if is_small(told.messages, SOME) and not is_hidden(told)]


@settings(max_examples=60)
@given(mailed=MAILED, met=MET)
def test_within_a_channel_a_hidden_key_point_is_not_what_its_policy_lacks(
    mailed: Sequence[set[str]], met: Sequence[set[str]]
) -> None:
    found = tables(mailed, met)
    for policy in found["policies"]:
        points = [told for told in found["key_points"] if told.row["channel"] == policy.row["channel"]]
        missing = frozenset[str]().union(*(told.messages for told in points if is_hidden(told)))
        assert is_hidden(policy) or not is_small(missing, SOME)
        assert not is_hidden(policy) or missing or not policy.messages


@settings(max_examples=60)
@given(mailed=MAILED, met=MET)
def test_posts_tell_of_a_key_point_what_it_tells_itself(
    mailed: Sequence[set[str]], met: Sequence[set[str]]
) -> None:
    found = tables(mailed, met)
    for point in found["key_points"]:
        if point.row["channel"] == "wordpress":
            posts = [told for told in found["posts"] if told.row["key_point"] == point.row["key_point"]]
            hidden = [told for told in posts if is_hidden(told)]
            assert hidden in ([], posts)
            assert hidden or not is_hidden(point)
            for told in posts:
                assert hidden or not (is_small(told.messages, SOME) or is_small(told.intended, SOME))
                assert (told.row["visitors"] is None) == bool(hidden)


@settings(max_examples=60)
@given(mailed=MAILED, met=MET)
def test_no_sum_of_audiences_that_are_told_counts_a_handful(
    mailed: Sequence[set[str]], met: Sequence[set[str]]
) -> None:
    found = tables(mailed, met)
    told = [one for rows in found.values() for one in rows if one.row["intended"] is not None]
    assert all(one.row["intended"] == len(one.intended) for one in told)
    for group in sums(list(dict.fromkeys(one.intended for one in told))):
        assert not is_small(group, SOME)
