"""``diffuse simulate`` by hand: a picture, two tables, and a sentence to read first."""

import csv
from pathlib import Path

from tests.acceptance.given import Midday, write_campaign
from tests.acceptance.installation import Installation


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_rhythm_is_tried_before_anything_is_sent(place: Installation) -> None:
    campaign = write_campaign(place.folder, Midday.now())
    said = place.run("simulate", campaign, "--employees", 40, "--days", 60, "--seed", 3, "--output", "tried")
    assert "essai: 40 employees, 1 key points, 60 days" in said.out
    assert "messages of uniform repetition every" in said.out
    folder = place.folder / "tried"
    assert sorted(path.name for path in folder.iterdir()) == [
        "essai.png", "essai.svg", "frontier.csv", "simulation.csv",
    ]  # fmt: skip
    table = rows(folder / "simulation.csv")
    assert len(table) == 15
    assert {row["truth"] for row in table} == {"fsrs-shaped", "spacing", "half-life"}
    first = (folder / "simulation.csv").read_bytes()
    place.run("simulate", campaign, "--employees", 40, "--days", 60, "--seed", 3, "--output", "tried")
    assert (folder / "simulation.csv").read_bytes() == first


def test_an_audience_that_does_not_exist_and_a_size_out_of_bounds_are_refused(place: Installation) -> None:
    campaign = write_campaign(place.folder, Midday.now())
    refused = place.refused("simulate", campaign, "--audience", "direction")
    assert refused == "essai has no audience 'direction'; expected one of everyone"
    assert "is not in the range" in place.refused("simulate", campaign, "--employees", 0, status=2)
