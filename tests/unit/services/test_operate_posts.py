"""What operators see of posts, and may do with them."""

from datetime import date, timedelta

import pytest

from diffuse.adapters.sql.overview import SqlOverview
from diffuse.domain.delivery import State
from diffuse.domain.post import Refused, Retry, Unsure
from diffuse.errors import AuthoringError
from diffuse.ports import Posts
from diffuse.services.operate import Operate
from diffuse.testing import MemoryQueue
from tests.unit.services.given import EARLY, LATE, Office, campaign

NAME = "social-media"


class Desk:
    """An operator in an office whose campaign posts in French on WordPress and in a chat."""

    def __init__(self) -> None:
        self.office = Office()
        self.queue = MemoryQueue()
        self.operate = Operate(
            clock=self.office.clock,
            control=self.office.control,
            overview=SqlOverview(self.office.engine),
            publications=self.office.publications,
            postings=self.office.postings,
            queue=self.queue,
        )
        self.office.launch(
            campaign(languages=("fr",), channels=("wordpress", "teams"), ends=date(2027, 1, 10))
        )

    def standings(self) -> dict[str, str]:
        return {one.channel: one.standing for one in self.operate.posts(None, NAME)}

    def run(self) -> None:
        self.office.announce.run()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.office.clock.set(LATE)
    return desk


def test_posts_are_listed_by_how_they_stand_and_by_campaign(desk: Desk) -> None:
    desk.office.platforms["teams"].answers.append(Unsure("no answer came"))
    desk.run()
    assert desk.standings() == {"wordpress": "sent", "teams": "unknown"}
    (unknown,) = desk.operate.posts("unknown", None)
    assert (unknown.channel, unknown.reason) == ("teams", "no answer came")
    assert desk.operate.posts("withdrawn", NAME) == []


def test_a_campaign_that_nobody_launched_has_no_posts_to_list(desk: Desk) -> None:
    with pytest.raises(AuthoringError, match="did you mean 'social-media'"):
        desk.operate.posts(None, "social-medai")


def test_a_post_that_is_settled_as_planned_is_published_with_the_next_round(desk: Desk) -> None:
    desk.office.platforms["teams"].answers.append(Unsure("no answer came"))
    desk.run()
    (unknown,) = desk.operate.posts("unknown", None)
    assert desk.operate.settle_posts({unknown.id}, State.PLANNED, "ana").done == 1
    assert desk.queue.kicks == 1
    desk.run()
    assert desk.standings()["teams"] == "sent"


def test_what_a_platform_refused_is_published_once_an_operator_asks_for_it(desk: Desk) -> None:
    desk.office.platforms["wordpress"].answers.append(Refused("401: wrong password"))
    desk.run()
    desk.run()
    assert desk.standings()["wordpress"] == "failed"
    assert desk.operate.retry_posts(NAME, "ana") == 1
    desk.run()
    assert desk.standings()["wordpress"] == "sent"


def test_what_is_asked_for_after_its_window_gets_the_next_one(desk: Desk) -> None:
    desk.office.platforms["wordpress"].answers.append(Refused("401: wrong password"))
    desk.run()
    desk.office.clock.set(LATE + timedelta(hours=3))
    assert desk.operate.retry_posts(NAME, "ana") == 1
    desk.run()
    (waits,) = desk.operate.posts("planned", NAME)
    assert waits.due_at.date() == date(2027, 1, 5)
    assert waits.reason.endswith("ana asks for another attempt")


@pytest.mark.parametrize("name", ["social-medai", NAME])
def test_posts_of_a_campaign_that_is_not_known_or_cancelled_are_not_planned_again(
    desk: Desk, name: str
) -> None:
    desk.operate.cancel(NAME, "")
    with pytest.raises(AuthoringError):
        desk.operate.retry_posts(name, "ana")


def test_the_view_counts_posts_and_names_a_platform_that_rests(desk: Desk) -> None:
    desk.office.platforms["wordpress"].answers.append(Retry(timedelta(minutes=5), "503 maintenance"))
    desk.run()
    view = desk.operate.view()
    assert view.posts == (
        Posts(campaign=NAME, channel="teams", state="sent", number=1),
        Posts(campaign=NAME, channel="wordpress", state="planned", number=1),
    )
    assert [(one.name, one.reason) for one in view.lanes] == [("platform:wordpress", "503 maintenance")]


def test_without_posts_the_view_has_none() -> None:
    desk = Desk()
    desk.office.clock.set(EARLY - timedelta(days=3))
    desk.run()
    assert desk.operate.view().posts == ()
