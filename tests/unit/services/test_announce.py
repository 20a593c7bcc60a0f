"""Announce: what a round does with posts, platform by platform; the ledger is told before a platform is."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.tables import post_attempt
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.identity import OIDC
from diffuse.domain.people import Audience
from diffuse.domain.period import Period
from diffuse.domain.policy import MATERIAL, PolicyChange
from diffuse.domain.post import AlreadyThere, Answer, Post, Posted, Refused, Retry, Unsure, Withdrawn
from diffuse.domain.posted import AGAIN, MAY_BE_THERE
from diffuse.domain.posting import DROPPED, LEASE, SKIPPED, Posting, Wanted
from diffuse.domain.schedule import Schedule
from diffuse.ports import Published
from diffuse.services.announce import FAULT, NOT_SET_UP
from tests.unit.services.given import DAY, EARLY, MONDAY, Office, campaign, key_point, person

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
NINE = EARLY + HOUR
BUSY = Retry(2 * HOUR, "429 slow down")


def posts(*points: Any, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    return campaign(*points, **{"channels": ("wordpress",), "languages": ("fr",)} | changes)


def office(one: Campaign | None = None, **changes: Any) -> Office:  # noqa: ANN401 -- any field
    here = Office(person("ana"), person("bob"), **{"at": NINE} | changes)
    here.launch(one or posts())
    return here


def only(here: Office) -> Posting:
    (row,) = here.postings.all()
    return row


def states(here: Office) -> list[tuple[str, str]]:
    return [(row.key_point, row.standing) for row in here.postings.all()]


def asked(here: Office, channel: str = "wordpress") -> list[str]:
    return [what for what, _ in here.platforms[channel].asked]


def run_at(here: Office, at: Any) -> None:  # noqa: ANN401 -- an instant
    here.clock.set(at)
    here.announce.run()


def again(*points: Any, version: str = "2", **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    """The same campaign with other words, and a policy that has changed materially."""
    change = PolicyChange(kind=MATERIAL, reason="It says more.")
    return posts(*points, version=version, change=change, **changes)


def reworded(name: str = "pause") -> Any:  # noqa: ANN401 -- a key point
    other = key_point("other-words")
    return replace(other, id=name)


# --- publishing


def test_a_key_point_is_published_once_with_a_link_of_its_own_on_the_day_on_which_it_enters() -> None:
    here = office()
    for _ in range(3):
        here.announce.run()
    row, platform = only(here), here.platforms["wordpress"]
    assert asked(here) == ["post"]
    assert (row.state, row.sent_at, row.url, row.attempt) == (
        State.SENT,
        NINE,
        f"https://intranet.example/{row.key}",
        1,
    )
    link = here.signer.address("post", row.id)
    assert platform.posts[row.key].html == f"pause, legal.{link}"
    assert platform.posts[row.key].url == link


def test_nothing_is_published_before_the_window_opens_nor_after_it_has_closed() -> None:
    here = office(at=EARLY)
    here.announce.run()
    assert (only(here).state, asked(here)) == (State.PLANNED, [])
    run_at(here, NINE + 8 * HOUR)
    assert (only(here).due_at, asked(here)) == (NINE + DAY, [])
    run_at(here, NINE + DAY)
    assert only(here).state is State.SENT


def test_neither_a_holiday_of_the_campaign_nor_one_of_the_organisation_is_a_day_for_posts() -> None:
    here = office(posts(holidays="CA-QC"), holidays=(MONDAY,))
    here.announce.run()
    assert only(here).due_at == NINE + DAY


def test_each_audience_language_and_platform_gets_its_own() -> None:
    board = Audience(id="board", roles=("board",), channels=("teams",))
    points = (key_point("a"), key_point("b", audience="board"))
    here = office(
        posts(*points, audiences=(board,), channels=("wordpress", "mediawiki"), languages=("fr", "en"))
    )
    here.announce.run()
    assert sorted((row.audience, row.channel, row.language) for row in here.postings.all()) == [
        ("board", "teams", "en"),
        ("board", "teams", "fr"),
        ("everyone", "mediawiki", "en"),
        ("everyone", "mediawiki", "fr"),
        ("everyone", "wordpress", "en"),
        ("everyone", "wordpress", "fr"),
    ]
    assert {row.state for row in here.postings.all()} == {State.SENT}


def test_a_backlog_goes_out_one_a_day() -> None:
    here = office(posts("a", "b", "c", "d"), at=NINE + 28 * DAY)
    for day in range(3):
        for hour in range(0, 8, 3):
            run_at(here, NINE + (28 + day) * DAY + hour * HOUR)
        assert len(here.platforms["wordpress"].posts) == day + 1


def test_a_backlog_takes_no_day_that_a_platform_in_trouble_has_left_to_another_post() -> None:
    here = office(posts("a", "b", schedule=Schedule(introduce_every=Period(days=1))))
    here.platforms["wordpress"].answers = [Retry(9 * HOUR, "503")]
    here.announce.run()
    for day in (1, 2):
        run_at(here, NINE + day * DAY)
        assert len(here.platforms["wordpress"].posts) == day


def test_a_campaign_that_asks_for_no_platform_asks_nobody() -> None:
    here = office(campaign())
    here.announce.run()
    assert here.postings.all() == []


def test_a_platform_that_is_not_set_up_is_named_and_the_others_go_on() -> None:
    here = office(posts(channels=("sharepoint", "wordpress")))
    report = here.announce.run()
    assert report.troubles == {"sharepoint": NOT_SET_UP.format(channel="sharepoint")}
    assert {row.channel: row.state for row in here.postings.all()} == {
        "sharepoint": State.PLANNED,
        "wordpress": State.SENT,
    }


def test_whoever_is_told_to_stop_stops_between_two_posts() -> None:
    here = office(posts(channels=("wordpress", "teams")))
    stop = threading.Event()
    here.announce._stop = stop
    really = here.platforms["wordpress"].post

    def post_and_stop(post: Post) -> Answer:
        stop.set()
        return really(post)

    here.platforms["wordpress"].post = post_and_stop  # type: ignore[method-assign]
    here.announce.run()
    assert (asked(here), asked(here, "teams")) == (["post"], [])


# --- answers


def test_a_platform_that_asks_to_wait_is_left_alone_with_every_post_of_it_and_no_other_is() -> None:
    here = office(posts(channels=("wordpress", "teams"), languages=("fr", "en")))
    here.platforms["wordpress"].answers = [BUSY]
    report = here.announce.run()
    assert report.troubles == {"wordpress": "429 slow down"}
    assert (asked(here), asked(here, "teams")) == (["post"], ["post", "post"])
    here.clock.advance(2 * HOUR - MINUTE)
    here.announce.run()
    assert asked(here) == ["post"]
    here.clock.advance(MINUTE)
    here.announce.run()
    assert asked(here) == ["post", "post", "post"]
    assert {row.reason for row in here.postings.all()} == {""}


def test_what_is_planned_while_a_platform_wants_to_be_left_alone_waits_as_well() -> None:
    here = office(posts("a", "b", schedule=Schedule(introduce_every=Period(days=1))))
    here.platforms["wordpress"].answers = [Retry(2 * DAY + HOUR, "503")]
    here.announce.run()
    for at in (NINE + DAY, NINE + 2 * DAY, NINE + 2 * DAY + HOUR - MINUTE):
        run_at(here, at)
    assert asked(here) == ["post"]
    run_at(here, NINE + 2 * DAY + HOUR)
    assert len(here.platforms["wordpress"].posts) == 1


def test_changes_and_withdrawals_wait_for_a_platform_too() -> None:
    here = office(posts(languages=("fr", "en")))
    here.announce.run()
    here.control.cancel("social-media", "wrong", NINE)
    here.platforms["wordpress"].answers = [BUSY]
    here.announce.run()
    here.announcer("another worker").run()
    assert asked(here) == ["post", "post", "withdraw"]
    here.clock.advance(2 * HOUR)
    here.announce.run()
    assert asked(here)[3:] == ["withdraw", "withdraw"]
    assert here.platforms["wordpress"].posts == {}


def test_a_refusal_fails_in_the_platforms_words_and_is_not_asked_again() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Refused("401 wrong password")]
    for day in range(3):
        run_at(here, NINE + day * DAY)
    assert (only(here).state, only(here).reason, asked(here)) == (
        State.FAILED,
        "401 wrong password",
        ["post"],
    )


def test_what_failed_is_asked_for_again_when_its_campaign_is_mended() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Refused("400 too long")]
    here.announce.run()
    here.launch(posts(reworded()))
    here.announce.run()
    here.announce.run()
    assert (only(here).state, only(here).publication, asked(here)) == (State.SENT, 2, ["post", "post"])


def test_what_nobody_knows_is_never_repeated_by_itself() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Unsure("no answer came")]
    here.announce.run()
    here.launch(posts(reworded()))
    for day in range(9):
        run_at(here, NINE + day * DAY)
    assert (only(here).state, only(here).reason, asked(here)) == (State.UNKNOWN, "no answer came", ["post"])


def test_a_platform_that_is_down_for_days_keeps_its_words_and_gets_its_post_in_the_end() -> None:
    here = office()
    platform = here.platforms["wordpress"]
    for day in range(3):
        for hour in range(9):
            platform.answers = [Retry(HOUR, "nobody answers")]
            run_at(here, NINE + day * DAY + hour * HOUR)
    assert only(here).reason == "the window of 2027-01-06 closed before it could be published; nobody answers"
    platform.answers = []
    run_at(here, NINE + 3 * DAY)
    assert (only(here).state, only(here).sent_at, only(here).reason) == (State.SENT, NINE + 3 * DAY, "")


def test_a_campaign_that_skips_what_is_late_lets_a_post_expire() -> None:
    here = office(posts(late="skip"))
    here.platforms["wordpress"].answers = [Retry(9 * HOUR, "nobody answers")]
    here.announce.run()
    run_at(here, NINE + 10 * HOUR)
    run_at(here, NINE + DAY)
    assert (only(here).state, only(here).reason, asked(here)) == (State.EXPIRED, SKIPPED, ["post"])


def test_an_attempt_is_in_the_log_with_what_came_of_it() -> None:
    here = office()
    here.platforms["wordpress"].answers = [Retry(HOUR, "503")]
    here.announce.run()
    run_at(here, NINE + HOUR)
    row = post_attempt.c
    with reading(here.engine) as connection:
        rows = connection.execute(
            select(row.what, row.state, row.reply, row.publication).order_by(row.id)
        ).all()
    assert [tuple(one) for one in rows] == [("post", "planned", "503", 1), ("post", "sent", "", 1)]


# --- crashes


class Killed(BaseException):
    """What a process dies of."""


def killed(here: Office, *, after: bool) -> None:
    """Let a worker die while it publishes, before the platform has the post or after."""
    platform = here.platforms["wordpress"]
    really = platform.post

    def die(post: Post) -> Answer:
        if after:
            really(post)
        raise Killed

    platform.post = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        here.announce.run()
    platform.post = really  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("after", "requests"), [(False, ["lookup", "post"]), (True, ["post", "lookup", "update"])]
)
def test_whoever_dies_while_publishing_leaves_exactly_one_post(after: bool, requests: list[str]) -> None:
    here = office()
    killed(here, after=after)
    assert (only(here).state, only(here).attempt) == (State.SENDING, 1)
    others = [here.announcer(f"w{number}") for number in range(3)]
    for one in others:
        one.run()
    here.clock.advance(LEASE)
    for _ in range(2):
        for one in others:
            one.run()
    assert asked(here) == requests
    assert (only(here).state, len(here.platforms["wordpress"].posts)) == (State.SENT, 1)


def test_where_a_platform_cannot_say_what_became_of_it_nothing_is_published_again() -> None:
    here = office()
    here.platforms["wordpress"].has_memory = False
    killed(here, after=True)
    here.clock.advance(LEASE)
    here.announcer("w2").run()
    here.announcer("w2").run()
    assert (only(here).state, asked(here)) == (State.UNKNOWN, ["post", "lookup"])
    assert only(here).reason.startswith(MAY_BE_THERE)


def test_a_platform_that_is_away_when_it_is_asked_what_became_of_it_is_asked_later() -> None:
    here = office()
    killed(here, after=False)
    here.clock.advance(LEASE)
    here.platforms["wordpress"].answers = [Retry(HOUR, "503")]
    second = here.announcer("w2")
    second.run()
    second.run()
    here.announcer("w3").run()
    assert (only(here).state, asked(here)) == (State.SENDING, ["lookup"])
    here.clock.advance(HOUR)
    second.run()
    assert (only(here).state, asked(here)) == (State.SENT, ["lookup", "lookup", "post"])


def test_one_that_comes_back_from_the_dead_writes_down_nothing() -> None:
    here = office()
    platform = here.platforms["wordpress"]
    really, second = platform.post, here.announcer("w2")

    def slow(post: Post) -> Answer:
        platform.post = really  # type: ignore[method-assign]
        answer = really(post)
        here.clock.advance(LEASE)
        second.run()
        assert isinstance(answer, Posted)
        return Refused("what the first one heard")

    platform.post = slow  # type: ignore[method-assign]
    report = here.announce.run()
    assert (only(here).state, only(here).reason) == (State.SENT, "")
    assert report.done == {}


def test_a_worker_that_read_the_ledger_too_early_publishes_nothing_twice() -> None:
    """The second worker reads, the first one publishes and the chat forgets; then the second one goes on."""
    here = office(posts(channels=("teams",)))
    here.platforms["teams"].has_memory = False
    first, second = here.announcer("w1"), here.announcer("w2")
    rows = here.postings.all
    here.clock.set(NINE - MINUTE)
    first.run()

    def read_then_lose() -> Any:  # noqa: ANN401 -- rows
        found = rows()
        here.postings.all = rows  # type: ignore[method-assign]
        here.clock.set(NINE)
        first.run()
        here.clock.set(NINE + 9 * HOUR)  # the window has closed in the meantime
        return found

    here.postings.all = read_then_lose  # type: ignore[method-assign]
    second.run()
    run_at(here, NINE + DAY)
    assert (asked(here, "teams"), only(here).state) == (["post"], State.SENT)


def test_a_worker_that_read_the_ledger_before_a_platform_asked_to_wait_does_not_ask_it() -> None:
    here = office()
    here.clock.set(NINE - MINUTE)
    first, second = here.announcer("w1"), here.announcer("w2")
    first.run()
    here.clock.set(NINE)
    rows = here.postings.all

    def read_then_lose() -> Any:  # noqa: ANN401 -- rows
        found = rows()
        here.postings.all = rows  # type: ignore[method-assign]
        here.platforms["wordpress"].answers = [BUSY]
        first.run()
        return found

    here.postings.all = read_then_lose  # type: ignore[method-assign]
    second.run()
    assert asked(here) == ["post"]


def test_threads_that_announce_at_once_publish_each_post_once() -> None:
    audiences = tuple(Audience(id=f"a{number}") for number in range(8))
    points = [key_point(f"p{one.id}", audience=one.id) for one in audiences]
    here = office(posts(*points, audiences=audiences, channels=("teams",)))
    here.platforms["teams"].has_memory = False
    threads = [threading.Thread(target=here.announcer(f"w{number}").run) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    here.announce.run()
    assert sorted(key for _, key in here.platforms["teams"].asked) == sorted(
        row.key for row in here.postings.all()
    )
    assert {row.state for row in here.postings.all()} == {State.SENT}


# --- standstills


def test_a_paused_campaign_does_nothing_until_it_goes_on() -> None:
    here = office()
    here.control.pause("social-media", "wait", NINE)
    here.announce.run()
    assert here.postings.all() == []
    here.control.resume("social-media", NINE)
    here.announce.run()
    here.control.pause("social-media", "wait", NINE)
    here.launch(posts(reworded(), ends=MONDAY))
    run_at(here, NINE + DAY)
    assert asked(here) == ["post"]


def test_while_all_is_halted_not_even_what_somebody_left_is_asked_about() -> None:
    here = office()
    killed(here, after=True)
    here.control.halt("the database went back", NINE)
    run_at(here, NINE + HOUR)
    assert asked(here) == ["post"]


def test_a_cancelled_campaign_withdraws_its_posts_at_any_hour_and_one_that_goes_on_publishes_them_again() -> (
    None
):
    here = office()
    here.announce.run()
    here.control.cancel("social-media", "wrong", NINE)
    run_at(here, NINE + 12 * HOUR)
    assert (states(here), here.platforms["wordpress"].posts) == ([("pause", "withdrawn")], {})
    here.announce.run()
    assert asked(here) == ["post", "withdraw"]
    here.control.lift("social-media", here.clock.now())
    run_at(here, NINE + DAY - HOUR)
    assert asked(here) == ["post", "withdraw"]
    run_at(here, NINE + DAY)
    assert (states(here), asked(here)) == ([("pause", "sent")], ["post", "withdraw", "post"])
    assert (only(here).withdrawn_at, only(here).sent_at) == (None, NINE)


def test_what_a_cancelled_campaign_has_not_published_is_cancelled_and_what_may_be_there_withdrawn() -> None:
    here = office(posts(channels=("wordpress", "mediawiki")))
    here.platforms["wordpress"].answers = [Unsure("no answer came")]
    here.platforms["mediawiki"].answers = [BUSY]
    here.announce.run()
    here.control.cancel("social-media", "wrong", NINE)
    here.announce.run()
    assert {row.channel: (row.state, row.reason) for row in here.postings.all()} == {
        "wordpress": (State.CANCELLED, ""),
        "mediawiki": (State.CANCELLED, DROPPED),
    }
    assert asked(here) == ["post", "withdraw"]


def test_posts_that_come_back_do_so_one_a_day() -> None:
    here = office(posts("a", "b", schedule=Schedule(introduce_every=Period(days=1))))
    for day in range(2):
        run_at(here, NINE + day * DAY)
    here.control.cancel("social-media", "wrong", NINE)
    run_at(here, NINE + 2 * DAY)
    here.control.lift("social-media", here.clock.now())
    for day in (2, 3):
        run_at(here, NINE + day * DAY)
        here.announce.run()
        assert len(here.platforms["wordpress"].posts) == day - 1


def test_what_a_chat_cannot_withdraw_is_let_be_in_its_words() -> None:
    here = office()
    here.platforms["wordpress"].has_memory = False
    here.announce.run()
    here.control.cancel("social-media", "wrong", NINE)
    for _ in range(3):
        here.announce.run()
    assert (asked(here), only(here).reason) == (["post", "withdraw"], "this platform withdraws nothing")


# --- ends


def test_posts_are_withdrawn_after_the_last_day() -> None:
    here = office(posts(ends=MONDAY))
    here.announce.run()
    run_at(here, NINE + 14 * HOUR)
    assert states(here) == [("pause", "sent")]
    run_at(here, NINE + 15 * HOUR)
    assert states(here) == [("pause", "withdrawn")]


def test_posts_are_withdrawn_when_they_have_stood_for_long_enough_and_stay_away() -> None:
    here = office(posts("a", "b", withdraw_after=Period(days=2)))
    for day in range(7):
        run_at(here, NINE + day * DAY)
    assert states(here) == [("a", "withdrawn"), ("b", "withdrawn")]
    assert asked(here) == ["post", "withdraw", "post", "withdraw"]


def test_a_material_change_and_no_other_one_brings_back_what_had_stood_for_long_enough() -> None:
    here = office(posts(withdraw_after=Period(days=2)))
    for day in range(4):
        run_at(here, NINE + day * DAY)
    here.launch(posts(reworded(), withdraw_after=Period(days=2)))
    run_at(here, NINE + 4 * DAY)
    assert states(here) == [("pause", "withdrawn")]
    here.launch(again("pause", withdraw_after=Period(days=2)))
    for day in range(4, 9):
        run_at(here, NINE + day * DAY)
        run_at(here, NINE + day * DAY + MINUTE)
        assert states(here) == [("pause", "sent" if day < 6 else "withdrawn")]
    assert asked(here) == ["post", "withdraw", "post", "withdraw"]
    assert only(here).publication == 3


def test_what_could_not_be_published_by_the_last_day_expires_and_says_so() -> None:
    here = office(posts(ends=MONDAY))
    here.platforms["wordpress"].answers = [Retry(9 * HOUR, "503")]
    here.announce.run()
    run_at(here, NINE + 10 * HOUR)
    assert only(here).state is State.PLANNED
    run_at(here, NINE + DAY)
    assert only(here).state is State.EXPIRED
    assert only(here).reason == "the campaign's last day, 2027-01-04, closed before it could be published"
    here.launch(posts(ends=MONDAY + 7 * DAY))
    run_at(here, NINE + DAY)
    here.announce.run()
    assert states(here) == [("pause", "sent")]


def test_what_a_campaign_does_not_ask_for_any_more_is_withdrawn() -> None:
    here = office(posts(channels=("wordpress", "teams")))
    here.announce.run()
    here.launch(posts())
    here.announce.run()
    assert {row.channel: row.standing for row in here.postings.all()} == {
        "wordpress": "sent",
        "teams": "withdrawn",
    }


def test_a_campaign_that_is_launched_again_to_begin_later_is_not_published_today() -> None:
    here = office(at=EARLY)
    here.announce.run()
    here.launch(posts(starts=MONDAY + 7 * DAY))
    run_at(here, NINE)
    assert (asked(here), only(here).due_at) == ([], NINE + 7 * DAY)
    run_at(here, NINE + 7 * DAY)
    assert states(here) == [("pause", "sent")]


# --- other words


def test_another_text_is_put_in_place_within_the_window() -> None:
    here = office()
    here.announce.run()
    before = only(here)
    here.launch(posts(reworded()))
    run_at(here, NINE + 10 * HOUR)
    assert asked(here) == ["post"]
    run_at(here, NINE + DAY)
    here.announce.run()
    after = only(here)
    assert (after.id, after.key, after.sent_at) == (before.id, before.key, before.sent_at)
    assert (after.publication, after.updated_at, asked(here)) == (2, NINE + DAY, ["post", "update"])
    assert "other-words" in here.platforms["wordpress"].posts[after.key].html


def test_a_campaign_that_is_launched_again_with_the_same_words_asks_no_platform() -> None:
    here = office()
    here.announce.run()
    here.launch(posts(max_messages_per_week=2))
    here.announce.run()
    assert (only(here).publication, asked(here), only(here).updated_at) == (2, ["post"], None)


def test_a_change_that_must_wait_is_made_when_the_platform_says() -> None:
    here = office()
    here.announce.run()
    here.launch(posts(reworded()))
    here.platforms["wordpress"].answers = [BUSY]
    here.announce.run()
    here.announce.run()
    assert (only(here).publication, asked(here)) == (1, ["post", "update"])
    here.clock.advance(2 * HOUR)
    here.announce.run()
    assert (only(here).publication, only(here).reason, asked(here)) == (2, "", ["post", "update", "update"])


def test_a_change_of_unknown_fate_is_asked_for_again_in_place() -> None:
    here = office()
    here.announce.run()
    here.launch(again(reworded()))
    here.platforms["wordpress"].answers = [Unsure("no answer came")]
    here.announce.run()
    here.announce.run()
    assert (only(here).publication, only(here).state, asked(here)) == (1, State.SENT, ["post", "update"])
    here.clock.advance(AGAIN)
    here.announce.run()
    assert (only(here).publication, asked(here)) == (2, ["post", "update", "update"])


@pytest.mark.parametrize("late", ["next_window", "skip", "send"])
def test_where_nothing_can_be_changed_a_material_change_is_published_anew(late: str) -> None:
    here = office(posts(channels=("teams",), late=late))
    here.platforms["teams"].has_memory = False
    here.announce.run()
    here.launch(again(reworded(), channels=("teams",), late=late))
    run_at(here, NINE + 3 * DAY)
    anew = only(here)
    assert (anew.state, anew.may_be_read, anew.due_at) == (State.PLANNED, True, NINE + 3 * DAY)
    here.announce.run()
    here.announce.run()
    assert (asked(here, "teams"), only(here).publication) == (["post", "update", "post"], 2)


def test_where_nothing_can_be_changed_another_change_is_let_be() -> None:
    here = office(posts(channels=("teams",)))
    here.platforms["teams"].has_memory = False
    here.announce.run()
    here.launch(posts(reworded(), channels=("teams",)))
    for _ in range(3):
        here.announce.run()
    assert (asked(here, "teams"), only(here).state) == (["post", "update"], State.SENT)


def test_what_was_there_already_is_written_again_once() -> None:
    here = office()
    here.announce.run()
    row = only(here)
    here.platforms["wordpress"].posts[row.key] = replace(
        here.platforms["wordpress"].posts[row.key], html="old"
    )
    here.control.cancel("social-media", "wrong", NINE)
    here.platforms["wordpress"].withdraw = lambda key: Withdrawn()  # type: ignore[method-assign]
    here.announce.run()
    here.control.lift("social-media", NINE)
    for _ in range(5):
        here.announce.run()
    assert asked(here) == ["post", "post", "update"]
    assert here.platforms["wordpress"].posts[row.key].html != "old"


def test_a_platform_that_says_that_a_change_was_there_already_is_not_asked_for_ever() -> None:
    here = office()
    here.announce.run()
    here.launch(posts(reworded()))
    changes: list[str] = []

    def there(post: Post) -> Answer:
        changes.append(post.key)
        return AlreadyThere("7", "https://intranet.example/7")

    here.platforms["wordpress"].update = there  # type: ignore[method-assign]
    for _ in range(3):
        here.announce.run()
    assert len(changes) == 1


# --- fall-back


FALLS: dict[str, Any] = {"channels": ("email", "wordpress"), "fall_back_after": Period(days=5)}


def given(here: Office, employee: str, point: str = "pause") -> None:
    """Let an employee have acknowledged a key point, from a mail."""
    for row in here.rows():
        if (row.employee, row.key_point) == (employee, point) and row.state == State.SENT:
            _acknowledge(here, row.delivery)


def _acknowledge(here: Office, number: int) -> None:
    now = here.clock.now()
    acknowledgement = Acknowledgement(
        delivery=number,
        policy="conduct",
        version="1",
        language="fr",
        statement="J’ai lu.",
        at=now,
        dwell=9000,
    )
    here.hits.acknowledge(acknowledgement, now.date(), OIDC)


def test_a_platform_that_is_the_fall_back_publishes_after_its_time_when_somebody_owes() -> None:
    here = office(posts(**FALLS), at=EARLY)
    here.day()
    given(here, "ana")
    for day in range(1, 5):
        run_at(here, NINE + day * DAY)
    assert here.postings.all() == []
    run_at(here, NINE + 7 * DAY)  # the fifth day is a Saturday
    assert (only(here).wanted_on, states(here)) == (MONDAY + 5 * DAY, [("pause", "sent")])


def test_when_nobody_owes_a_fall_back_is_not_published_and_nobody_is_asked_at_every_beat() -> None:
    here = office(posts(**FALLS), at=EARLY)
    here.day()
    given(here, "ana")
    given(here, "bob")
    looked: list[str] = []
    by_anybody = here.owed.by_anybody

    def look(published: Published, wanted: Wanted) -> bool:
        looked.append(wanted.key)
        return by_anybody(published, wanted)

    here.owed.by_anybody = look  # type: ignore[method-assign]
    for minute in range(5):
        run_at(here, NINE + 7 * DAY + minute * MINUTE)
    assert (here.postings.all(), len(looked)) == ([], 1)
    here.directory.save([person("ana"), person("bob"), person("new")])
    run_at(here, NINE + 8 * DAY)
    assert states(here) == [("pause", "sent")]


def test_a_fall_back_is_published_in_the_languages_of_those_who_owe() -> None:
    here = office(posts(**FALLS | {"languages": ("fr", "en")}), at=EARLY)
    here.directory.save([person("ana"), person("bob", language="en")])
    here.day()
    given(here, "ana")
    run_at(here, NINE + 7 * DAY)
    assert [row.language for row in here.postings.all()] == ["en"]


def test_a_withdrawal_that_a_page_refused_is_asked_for_again_and_the_post_is_not_said_to_be_gone() -> None:
    here = office()
    here.announce.run()
    here.control.cancel("social-media", "wrong", NINE)
    here.platforms["wordpress"].answers = [Refused("401 wrong password")]
    for _ in range(3):
        here.announce.run()
    assert (asked(here), only(here).standing, only(here).reason) == (
        ["post", "withdraw"],
        "sent",
        "401 wrong password",
    )
    run_at(here, NINE + HOUR)
    assert (only(here).standing, here.platforms["wordpress"].posts) == ("withdrawn", {})


def test_a_chat_is_asked_to_withdraw_once() -> None:
    here = office(posts(channels=("teams",)))
    here.platforms["teams"].has_memory = False
    here.announce.run()
    here.control.cancel("social-media", "wrong", NINE)
    for hours in range(3):
        run_at(here, NINE + hours * HOUR)
    assert (asked(here, "teams"), only(here).standing) == (["post", "withdraw"], "withdrawn")


def test_a_material_change_that_a_page_refused_is_asked_for_again_in_place() -> None:
    here = office()
    here.announce.run()
    here.launch(again(reworded()))
    here.platforms["wordpress"].answers = [Refused("401 wrong password")]
    here.announce.run()
    assert (only(here).publication, only(here).reason) == (1, "401 wrong password")
    run_at(here, NINE + HOUR)
    assert (asked(here), only(here).publication) == (["post", "update", "lookup", "update"], 2)


def test_a_page_that_somebody_deleted_is_published_anew_after_a_material_change() -> None:
    here = office()
    here.announce.run()
    here.platforms["wordpress"].posts.clear()
    here.launch(again(reworded()))
    for _ in range(2):
        here.announce.run()
    assert (asked(here), only(here).publication) == (["post", "update", "lookup", "post"], 2)


def test_on_one_channel_one_post_a_day_comes_in_each_language_for_whichever_audience() -> None:
    board = Audience(id="board", channels=("wordpress",))
    here = office(posts("a", key_point("b", audience="board"), audiences=(board,)))
    here.announce.run()
    assert states(here) == [("a", "sent")]
    run_at(here, NINE + DAY)
    assert states(here) == [("a", "sent"), ("b", "sent")]


def test_a_fault_with_one_platform_ends_nothing_else() -> None:
    here = office(posts(channels=("wordpress", "mediawiki")))

    def broken(post: Post) -> Answer:
        raise RuntimeError(post.key)

    here.platforms["wordpress"].post = broken  # type: ignore[method-assign]
    report = here.announce.run()
    assert report.troubles == {"wordpress": FAULT}
    assert {row.channel: row.state for row in here.postings.all()} == {
        "wordpress": State.SENDING,
        "mediawiki": State.SENT,
    }
