"""What operators read about metrics and logs is what they get."""

import json
import re
from datetime import UTC, datetime

import yaml

from diffuse.domain.control import Standstill, Stop
from diffuse.domain.delivery import State
from diffuse.ports import Flow, Posts, Reading
from diffuse.web.metrics import ENDINGS, Families
from tests.docs.pages import OPERATING, blocks, code, rows, section

NOW = datetime(2027, 1, 12, tzinfo=UTC)
READING = Reading(
    flows={"essai": Flow(states={State.PLANNED: 1}, due=1)},
    attempts={},
    oldest=NOW,
    expired=0,
    lanes=("server:relay:25",),
    stops=(Stop(campaign="essai", state=Standstill.PAUSED, reason="", since=NOW),),
    ticked_at=NOW,
    posts=(Posts(campaign="essai", channel="wordpress", state="sent", number=1),),
)
SAMPLES = [one for family in Families(READING, NOW).collect() for one in family.samples]


def test_the_table_names_every_metric_with_its_labels_and_no_other() -> None:
    shown = dict.fromkeys(
        one.name + (f"{{{', '.join(one.labels)}}}" if one.labels else "") for one in SAMPLES
    )
    assert [cells[0].strip("`") for cells in rows(section(OPERATING, "Metrics"))] == list(shown)


def test_the_table_names_how_attempts_end() -> None:
    (cell,) = (told for name, told in rows(section(OPERATING, "Metrics")) if "attempts" in name)
    assert code(cell) == set(ENDINGS)


def test_every_alert_watches_a_metric_that_exists() -> None:
    _, alerts = blocks(OPERATING, "yaml")
    rules = [rule for group in yaml.safe_load(alerts)["groups"] for rule in group["rules"]]
    watched = {name for rule in rules for name in re.findall(r"diffuse_\w+", rule["expr"])}
    assert len(rules) == len(watched) == 3
    assert watched <= {one.name for one in SAMPLES}


def test_the_line_of_the_log_that_is_shown_has_the_fields_that_are_explained() -> None:
    (line,) = blocks(OPERATING, "json")
    assert set(json.loads(line)) <= code(section(OPERATING, "Logs"))
