"""What every platform's adapter promises; a test module makes a class of this one, and gives it a ``rig``.

A platform that cannot be asked what became of a post (``looks_up``) is held to less, and to saying so.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import timedelta
from itertools import count
from typing import ClassVar

import pytest

from diffuse.domain.post import (
    Absent,
    AlreadyThere,
    Answer,
    Post,
    Posted,
    Refused,
    Retry,
    Unsure,
    Withdrawn,
)
from tests.servers import free_port
from tests.suites.platforms.fault_proxy import STEPS, FaultProxy, Reply, Request
from tests.suites.platforms.poster import Posters
from tests.suites.platforms.rig import Recipe, Rig
from tests.suites.platforms.sample import GONE, HOSTILE, STAYS, TITLE, WORDS, a_post, built, read, words_of

SECRET = ("password", "secret", "token")
"""What the names of secret arguments hold."""

THERE = (Posted, AlreadyThere)


def published(rig: Rig, post: Post) -> Answer:
    """Publish as whoever comes after: with an adapter that knows of nothing."""
    with built(rig.recipe()) as platform:
        return platform.post(post)


def secrets_of(recipe: Recipe) -> list[str]:
    """Return what nobody may read."""
    named = recipe.arguments.items()
    return [str(value) for name, value in named if any(word in name for word in SECRET) and value]


def is_secret_kept(recipe: Recipe, text: str) -> bool:
    """Whether a text holds nothing secret."""
    return not [secret for secret in secrets_of(recipe) if secret in text]


class Conformance:
    """The suite.

    Attributes:
        short: seconds until an adapter gives up; long enough for a real platform on a busy machine.
        moment: seconds for which the request of one process is kept back for that of another.
    """

    short: ClassVar[float] = 2.0
    moment: ClassVar[float] = 1.0

    def test_a_post_that_is_there_is_not_published_twice(self, rig: Rig) -> None:
        post = a_post()
        with built(rig.recipe()) as platform:
            first, second = platform.post(post), platform.post(post)
        assert isinstance(first, Posted), first
        if rig.looks_up:
            assert second == AlreadyThere(first.id, first.url)
            assert len(rig.posts()) == 1
        else:
            assert isinstance(second, Posted | AlreadyThere | Unsure), second

    def test_a_look_up_finds_what_is_there_and_nothing_else(self, rig: Rig) -> None:
        with built(rig.recipe()) as platform:
            before = platform.lookup("loi-25-incidents-1")
            posted = platform.post(a_post())
            after, other = platform.lookup("loi-25-incidents-1"), platform.lookup("loi-25-incidents")
        if rig.looks_up:
            assert (before, after, other) == (Absent(), posted, Absent())
        else:
            assert all(isinstance(one, Unsure) for one in (before, after, other))

    @pytest.mark.parametrize("holds", [False, True], ids=["cut", "silent"])
    def test_a_reply_that_is_lost_leads_to_a_look_up(self, rig: Rig, *, holds: bool) -> None:
        answers = []
        for number, request in enumerate(requests_of(rig), 1):
            if holds and not request.is_write:
                continue  # as if it were cut
            rig.empty()
            with FaultProxy(rig.address) as proxy:
                proxy.swallowed, proxy.holds = number, holds
                with built(rig.recipe(proxy.address).patient_for(self.short)) as platform:
                    answers.append(answer := platform.post(a_post()))
            if rig.looks_up:
                assert isinstance(answer, Posted | AlreadyThere | Retry), answer
                assert isinstance(published(rig, a_post()), THERE)
                assert len(rig.posts()) == 1
            else:
                assert isinstance(answer, Posted | Retry | Unsure), answer
                assert len(rig.posts()) <= 1
        expected = THERE if rig.looks_up else (Posted, Retry, Unsure)
        assert [answer for answer in answers if isinstance(answer, expected)], answers

    def test_a_request_that_arrives_late_makes_no_second_post(self, rig: Rig) -> None:
        if not rig.looks_up:
            with built(rig.recipe()) as platform:
                assert isinstance(platform.lookup(a_post().key), Unsure)
            return
        for number, request in enumerate(requests_of(rig), 1):
            if not request.is_write:
                continue
            rig.empty()
            with FaultProxy(rig.address) as proxy:
                proxy.late = number
                with built(rig.recipe(proxy.address).patient_for(self.short)) as platform:
                    answer = platform.post(a_post())
                    assert isinstance(answer, Posted | AlreadyThere | Retry), answer
                    assert isinstance(published(rig, a_post()), THERE)
            assert len(rig.posts()) == 1, f"request {number} was late"

    def test_a_process_that_is_killed_at_any_step_leaves_one_post(self, rig: Rig, posters: Posters) -> None:
        for step in count(1):
            rig.empty()
            told = killed_at(step, rig, posters)
            if told is not None:
                assert told["kind"] == "Posted", told
                assert step > STEPS
                break
            if rig.looks_up:
                assert isinstance(published(rig, a_post()), THERE)
                assert len(rig.posts()) == 1, f"killed at step {step}"
            else:
                assert len(rig.posts()) <= 1, f"killed at step {step}"

    def test_two_processes_at_once_make_one_post(self, rig: Rig, posters: Posters) -> None:
        with FaultProxy(rig.address) as proxy:
            proxy.together, proxy.moment = 2 if rig.looks_up else 1, self.moment
            recipe = rig.recipe(proxy.address)
            both = [posters.start(recipe, a_post()) for _ in range(2)]
            told = [posters.answer(one) for one in both]
        assert {answer and answer["kind"] for answer in told} <= {"Posted", "AlreadyThere", "Retry"}, told
        if rig.looks_up:
            assert isinstance(published(rig, a_post()), AlreadyThere), told
            assert len(rig.posts()) == 1

    def test_a_platform_that_is_not_there_is_tried_again(self, rig: Rig) -> None:
        with built(rig.recipe(f"http://127.0.0.1:{free_port()}")) as platform:
            answer = platform.post(a_post())
        assert isinstance(answer, Retry), answer
        assert answer.after > timedelta(0)
        assert answer.reason

    @pytest.mark.parametrize(
        ("reply", "after"),
        [
            (Reply(status=429, headers={"Retry-After": "7"}), timedelta(seconds=7)),
            (Reply(status=503, headers={"Retry-After": "120"}), timedelta(minutes=2)),
            (Reply(status=503), None),
        ],
        ids=["429", "503-after", "503"],
    )
    def test_a_platform_that_asks_to_wait_is_given_its_time(
        self, rig: Rig, reply: Reply, after: timedelta | None
    ) -> None:
        with FaultProxy(rig.address) as proxy, built(rig.recipe(proxy.address)) as platform:
            proxy.injected = reply
            answer = platform.post(a_post())
        assert isinstance(answer, Retry), answer
        assert after in {None, answer.after}
        assert f"{reply.status}" in answer.reason
        assert not rig.posts()

    def test_hostile_html_is_gone_and_its_words_stay(self, rig: Rig) -> None:
        assert isinstance(
            published(rig, a_post(html=HOSTILE, text="Mot avant Mot gras Mot lien Mot après")), Posted
        )
        (seen,) = rig.posts()
        shown = seen.content.lower()
        assert not [part for part in GONE if part in shown], seen.content
        assert not [word for word in STAYS if word not in read(seen)], seen.content

    def test_accents_signs_and_long_titles_survive(self, rig: Rig) -> None:
        escaped = WORDS.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        post = a_post(title=TITLE, html=f"<p>{escaped}</p>", text=WORDS)
        assert isinstance(published(rig, post), Posted)
        (seen,) = rig.posts()
        shown = read(seen)
        assert words_of(post.html) in shown
        assert " ".join(words_of(TITLE.replace("<", "&lt;")).split()) in shown

    def test_bad_credentials_are_refused_in_the_platforms_own_words(self, rig: Rig) -> None:
        recipe = rig.recipe(credentials="bad")
        with built(recipe) as platform:
            answer = platform.post(a_post())
        assert isinstance(answer, Refused), answer
        assert "does not accept our credentials" in answer.reason
        assert is_secret_kept(recipe, answer.reason)
        assert not rig.posts()

    def test_another_product_at_that_address_publishes_nothing_that_we_know_of(self, rig: Rig) -> None:
        page = b"<!doctype html><html><head><title>Bienvenue</title></head><body>Bonjour</body></html>"
        with FaultProxy(rig.address) as proxy, built(rig.recipe(proxy.address)) as platform:
            proxy.injected = Reply(status=200, headers={"Content-Type": "text/html"}, body=page)
            answer = platform.post(a_post())
        assert isinstance(answer, Refused if rig.looks_up else Unsure), answer
        assert "not that of this platform" in f"{answer}"

    def test_nobody_reads_a_post_that_was_withdrawn(self, rig: Rig) -> None:
        with built(rig.recipe()) as platform:
            if not rig.changes:
                assert isinstance(platform.withdraw(a_post().key), Refused)
                return
            if rig.looks_up:
                assert platform.withdraw(a_post().key) == Withdrawn()
            platform.post(a_post())
            assert [platform.withdraw(a_post().key) for _ in range(2)] == [Withdrawn(), Withdrawn()]
            assert isinstance(platform.lookup(a_post().key), Absent if rig.looks_up else Unsure)
            assert not rig.posts()

    def test_a_post_that_was_withdrawn_is_published_again_with_its_present_text(self, rig: Rig) -> None:
        with built(rig.recipe()) as platform:
            if not (rig.changes and rig.looks_up):
                assert isinstance(platform.lookup(a_post().key), Unsure)
                return
            platform.post(a_post())
            platform.withdraw(a_post().key)
            again = platform.post(a_post(html="<p>Le présent texte.</p>"))
            assert isinstance(again, Posted), again
            assert platform.lookup(a_post().key) == again
        (seen,) = rig.posts()
        assert "Le présent texte." in read(seen)

    def test_a_change_is_made_in_place(self, rig: Rig) -> None:
        newer = a_post(title="Signaler vite", html="<p>En une heure.</p>", text="En une heure.")
        with built(rig.recipe()) as platform:
            posted = platform.post(a_post())
            changed = platform.update(newer)
        if not rig.changes:
            assert isinstance(changed, Refused), changed
            return
        assert changed == posted or not rig.looks_up
        (seen,) = rig.posts()
        assert "En une heure." in read(seen)
        assert "Signaler vite" in read(seen)
        assert "24 heures" not in read(seen)

    def test_what_is_not_there_cannot_be_changed(self, rig: Rig) -> None:
        with built(rig.recipe()) as platform:
            answers = [platform.update(a_post())]
            if rig.changes and rig.looks_up:
                platform.post(a_post())
                platform.withdraw(a_post().key)
                answers.append(platform.update(a_post()))
        if rig.looks_up or not rig.changes:
            assert all(isinstance(answer, Refused) for answer in answers), answers
            assert not rig.posts()

    def test_whoever_hung_up_connects_anew(self, rig: Rig) -> None:
        with built(rig.recipe()) as platform:
            platform.close()
            posted = platform.post(a_post())
            assert isinstance(posted, Posted), posted
            platform.close()
            platform.close()
            after = platform.lookup(a_post().key)
        assert after == posted if rig.looks_up else isinstance(after, Unsure)
        assert len(rig.posts()) == 1

    def test_nothing_secret_is_shown(self, rig: Rig) -> None:
        recipe = rig.recipe()
        with built(recipe) as platform:
            assert is_secret_kept(recipe, repr(platform))
            assert is_secret_kept(recipe, f"{platform.dress(a_post())}")
            assert platform.name


def requests_of(rig: Rig) -> list[Request]:
    """Return what an adapter asks in order to publish."""
    with FaultProxy(rig.address) as proxy, built(rig.recipe(proxy.address)) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Posted), answer
    assert proxy.requests
    return proxy.requests


def killed_at(step: int, rig: Rig, posters: Posters) -> Mapping[str, str] | None:
    """Publish in another process that is killed at a step; return its answer if it came to its end before."""
    killed = threading.Event()
    with FaultProxy(rig.address) as proxy:
        started: Future[int] = Future()

        def kill(number: int) -> bool:
            if number == step:
                killed.set()
                posters.kill(started.result(10))
            return number < step

        proxy.on_step = kill
        started.set_result(posters.start(rig.recipe(proxy.address), a_post()))
        told = posters.answer(started.result())
    return None if killed.is_set() else told
