"""The publications port on each database."""

import pytest

from diffuse.adapters import baked_json, definitions
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.domain.message import Baked, Excerpt, Slot, Wording
from tests.suites.store.given import MINUTE, NOW, Store, campaign, together


def test_a_publication_keeps_the_text_its_digest_and_its_time(store: Store) -> None:
    published = store.publications.publish(campaign(), {}, NOW)
    assert (published.id, published.campaign, published.published_at) == (1, campaign(), NOW)
    assert len(published.digest) == 64
    assert store.new_publications().get(1) == published


def test_the_same_text_again_returns_the_publication_that_exists(store: Store) -> None:
    first = store.publications.publish(campaign(), {}, NOW)
    assert store.publications.publish(campaign(), {}, NOW + MINUTE) == first


def test_a_text_that_returns_after_another_one_is_a_publication_of_its_own(store: Store) -> None:
    titles = ("Un", "Deux", "Un")
    ids = [store.publications.publish(campaign(title=title), {}, NOW).id for title in titles]
    assert ids == sorted(set(ids))
    assert [one.id for one in store.publications.running()] == ids[-1:]


def test_the_newest_of_each_campaign_is_running_by_id(store: Store) -> None:
    for name, title in (("spam", "A"), ("ai", "B"), ("spam", "C")):
        store.publications.publish(campaign(name, title), {}, NOW)
    running = store.publications.running()
    assert [(one.campaign.id, one.campaign.title["fr"]) for one in running] == [("ai", "B"), ("spam", "C")]


def test_an_unknown_publication_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.publications.get(7)


def test_a_publication_is_read_from_its_text_once(store: Store) -> None:
    store.publications.publish(campaign(), {}, NOW)
    for _ in range(3):
        store.publications.running()
        store.publications.get(1)
    assert store.texts.loads == 1


def test_publishing_the_same_text_in_eight_threads_makes_one_publication(store: Store) -> None:
    ids = together(8, lambda _: store.new_publications().publish(campaign(), {}, NOW).id)
    assert set(ids) == {1}
    assert len(store.publications.running()) == 1


def test_a_campaign_survives_its_real_text(store: Store) -> None:
    texts = (definitions.dump, definitions.load)
    wordings = (baked_json.dump, baked_json.load)
    publications = SqlPublications(store.engine, campaigns=texts, wordings=wordings)
    published = publications.publish(campaign(), {}, NOW)
    again = SqlPublications(store.engine, campaigns=texts, wordings=wordings)
    assert again.running() == (published,)
    assert again.publish(campaign(), {}, NOW + MINUTE) == published
    assert published.campaign == campaign()


SPAM = Wording("spam", "advice", "fr")


def baked(text: str) -> dict[Wording, Baked]:
    excerpt = Excerpt(subject="Sujet", body="<p>Texte</p>", action="")
    pieces = (text, Slot("employee.name"), "!")
    one = Baked(
        language="fr", subject=(), html=pieces, text=pieces, links=("https://a.example",), excerpt=excerpt
    )
    return {SPAM: one}


def test_a_wording_stays_as_it_was_baked(store: Store) -> None:
    wordings = baked("Bonjour ")
    number = store.publications.publish(campaign(), wordings, NOW).id
    assert store.new_publications().wording(number, SPAM) == wordings[SPAM]


def test_another_layout_of_the_same_text_is_a_publication_of_its_own_and_moves_nothing(store: Store) -> None:
    before = store.publications.publish(campaign(), baked("Bonjour "), NOW)
    after = store.publications.publish(campaign(), baked("Salut "), NOW + MINUTE)
    assert (after.id, after.digest) != (before.id, before.digest)
    kept = store.publications.wording(before.id, SPAM)
    assert kept == baked("Bonjour ")[SPAM]
    assert store.publications.publish(campaign(), baked("Salut "), NOW + MINUTE) == after


def test_an_unknown_wording_is_a_key_error_that_names_it(store: Store) -> None:
    number = store.publications.publish(campaign(), baked("Bonjour "), NOW).id
    with pytest.raises(KeyError, match="wording spam/legal/fr of publication 1"):
        store.publications.wording(number, Wording("spam", "legal", "fr"))
