"""The publications port on each database."""

import pytest

from diffuse.adapters.definitions import digest, dump, load
from diffuse.adapters.sql.publications import SqlPublications
from tests.suites.store.given import MINUTE, NOW, Store, campaign, together


def test_a_publication_keeps_the_text_its_digest_and_its_time(store: Store) -> None:
    published = store.publications.publish(campaign(), NOW)
    assert (published.id, published.campaign, published.published_at) == (1, campaign(), NOW)
    assert published.digest == store.texts.digest(campaign())
    assert store.new_publications().get(1) == published


def test_the_same_text_again_returns_the_publication_that_exists(store: Store) -> None:
    first = store.publications.publish(campaign(), NOW)
    assert store.publications.publish(campaign(), NOW + MINUTE) == first


def test_a_text_that_returns_after_another_one_is_a_publication_of_its_own(store: Store) -> None:
    titles = ("Un", "Deux", "Un")
    ids = [store.publications.publish(campaign(title=title), NOW).id for title in titles]
    assert ids == sorted(set(ids))
    assert [one.id for one in store.publications.running()] == ids[-1:]


def test_the_newest_of_each_campaign_is_running_by_id(store: Store) -> None:
    for name, title in (("spam", "A"), ("ai", "B"), ("spam", "C")):
        store.publications.publish(campaign(name, title), NOW)
    running = store.publications.running()
    assert [(one.campaign.id, one.campaign.title["fr"]) for one in running] == [("ai", "B"), ("spam", "C")]


def test_an_unknown_publication_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.publications.get(7)


def test_a_publication_is_read_from_its_text_once(store: Store) -> None:
    store.publications.publish(campaign(), NOW)
    for _ in range(3):
        store.publications.running()
        store.publications.get(1)
    assert store.texts.loads == 1


def test_publishing_the_same_text_in_eight_threads_makes_one_publication(store: Store) -> None:
    ids = together(8, lambda _: store.new_publications().publish(campaign(), NOW).id)
    assert set(ids) == {1}
    assert len(store.publications.running()) == 1


def test_a_campaign_survives_its_real_text(store: Store) -> None:
    publications = SqlPublications(store.engine, dump=dump, load=load, digest=digest)
    published = publications.publish(campaign(), NOW)
    again = SqlPublications(store.engine, dump=dump, load=load, digest=digest)
    assert again.running() == (published,)
    assert again.publish(campaign(), NOW + MINUTE) == published
    assert published.campaign == campaign()
