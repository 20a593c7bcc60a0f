"""Campaigns in files: what is read, and how every mistake is told."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from diffuse.adapters.campaign_files import CampaignFiles
from diffuse.domain.campaign import Campaign
from diffuse.domain.message import Baked
from diffuse.domain.policy import KeyPoint, Policy, Text
from diffuse.errors import AuthoringError, Problem
from diffuse.services.check import check

PLANTED = {
    "campaign.yaml": """\
id: social-media
title: {fr: Médias sociaux, en: Social media}
owner: Marie Tremblay marie@example.org
languages: [fr, en]
starts: 11/01/2027
chanels: [email]
holidays: CA-QB
send_window:
  opens: 17:00
  closes: "09:00"
schedule:
  introduce_every: 2d
  max_resends: 2
  max_resends: 3
audiences:
  - id: managers
    roles: [manager]
policies:
  - policies/usage.yaml
  - policies/succession.yaml
""",
    "policies/usage.yaml": """\
id: usage
title: {fr: Usage, en: Use}
version: 2026.1
audience: manager
key_points:
  - id: disclose
    says: {fr: Dites qui vous êtes., en: Say who you are.}
    variants:
      - {register: legal, texts: usage/disclose.legal}
      - {register: advice, texts: usage/disclose.advise}
    question:
      asks: {fr: "Faut-il le dire?"}
      answers:
        - {says: Oui, feedback: Bravo., right: yes}
        - {says: Non, feedback: Bravo., right: yes}
  - id: relay
    says: {fr: Prévoyez., en: Plan.}
    acknowledge: oui
    variants:
      - {register: legal, texts: usage/relay.legal}
""",
    "policies/succession.yaml": """\
id: succession
title: {fr: Relève, en: Succession}
version: 2026.1
key_points:
  - id: relay
    says: {fr: Prévoyez., en: Plan.}
    variants:
      - register: legal
        texts:
          fr: usage/relay.legal.fr.md
          en:
            subject: Relay
            body: |
              Plan,
              {{ employe.name }}.
""",
    "messages/usage/disclose.legal.fr.md": "---\nsubject: Transparence\n---\n\nDites-le.\n{{ prenom }}\n",
    "messages/usage/disclose.legal.en.md": f"---\nsubject: Say it\n---\n{'word ' * 121}\n",
    "messages/usage/disclose.advice.fr.md": "---\nsubject: Un conseil\n---\nDites-le.\n",
    "messages/usage/disclose.advice.en.md": "---\nsubject: Advice\n---\nSay it.\n",
    "messages/usage/relay.legal.fr.md": "---\nsubject: Relève\naction: Prévoyez : oui\n---\nPrévoyez.\n",
}
RELAY = "---\nsubject: Relève\naction: Nommez.\n---\n\nPrévoyez.  \nDeux lignes.\n\n"
TOLD = """\
campaign.yaml:3:8: 'Marie Tremblay marie@example.org'; expected a person, written 'Name <name@example.org>'
campaign.yaml:5:9: '11/01/2027' is not a day; expected a day such as 2027-01-11 (year-month-day)
campaign.yaml:6:1: 'chanels' is not a key that is known here; expected one of id, title, owner, starts, \
policies, languages, ends, channels, fall_back_after, withdraw_after, time_zone, holidays, \
send_window, schedule, max_messages_per_week, priority, targets, on_unknown, late, tracking, \
decoy, audiences; did you mean 'channels'?
campaign.yaml:7:11: no region is called 'CA-QB'; expected a region; did you mean 'CA-QC'?
campaign.yaml:10:11: a window from 17:00 to 09:00, which is never open; \
expected an hour after 'opens' on the same day
campaign.yaml:12:20: '2d' is not a length of time; expected a length such as \
'2 days', '3 weeks' or '6 months'; did you mean '2 days'?
campaign.yaml:14:3: key 'max_resends' stands twice, first on line 13; expected each key once
messages/usage/disclose.legal.en.md:4:1: a text of 121 words; expected at most 120 words
messages/usage/disclose.legal.fr.md:6:1: braces; expected none
messages/usage/relay.legal.fr.md:3:18: a second ':' in the same value; \
expected the whole sentence between double quotes
policies/succession.yaml:5:9: key point 'relay' already stands in policy 'usage'; \
expected an id that no other key point of the campaign has
policies/succession.yaml:15:15: braces; expected none
policies/usage.yaml:4:11: no audience is called 'manager'; expected one of everyone, managers; \
did you mean 'managers'?
policies/usage.yaml:10:35: no file 'messages/usage/disclose.advise.fr.md' \
and no 'messages/usage/disclose.advise.en.md'; expected a message file for each language of the campaign; \
did you mean 'usage/disclose.advice'?
policies/usage.yaml:12:13: nothing in 'en'; expected a text in each language of the campaign
policies/usage.yaml:13:7: 2 right answers; expected exactly one with 'right: yes'
policies/usage.yaml:18:18: 'oui' is not yes or no; expected 'yes' or 'no'; did you mean 'yes'?
policies/usage.yaml:20:34: no file 'messages/usage/relay.legal.en.md'; \
expected a message file for each language of the campaign
"""
SOUND = {
    "campaign.yaml": """\
