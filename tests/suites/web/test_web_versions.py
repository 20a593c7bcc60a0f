"""The page of an older message says that a newer version is in force, and what a confirmation is worth."""

from dataclasses import replace

import pytest

from diffuse.domain.versions import Revision
from tests.suites.web.given import CAMPAIGN, NOW, Service, publications, shown


def publish(service: Service, kind: str, *points: str) -> None:
    policy = replace(CAMPAIGN.policies[0], version="3 <b>")
    one = Revision(policy="succession", version="3 <b>", previous="2.1", kind=kind, key_points=points)
    publications(service.engine).publish(replace(CAMPAIGN, policies=(policy,)), {}, NOW, [one])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fr",
            "est en vigueur (version 3 <b>), et ce point a changé. Ce que vous confirmez ici vaut pour la",
        ),
        ("en", "is in force (version 3 <b>), and this point has changed. What you confirm here holds for"),
    ],
)
def test_who_looks_at_a_text_that_has_changed_is_told_so(service: Service, language: str, words: str) -> None:
    publish(service, "material", "both")
    page = service.browser.get(service.path("acknowledge", f"both {language}"))
    assert words in shown(page)
    assert "version 3 &lt;b&gt;" in page.text
    assert "version 2.1" in shown(page)


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "votre confirmation compte"), ("en", "your confirmation counts")]
)
def test_who_looks_at_a_text_that_changed_little_is_told_that_it_counts(
    service: Service, language: str, words: str
) -> None:
    publish(service, "material", "plain")
    assert words in shown(service.browser.get(service.path("acknowledge", f"both {language}")))


def test_an_old_text_is_acknowledged_as_what_it_was(service: Service) -> None:
    publish(service, "material", "both")
    assert service.press(answer="1").status_code == 303
    (kept,) = service.rows("acknowledgement")
    assert kept["version"] == "2.1"
    assert "version 2.1" in kept["statement"]


def test_a_page_of_the_text_in_force_says_nothing(service: Service) -> None:
    assert "en vigueur" not in shown(service.browser.get(service.path("acknowledge")))
