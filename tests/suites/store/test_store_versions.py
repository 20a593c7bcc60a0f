"""Versions on each database: kept with their publication, never changed, and counted by what is in force."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.revisions import SqlVersions
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.versions import Revision
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, campaign, person, touchpoint

FIRST = Revision(policy="conduct", version="1", kind="first")


def revision(kind: str, *points: str, policy: str = "conduct") -> Revision:
    return Revision(
        policy=policy, version="2", previous="1", kind=kind, reason="Précisé; « enfin »", key_points=points
    )


def acknowledge(store: Store, publication: int, employee: str, point: str, touch: int = 0) -> None:
    one = touchpoint(publication=publication, employee=employee, key_point=point, touch=touch)
    store.plan(one)
    sent = store.sent()
    given = Acknowledgement(
        delivery=sent.id, policy="conduct", version="1", language="fr", statement="Lu.", at=NOW
    )
    store.hits.acknowledge(given, TODAY)


def test_a_publication_keeps_its_versions_and_what_they_ask_again(store: Store) -> None:
    store.publications.publish(campaign(title="A"), {}, NOW, [FIRST])
    store.publications.publish(campaign("other"), {}, NOW, [revision("material", "disclose")])
    both = [revision("material", "disclose", "pause"), revision("minor", policy="records")]
    third = store.publications.publish(campaign(title="B"), {}, NOW, both)
    fourth = store.publications.publish(campaign(title="C"), {}, NOW, [revision("material", "pause")])
    fresh = store.new_publications()
    assert fresh.get(1).revisions == (FIRST,)
    assert fresh.get(1).asked_since == {}
    assert (fresh.get(third.id).revisions, fresh.get(third.id)) == (tuple(both), third)
    assert third.asked_since == {"disclose": third.id, "pause": third.id}
    assert fourth.asked_since == {"disclose": third.id, "pause": fourth.id}


def test_the_same_text_again_adds_no_version(store: Store) -> None:
    first = store.publications.publish(campaign(), {}, NOW, [FIRST])
    assert store.publications.publish(campaign(), {}, NOW + MINUTE, [revision("minor")]) == first
    assert store.new_publications().get(first.id).revisions == (FIRST,)


def test_every_publication_of_a_campaign_is_there_the_newest_first(store: Store) -> None:
    numbers = [store.publications.publish(campaign(title=title), {}, NOW).id for title in ("A", "B", "A")]
    store.publications.publish(campaign("other"), {}, NOW)
    assert [one.id for one in store.publications.earlier("social-media")] == numbers[::-1]
    assert store.publications.earlier("nothing") == ()


@pytest.mark.parametrize("statement", ["UPDATE revision SET kind = 'minor'", "DELETE FROM revision"])
def test_the_database_refuses_to_change_a_version(store: Store, statement: str) -> None:
    store.publications.publish(campaign(), {}, NOW, [FIRST])
    with pytest.raises(DBAPIError, match="a version is only added"), writing(store.engine) as connection:
        connection.execute(text(statement))
    assert store.new_publications().get(1).revisions == (FIRST,)


def test_those_who_acknowledged_the_text_in_force_and_still_work_are_counted_once(store: Store) -> None:
    left = TODAY - timedelta(days=1)
    store.with_people("ana", "bob", "eve", "zoe")
    acknowledge(store, 1, "ana", "disclose")
    acknowledge(store, 1, "ana", "pause")
    acknowledge(store, 1, "bob", "disclose")
    acknowledge(store, 1, "eve", "pause")
    acknowledge(store, 1, "zoe", "archive")
    versions = SqlVersions(store.engine)
    first = store.publications.get(1)
    assert versions.acknowledged(first, ["disclose", "pause"], TODAY) == 3
    assert versions.acknowledged(first, [], TODAY) == 0
    second = store.publications.publish(campaign(title="B"), {}, NOW, [revision("material", "disclose")])
    assert versions.acknowledged(second, ["disclose"], TODAY) == 0
    assert versions.acknowledged(second, ["disclose", "pause"], TODAY) == 2
    store.directory.save([person("eve", ends=left)])
    assert versions.acknowledged(second, ["disclose", "pause"], TODAY) == 1


def test_a_substitute_who_acknowledged_an_older_text_has_not_acknowledged(store: Store) -> None:
    store.with_people("ana")
    acknowledge(store, 1, "ana", "disclose")
    pair = ("social-media", "disclose")
    assert store.relief.acknowledged(["ana"], {pair: 1}) == {"ana": {pair}}
    assert store.relief.acknowledged(["ana"], {pair: 2}) == {"ana": set()}