id: essai
title: {fr: Essai, en: Trial}
owner: Zoé Roy <zoe@example.org>
languages: [fr, en]
starts: 2027-01-11
policies:
  - policies/usage.yaml
""",
    "policies/usage.yaml": """\
id: usage
title: {fr: Usage, en: Use}
version: 1.10
key_points:
  - id: relay
    says: Prévoyez.
    variants:
      - {register: legal, texts: usage/relay.legal}
""",
    "messages/usage/relay.legal.fr.md": RELAY,
    "messages/usage/relay.legal.en.md": "---\r\nsubject: Relay\r\n---\r\nPlan.\r\n",
}
ONE_FILE = """\
id: essai
title: {fr: Essai, en: Trial}
owner: Zoé Roy <zoe@example.org>
languages: [fr, en]
starts: 2027-01-11
policies:
  - id: usage
    title: {fr: Usage, en: Use}
    version: 1.10
    key_points:
      - id: relay
        says: Prévoyez.
        variants:
          - register: legal
            texts:
              fr:
                subject: Relève
                action: Nommez.
                body: |-
                  Prévoyez.\u0020\u0020
                  Deux lignes.
              en: {subject: Relay, body: Plan.}
"""
PYTHON = """\
from datetime import date

from diffuse import ByLanguage, Campaign, KeyPoint, Policy, Text, Variant

relay = KeyPoint(
    id="relay",
    says=ByLanguage("Prévoyez."),
    variants=[
        Variant(
            register="legal",
            texts=ByLanguage(
                fr=Text(subject="Relève", action="Nommez.", body="Prévoyez.  \\nDeux lignes."),
                en=Text(subject="Relay", body="Plan."),
            ),
        )
    ],
)
campaign = Campaign(
    id="essai",
    title=ByLanguage(fr="Essai", en="Trial"),
    owner="Zoé Roy <zoe@example.org>",
    languages=("fr", "en"),
    starts=date(2027, 1, 11),
    policies=[Policy(id="usage", title=ByLanguage(fr="Usage", en="Use"), version="1.10", key_points=[relay])],
)
"""


class LineRenderer:
    """A renderer that only refuses braces, on their line and in their column of the body."""

    def problems(self, text: Text, language: str) -> Sequence[Problem]:
        return [
            Problem(path=("body",), found="braces", expected="none", line=number, column=line.index("{") + 1)
            for number, line in enumerate(text.body.split("\n"), start=1)
            if "{" in line
        ]

    def bake(
        self, campaign: Campaign, policy: Policy, point: KeyPoint, register: str, language: str
    ) -> Baked:
        raise NotImplementedError

    def fragment(self, text: Text) -> str:
        raise NotImplementedError


class QuebecOnly:
    """A calendar that knows one region."""

    def holidays(self, region: str, years: Iterable[int]) -> frozenset[date]:
        if region not in {"", "CA-QC"}:
            raise AuthoringError.of(f"no region is called {region!r}", "a region", suggestion="CA-QC")
        return frozenset()


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


def said(*paths: Path) -> list[str]:
    """Check, and return the problems, each with its file's name instead of its path."""
    problems = check(paths, CampaignFiles(), LineRenderer(), QuebecOnly())
    root = paths[0] if paths[0].is_dir() else paths[0].parent
    return [str(problem).replace(f"{root}{os.sep}", "") for problem in problems]


