"""``diffuse check`` and ``diffuse schema``, as they are typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diffuse.cli import main

ESSAI = """\
id: essai
title: Essai
owner: Zoé Roy <zoe@example.org>
starts: 2027-01-11
policies:
  - id: usage
    title: Usage
    version: 1.10
    key_points:
      - id: relay
        says: Prévoyez.
        variants:
          - register: legal
            texts:
              fr: {subject: Relève, body: "{{ employee.given_name }}, nommez une relève."}
"""


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_sound_campaign_prints_nothing_and_gives_0(tmp_path: Path) -> None:
    (tmp_path / "essai.yaml").write_text(ESSAI, encoding="utf-8")
    result = typed("check", str(tmp_path / "essai.yaml"))
    assert (result.exit_code, result.output) == (0, "")


def test_every_mistake_is_a_line_of_standard_output_and_gives_1(tmp_path: Path) -> None:
    file = tmp_path / "essai.yaml"
    text = ESSAI.replace("given_name", "givenname").replace("Zoé Roy <zoe@example.org>", "Zoé Roy")
    file.write_text(text + "holidays: CA-QB\n", encoding="utf-8")
    result = typed("check", str(file))
    assert result.exit_code == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"{file}:{place}" for place in ("3:8", "15:43", "16:11")
    ]
    assert lines[0] == f"{file}:3:8: 'Zoé Roy'; expected a person, written 'Name <name@example.org>'"
    assert "employee.givenname" in lines[1]
    assert "no region is called 'CA-QB'" in lines[2]


@pytest.mark.parametrize("words", [["check"], ["check", "nowhere.yaml"], ["check", "--verbose"]])
def test_a_command_that_is_wrong_gives_2(words: list[str]) -> None:
    result = typed(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_the_schema_is_printed_as_json() -> None:
    result = typed("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["$defs"]["Policy"]["title"] == "Policy"
