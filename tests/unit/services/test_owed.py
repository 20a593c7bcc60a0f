"""Owed: what waits for an employee's confirmation, in mails and on the intranet."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.people import Audience
from diffuse.domain.policy import MATERIAL, PolicyChange
from diffuse.domain.post import Refused, Retry
from tests.unit.services.given import DAY, EARLY, LATE, Office, campaign, key_point, person
from tests.unit.services.reading import acknowledge, visit

NINE = EARLY + timedelta(hours=1)


def posts(*points: Any, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    return campaign(*points, **{"channels": ("wordpress",)} | changes)


def office(one: Campaign | None = None) -> Office:
    here = Office(person("ana"), person("bob"), person("eve", language="en"), at=NINE)
    here.launch(one or posts())
    here.announce.run()
    return here


def addresses(here: Office, employee: str) -> list[str]:
    return [one.address for one in here.owed.by(employee).owing]


def test_a_post_waits_for_everybody_for_whom_it_is_in_their_language() -> None:
    here = office()
    numbers = {row.language: row.id for row in here.postings.all()}
    assert addresses(here, "ana") == [here.signer.address("post", numbers["fr"])]
    assert addresses(here, "eve") == [here.signer.address("post", numbers["en"])]
    (owing,) = here.owed.by("eve").owing
    assert (owing.campaign, owing.policy, owing.title, owing.language, owing.since) == (
        "Social media",
        "Conduct",
        "A reminder",
        "en",
        NINE,
    )


def test_nobody_owes_what_they_have_acknowledged_nor_what_asks_for_nothing() -> None:
    here = office(posts("pause", key_point("share", acknowledge=False)))
    acknowledge(here, "ana")
    here.clock.set(NINE + 3 * DAY)
    here.announce.run()
    assert (addresses(here, "ana"), len(addresses(here, "bob"))) == ([], 1)


def test_what_was_only_seen_is_still_owed_once() -> None:
    here = office()
    visit(here, "ana")
    assert addresses(here, "ana") == [here.signer.address("post", 1)]


def test_what_came_by_mail_and_by_post_counts_once_and_leads_to_the_post() -> None:
    here = Office(person("ana"))
    here.launch(posts(channels=("email", "wordpress"), languages=("fr",)))
    here.beat.run()
    here.clock.set(LATE)
    here.beat.run()
    assert len(here.channel.accepted) == 1
    assert addresses(here, "ana") == [here.signer.address("post", 1)]
    here.control.cancel("social-media", "wrong", LATE)
    assert addresses(here, "ana") == []


def test_what_came_by_mail_alone_leads_to_its_own_page() -> None:
    here = Office(person("ana"))
    here.launch(posts(channels=("email",)))
    here.day()
    assert addresses(here, "ana") == [here.signer.address("acknowledge", 1)]


def test_a_post_that_waits_or_failed_or_was_withdrawn_is_not_owed() -> None:
    here = Office(person("ana"), at=NINE)
    here.launch(posts(channels=("wordpress", "mediawiki")))
    here.platforms["wordpress"].answers = [Refused("403"), Refused("403")]
    here.platforms["mediawiki"].answers = [Retry(DAY, "503")]
    here.announce.run()
    assert addresses(here, "ana") == []


def test_a_post_for_others_is_not_owed_and_one_for_whom_somebody_stands_in_is() -> None:
    board = Audience(id="board", roles=("board",))
    here = office(posts(key_point("pause", audience="board"), audiences=(board,)))
    assert addresses(here, "ana") == []
    here.directory.save([person("ana", roles=("board",))])
    assert len(addresses(here, "ana")) == 1


def test_an_audience_that_is_not_there_any_more_is_nobodys_trouble() -> None:
    board = Audience(id="board", roles=("board",))
    here = office(posts("share", key_point("pause", audience="board"), audiences=(board,)))
    here.launch(posts("share", "pause"))  # and its platform has not been asked to withdraw anything yet
    assert len(addresses(here, "ana")) == 1


def test_a_text_whose_acknowledgement_would_not_count_is_not_owed() -> None:
    here = office(posts(languages=("fr",)))
    change = PolicyChange(kind=MATERIAL, reason="It says more.")
    point = replace(key_point("other-words"), id="pause")
    here.launch(posts(point, version="2", change=change, languages=("fr",)))
    assert addresses(here, "ana") == []
    here.announce.run()
    assert addresses(here, "ana") == [here.signer.address("post", 1)]


def test_somebody_who_is_not_known_is_told_apart_from_somebody_who_owes_nothing() -> None:
    here = office()
    with pytest.raises(KeyError):
        here.owed.by("nobody")


def test_the_oldest_comes_first() -> None:
    here = office(posts("a", "b", languages=("fr",)))
    here.clock.set(NINE + 3 * DAY)
    here.announce.run()
    assert [one.since for one in here.owed.by("ana").owing] == [NINE, NINE + 3 * DAY]


def test_a_language_that_we_do_not_speak_is_answered_in_french() -> None:
    here = office()
    here.directory.save([person("ana", language="es")])
    assert here.owed.by("ana").language == "fr"
    assert len(addresses(here, "ana")) == 1


def test_a_post_that_was_seen_and_withdrawn_is_not_owed_by_a_personal_link() -> None:
    here = office()
    visit(here, "ana")
    here.control.cancel("social-media", "over", here.clock.now())
    here.announce.run()
    here.control.lift("social-media", here.clock.now())
    assert addresses(here, "ana") == []