def read(path: Path) -> Campaign:
    loaded = CampaignFiles().read(path)
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.campaign is not None
    return loaded.campaign


def test_every_planted_mistake_is_told_at_its_place(tmp_path: Path) -> None:
    assert said(written(tmp_path, PLANTED)) == TOLD.splitlines()


def test_a_folder_one_file_and_a_program_give_equal_campaigns(tmp_path: Path) -> None:
    (tmp_path / "essai.yml").write_text(ONE_FILE, encoding="utf-8")
    (tmp_path / "essai.py").write_text(PYTHON, encoding="utf-8")
    folder = read(written(tmp_path / "essai", SOUND))
    assert folder == read(tmp_path / "essai.yml")
    assert folder == read(tmp_path / "essai.py")
    assert folder == read(tmp_path / "essai" / "campaign.yaml")
    assert hash(folder) == hash(read(tmp_path / "essai.py"))


def test_a_message_is_its_front_matter_and_the_text_below(tmp_path: Path) -> None:
    texts = read(written(tmp_path, SOUND)).policies[0].key_points[0].variants[0].texts
    assert texts["fr"] == Text(subject="Relève", action="Nommez.", body="Prévoyez.  \nDeux lignes.")
    assert texts["en"] == Text(subject="Relay", body="Plan.")


def test_a_sound_campaign_has_no_problem_in_whatever_form(tmp_path: Path) -> None:
    (tmp_path / "autre.py").write_text(PYTHON.replace('"essai"', '"autre"'), encoding="utf-8")
    assert said(written(tmp_path / "essai", SOUND), tmp_path / "autre.py") == []


def test_every_wording_is_kept_with_its_language_and_its_path(tmp_path: Path) -> None:
    (tmp_path / "essai.py").write_text(PYTHON, encoding="utf-8")
    path = ("policies", 0, "key_points", 0, "variants", 0, "texts")
    for file in (written(tmp_path, SOUND), tmp_path / "essai.py"):
        texts = CampaignFiles().read(file).texts
        assert [(one.language, one.path) for one in texts] == [("fr", (*path, "fr")), ("en", (*path, "en"))]


def test_a_campaign_that_is_named_twice_is_told_once(tmp_path: Path) -> None:
    written(tmp_path, SOUND)
    assert said(tmp_path, tmp_path / "campaign.yaml") == [
        "campaign.yaml: a campaign that was named already; expected each one once"
    ]


