"""What operators copy from the pages about the intranet is taken as it stands."""

import json
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from diffuse.adapters.platforms.building import looks, platform
from diffuse.domain.channel import PLATFORMS, kind_of
from diffuse.domain.identity import WAYS
from diffuse.domain.post import Post
from diffuse.settings import PLATFORM_NEEDS, Settings
from tests.docs.pages import ROOT, SETTINGS, blocks, code, rows, section

INTRANET = ROOT / "docs" / "intranet.md"
TABLES = [block for page in (INTRANET, SETTINGS) for block in blocks(page, "toml")]
REQUIRED = {
    "base_url": "https://diffuse.universite.example",
    "secret": "0123456789abcdef0123456789abcdef",
    "sender": "Service des communications <communications@universite.example>",
}


def _settings(block: str) -> Settings:
    given: dict[str, Any] = tomllib.loads(block)
    return Settings(**{**REQUIRED, **given})


@pytest.mark.parametrize("block", [block for block in TABLES if "[platforms" in block])
def test_a_table_that_is_shown_can_be_pasted_into_the_settings(block: str) -> None:
    # Dots stand for secrets; that of a webhook is base64.
    settings = _settings(block.replace("whsec_…", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
    for channel, account in settings.platforms.items():
        built = platform(channel, account.given(), authority="universite.example")
        assert built.name == channel
        built.close()


@pytest.mark.parametrize("block", [block for block in blocks(INTRANET, "toml") if "[platforms" not in block])
def test_the_other_settings_that_are_shown_are_taken_too(block: str) -> None:
    assert _settings(block).model_fields_set > REQUIRED.keys()


def test_every_kind_of_platform_is_shown_with_all_that_it_takes() -> None:
    shown: dict[str, set[str]] = {}
    for block in blocks(INTRANET, "toml"):
        for channel, account in tomllib.loads(block).get("platforms", {}).items():
            shown.setdefault(kind_of(channel), set()).update(account)
    for kind in set(PLATFORMS) - {"feed"}:
        assert shown[kind] == {*PLATFORM_NEEDS[kind][0], *PLATFORM_NEEDS[kind][1]}


def test_the_event_that_a_webhook_sends_is_the_one_that_is_shown() -> None:
    (shown,) = (json.loads(block) for block in blocks(INTRANET, "json") if "post.published" in block)
    post = Post(
        key="essai-fr-0123456789abcdef",
        title="Qui parle?",
        html="<p>Vous.</p>",
        text="Vous.",
        language="fr",
        publish_at=datetime(2027, 1, 12, 14, tzinfo=UTC),
    )
    sent = json.loads(looks("webhook").dress(post).content)
    assert list(shown) == list(sent)
    assert list(shown["data"]) == list(sent["data"])


def test_every_way_to_say_who_one_is_is_named_as_the_evidence_does() -> None:
    told = rows(section(INTRANET, "Who acknowledges from a post"))
    assert tuple(cells[2].strip("`") for cells in told) == WAYS
    assert {name for cells in told for name in code(cells[1])} <= set(Settings.model_fields)