def test_two_campaigns_with_the_same_id_are_told_at_the_second_one(tmp_path: Path) -> None:
    written(tmp_path, SOUND)
    (tmp_path / "autre.yaml").write_text(ONE_FILE, encoding="utf-8")
    (tmp_path / "autre.py").write_text(PYTHON, encoding="utf-8")
    assert said(tmp_path, tmp_path / "autre.yaml", tmp_path / "autre.py") == [
        f"autre.py: id: id 'essai' is that of {tmp_path} too; expected ids that differ",
        f"autre.yaml:1:5: id 'essai' is that of {tmp_path} too; expected ids that differ",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("campaign.yaml", "no such file; expected a text file"),
        ("notes.txt", "no campaign; expected a folder with campaign.yaml, a .yaml file or a .py file"),
    ],
)
def test_what_holds_no_campaign_is_told(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "notes.txt").touch()
    assert said(tmp_path if name == "campaign.yaml" else tmp_path / name) == [f"{name}: {expected}"]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("../secret.yaml", "'../secret.yaml'; expected the name of a file inside the campaign's folder"),
        ("/etc/passwd", "'/etc/passwd'; expected the name of a file inside the campaign's folder"),
        (
            "policies/link.yaml",
            "'policies/link.yaml'; expected the name of a file inside the campaign's folder",
        ),
        (r'"a\0b"', r"'a\x00b'; expected the name of a file inside the campaign's folder"),
        (
            "policies/usages.yaml",
            ("no file 'policies/usages.yaml'; expected a file in the campaign's folder;"
            " did you mean 'policies/usage.yaml'?"),
        ),
        ("x" * 300, f"no file '{'x' * 59}…'; expected a file in the campaign's folder"),
        ("messages", "no file 'messages'; expected a file in the campaign's folder"),
    ],
)  # fmt: skip
def test_a_policy_is_a_file_inside_the_campaigns_folder(tmp_path: Path, reference: str, problem: str) -> None:
    (tmp_path / "secret.yaml").write_text("id: secret\n", encoding="utf-8")
    folder = written(tmp_path / "c", SOUND)
    (folder / "policies" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    file = folder / "campaign.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("policies/usage.yaml", reference), encoding="utf-8"
    )
    assert said(folder) == [f"campaign.yaml:7:5: {problem}"]


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ("../../x", "8:34: 'messages/../../x'; expected the name of a file inside the campaign's folder"),
        (
            "{fr: usage/relay.legal.md, en: usage/relay.legal.en.md}",
            ("8:39: no file 'messages/usage/relay.legal.md'; expected a file in the campaign's folder;"
            " did you mean 'usage/relay.legal.fr.md'?"),
        ),
        (
            "{en: usage/relay.legal.en.md}",
            "8:34: nothing in 'fr'; expected a text in each language of the campaign",
        ),
        ("[a]", "8:34: a list; expected a text for each language (fr, en)"),
    ],
)  # fmt: skip
def test_wordings_are_files_inside_the_folder_of_messages(tmp_path: Path, texts: str, problem: str) -> None:
    written(tmp_path, SOUND)
    file = tmp_path / "policies" / "usage.yaml"
    policy = file.read_text(encoding="utf-8").replace("texts: usage/relay.legal", f"texts: {texts}")
    file.write_text(policy, encoding="utf-8")
    assert said(tmp_path) == [f"policies/usage.yaml:{problem}"]


def test_languages_that_cannot_be_read_hide_no_message(tmp_path: Path) -> None:
    written(tmp_path, SOUND)
    (tmp_path / "messages/usage/relay.legal.en.md").unlink()
    file = tmp_path / "campaign.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("[fr, en]", "fr"), encoding="utf-8")
    (problem,) = said(tmp_path)
    assert problem.startswith("campaign.yaml:4:12: 'fr'; expected a list")
    assert [text.language for text in CampaignFiles().read(tmp_path).texts] == ["fr"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "subject: Relève\n",
            ("1:1: no front matter; expected a line '---', then 'subject:' and 'action:', then a line '---',"
            " then the text"),
        ),
        ("---\n---\nPrévoyez.\n", "2:1: nothing in this file; expected 'key: value' lines"),
        ("---\n- a\n---\nPrévoyez.\n", "2:1: no key; expected 'subject:' and 'action:'"),
        ("---\nsubject: A\n---\n", "4:1: an empty body; expected a message in Markdown"),
        ("---\nsubject: A\nbody: B\n---\nC\n", "3:1: key 'body'; expected the text below the second '---'"),
        ("---\naction: A\n---\nC\n", "1:1: no 'subject'; expected a text"),
        (
            "---\nsubjet: A\n---\nC\n",
            ("2:1: 'subjet' is not a key that is known here; expected one of subject, body, action;"
            " did you mean 'subject'?"),
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_message_is_told_in_its_file(tmp_path: Path, content: str, problem: str) -> None:
    written(tmp_path, {**SOUND, "messages/usage/relay.legal.fr.md": content})
    assert said(tmp_path) == [f"messages/usage/relay.legal.fr.md:{problem}"]


def test_a_message_that_is_named_twice_is_told_once(tmp_path: Path) -> None:
    written(tmp_path, {**SOUND, "messages/usage/relay.legal.fr.md": "---\naction: A\n---\n{\n"})
    file = tmp_path / "policies" / "usage.yaml"
    again = "      - {register: advice, texts: usage/relay.legal}\n"
    file.write_text(file.read_text(encoding="utf-8") + again, encoding="utf-8")
    assert said(tmp_path) == [
        "messages/usage/relay.legal.fr.md:1:1: no 'subject'; expected a text",
        "messages/usage/relay.legal.fr.md:4:1: braces; expected none",
    ]


def test_a_byte_order_mark_changes_nothing(tmp_path: Path) -> None:
    plain = read(written(tmp_path, SOUND))
    assert read(written(tmp_path, {name: f"\ufeff{text}" for name, text in SOUND.items()})) == plain


@pytest.mark.parametrize(
    ("encoding", "problem"),
    [
        ("cp1252", "3:10: a byte (0xE9) that is not UTF-8; expected a file saved with the encoding UTF-8"),
        ("utf-16", "1:1: a byte (0xFF) that is not UTF-8; expected a file saved with the encoding UTF-8"),
    ],
)
def test_another_encoding_is_told_at_its_first_byte(tmp_path: Path, encoding: str, problem: str) -> None:
    written(tmp_path, SOUND)
    (tmp_path / "campaign.yaml").write_bytes(SOUND["campaign.yaml"].encode(encoding))
    assert said(tmp_path) == [f"campaign.yaml:{problem}"]


def test_a_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "campaign.yaml").write_bytes(b"#" * 1_000_001)
    assert said(tmp_path) == ["campaign.yaml: a file of 1,000,001 bytes; expected at most 1,000,000"]


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("x = (\n", ":1:5: Python that cannot be read: '(' was never closed"),
        (
            "\nx = 1 / 0\n",
            ":2: ZeroDivisionError: division by zero; expected a program that ends without an error",
        ),
        ("raise SystemExit\n", ":1: SystemExit; expected a program that ends without an error"),
        ("x = 1\n", ": no variable 'campaign'; expected campaign = Campaign(…)"),
        ("campaign = 3\n", ": a variable 'campaign' of type int; expected campaign = Campaign(…)"),
        (
            "from diffuse import Text\n\nText(subject='', body='x')\n",
            ":3: subject: ''; expected one line of text",
        ),
    ],
)  # fmt: skip
def test_a_program_that_gives_no_campaign_is_told(tmp_path: Path, program: str, problem: str) -> None:
    (tmp_path / "essai.py").write_text(program, encoding="utf-8")
    assert said(tmp_path / "essai.py") == [f"essai.py{problem}"]


def test_values_of_another_type_in_a_program_are_named_by_their_field(tmp_path: Path) -> None:
    program = PYTHON.replace('ByLanguage(fr="Usage", en="Use")', '"Usage"')
    (tmp_path / "essai.py").write_text(program, encoding="utf-8")
    assert said(tmp_path / "essai.py") == [
        "essai.py: policies[0].title: a value of type str; expected ByLanguage(fr=…, en=…)"
    ]


def test_a_wording_of_a_program_is_told_by_its_field(tmp_path: Path) -> None:
    (tmp_path / "essai.py").write_text(PYTHON.replace("Plan.", "{"), encoding="utf-8")
    assert said(tmp_path / "essai.py") == [
        "essai.py: policies[0].key_points[0].variants[0].texts.en.body: braces; expected none"
    ]


def test_a_program_leaves_no_trace_in_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("left = 1\n" + PYTHON, encoding="utf-8")
    (tmp_path / "b.py").write_text("left\n", encoding="utf-8")
    read(tmp_path / "a.py")
    assert said(tmp_path / "b.py") == [
        "b.py:1: NameError: name 'left' is not defined; expected a program that ends without an error"
    ]
