"""What the tables say of intranet posts: who met them, out of those for whom they are meant."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffuse.adapters.csv_tables import CsvTables
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.language import ByLanguage
from diffuse.domain.measures import Rate
from diffuse.domain.people import EVERYONE, Audience
from diffuse.domain.policy import Policy, PolicyChange
from diffuse.domain.posting import Meeting, Posting
from diffuse.domain.succession import Duty
from diffuse.domain.tracking import Tracking
from tests.unit.services.given import DAY, EARLY, MONDAY, Office, campaign, key_point, person
from tests.unit.services.test_export import Sheets, back, exported

BOTH = ("wordpress", "email")
AUTHORS = Audience(id="authors", roles=("author",), channels=("wordpress",))


def crowd(number: int, letter: str = "e", **changes: Any) -> list[Any]:  # noqa: ANN401 -- any field
    return [person(f"{letter}{one:02}", **changes) for one in range(number)]


def posted(office: Office, **changes: Any) -> Posting:  # noqa: ANN401 -- any field
    """Keep a post that stands since Monday morning."""
    plain: dict[str, Any] = {
        "campaign": "social-media",
        "key_point": "pause",
        "audience": "everyone",
        "language": "fr",
        "channel": "wordpress",
        "publication": office.publications.running()[0].id,
        "variant": "legal",
        "state": State.SENT,
        "wanted_on": MONDAY,
        "due_at": EARLY,
        "not_after": EARLY + DAY,
        "sent_at": EARLY,
        "url": "https://intranet.universite.example/pause",
    }
    plain |= changes
    names = ("campaign", "key_point", "audience", "language", "channel")
    office.postings.add([Posting(key="-".join(plain[name].replace("/", "-") for name in names), **plain)])
    return office.postings.all()[-1]


def meet(office: Office, posting: Posting, *names: str) -> None:
    """Let employees come who are identified."""
    now = office.clock.now()
    for name in names:
        meeting = Meeting(posting=posting, employee=name, day=now.date(), at=now, tracking=Tracking())
        number = office.postings.meet(meeting)
        office.hits.record(Event(delivery=number, kind=Kind.OPENED, at=now), now.date())


def confirm(office: Office, posting: Posting, *names: str) -> None:
    for name in names:
        back(office, office.postings.met_by(posting.id, name)[0], Kind.ACKNOWLEDGED)


def lines(sheets: Sheets, table: str, *columns: str) -> dict[object, tuple[object, ...]]:
    """Return some columns of a table by channel."""
    return {row["channel"]: tuple(row[name] for name in columns) for row in sheets.tables[table]}


def several(*policies: Iterable[Any], audiences: Iterable[Audience] = (), **changes: Any) -> Campaign:  # noqa: ANN401
    """Return a campaign of several policies, each with its key points."""
    owned = tuple(
        Policy(id=f"p{place}", title=ByLanguage("Règles"), version="1", key_points=tuple(points))
        for place, points in enumerate(policies)
    )
    return campaign(policies=owned, audiences=(EVERYONE, *audiences), **changes)


def test_reach_is_visitors_over_the_audience_and_nobody_else_is_counted() -> None:
    office = Office(*crowd(4, roles=("author",)), *crowd(9, "x"), person("left", ends=MONDAY - DAY))
    office.launch(several([key_point("pause", audience="authors")], audiences=[AUTHORS]))
    post = posted(office, audience="authors")
    meet(office, post, "e00", "e01")
    meet(office, post, "e01")
    confirm(office, post, "e01")
    sheets = exported(office)
    told = ("intended", "employees", "messages", "asked", "acknowledged", "reach_rate")
    for table in ("key_points", "policies"):
        assert lines(sheets, table, *told) == {"wordpress": (4, 2, 2, 2, 1, Rate(2, 4))}
    (row,) = sheets.tables["posts"]
    assert (row["intended"], row["visitors"], row["acknowledged"]) == (4, 2, 1)
    assert (row["reach_rate"], row["acknowledgement_rate"]) == (Rate(2, 4), Rate(1, 4))


def test_a_post_to_which_nobody_has_come_reaches_none_of_its_audience() -> None:
    office = Office(*crowd(7))
    office.launch(campaign(channels=BOTH))
    posted(office)
    sheets = exported(office)
    for table in ("key_points", "policies"):
        assert lines(sheets, table, "intended", "messages", "reach_rate") == {
            channel: (7, 0, Rate(0, 7)) for channel in BOTH
        }
    assert [row["reach_rate"] for row in sheets.tables["posts"]] == [Rate(0, 7)]


def test_a_campaign_that_only_mails_has_one_row_for_each_key_point_and_version() -> None:
    office = Office(*crowd(7))
    office.launch(campaign("pause", "disclose"))
    office.day()
    sheets = exported(office)
    assert [(row["key_point"], row["channel"]) for row in sheets.tables["key_points"]] == [
        ("pause", "email"), ("disclose", "email"),
    ]  # fmt: skip
    assert [row["channel"] for row in sheets.tables["policies"]] == ["email"]
    assert sheets.tables["posts"] == []


def test_a_mail_reaches_those_of_whom_anything_came_back() -> None:
    office = Office(*crowd(6))
    office.launch(campaign())
    office.day()
    number = {row.employee: row.delivery for row in office.rows()}
    back(office, number["e00"], Kind.OPENED)
    back(office, number["e01"], Kind.CLICKED)
    back(office, number["e02"], Kind.ACKNOWLEDGED)
    assert lines(exported(office), "key_points", "reach_rate") == {"email": (Rate(3, 6),)}


def test_a_visit_that_was_forgotten_is_still_a_visit() -> None:
    office = Office(*crowd(6))
    office.launch(campaign(channels=("wordpress",)))
    post, now = posted(office), office.clock.now()
    office.postings.meet(
        Meeting(posting=post, employee="e00", day=MONDAY, at=now, tracking=Tracking(opens="off"))
    )
    sheets = exported(office)
    assert lines(sheets, "key_points", "opened", "reach_rate") == {"wordpress": (0, Rate(1, 6))}
    assert [row["visitors"] for row in sheets.tables["posts"]] == [1]


def test_an_acknowledgement_counts_on_the_channel_by_which_it_came_and_once_over_all() -> None:
    office = Office(*crowd(6))
    office.launch(campaign(channels=BOTH))
    office.day()
    number = {row.employee: row.delivery for row in office.rows()}
    back(office, number["e05"], Kind.ACKNOWLEDGED)
    post = posted(office)
    meet(office, post, "e00", "e01")
    confirm(office, post, "e00")
    sheets = exported(office)
    assert lines(sheets, "key_points", "asked", "acknowledged", "acknowledgement_rate") == {
        "email": (6, 1, Rate(1, 6)),
        "wordpress": (2, 1, Rate(1, 2)),
    }
    for table in ("weeks", "departments"):
        (row,) = sheets.tables[table]
        assert (row["messages"], row["asked"], row["acknowledged"]) == (8, 6, 2), table
    one = next(row for row in sheets.tables["employees"] if row["employee"] == "e00")
    assert (one["messages"], one["asked"], one["acknowledged"]) == (2, 1, 1)


def test_deliveries_name_the_channel_and_the_post_that_was_met() -> None:
    office = Office(*crowd(2))
    office.launch(campaign(channels=BOTH))
    office.day()
    post = posted(office)
    meet(office, post, "e00")
    rows = exported(office).tables["deliveries"]
    assert {(row["employee"], row["channel"], row["post"]) for row in rows} == {
        ("e00", "email", None), ("e01", "email", None), ("e00", "wordpress", post.id),
    }  # fmt: skip


def test_who_has_left_since_is_in_neither_part_of_the_reach() -> None:
    office = Office(*crowd(6), person("gone", ends=MONDAY))
    office.launch(campaign(channels=("wordpress",)))
    post = posted(office)
    meet(office, post, "e00", "gone")
    sheets = Sheets()
    office.export.run(sheets, MONDAY)
    assert lines(sheets, "key_points", "employees", "reach_rate") == {"wordpress": (2, Rate(2, 7))}
    office.export.run(sheets, MONDAY + DAY)
    assert lines(sheets, "key_points", "employees", "reach_rate") == {"wordpress": (2, Rate(1, 6))}


def test_who_stands_in_for_a_role_is_meant_too() -> None:
    office = Office(*crowd(4, roles=("author",)), person("sub"))
    office.relief.assign([Duty(role="author", duty="Le blogue", holder="e00", substitute="sub")])
    office.launch(several([key_point("pause", audience="authors")], audiences=[AUTHORS]))
    assert lines(exported(office), "key_points", "intended") == {"wordpress": (5,)}


def test_a_policy_is_meant_for_all_for_whom_a_key_point_of_it_is_on_that_channel() -> None:
    office = Office(*crowd(4, roles=("author",)), *crowd(9, "x"))
    office.launch(several([key_point("pause"), key_point("cite", audience="authors")], audiences=[AUTHORS]))
    sheets = exported(office)
    assert lines(sheets, "policies", "intended") == {"email": (13,), "wordpress": (4,)}


def test_a_key_point_for_an_occasion_is_meant_for_nobody_beforehand() -> None:
    office = Office(*crowd(6))
    office.launch(campaign("pause", key_point("remind", occasion="reminder"), channels=("wordpress",)))
    rows = {row["key_point"]: row for row in exported(office).tables["key_points"]}
    assert [(name, row["channel"], row["intended"]) for name, row in rows.items()] == [
        ("pause", "wordpress", 6), ("remind", "email", 0),
    ]  # fmt: skip


def test_each_language_of_a_post_is_meant_for_its_own_readers() -> None:
    office = Office(*crowd(6), *crowd(5, "x", language="en"), *crowd(2, "y", language="es"))
    office.launch(campaign(channels=("wordpress",)))
    french, english = posted(office), posted(office, language="en")
    meet(office, french, "e00", "y00", "x00")
    meet(office, english, "x01")
    sheets = exported(office)
    told = {row["language"]: (row["intended"], row["visitors"]) for row in sheets.tables["posts"]}
    assert told == {"fr": (8, 2), "en": (5, 1)}
    assert lines(sheets, "key_points", "reach_rate") == {"wordpress": (Rate(4, 13),)}


def test_every_post_has_a_row_with_what_became_of_it() -> None:
    office = Office(*crowd(6))
    office.launch(campaign(channels=("wordpress", "teams/crisis-cell"), time_zone="America/Vancouver"))
    posted(office)
    posted(office, channel="teams/crisis-cell", state=State.FAILED, reason="403", sent_at=None, url="")
    first, second = exported(office).tables["posts"]
    assert (first["post"], first["policy"], first["version"], first["state"]) == (1, "conduct", "1", "sent")
    assert str(first["sent_at"]) == "2027-01-04 05:00:00-08:00"
    assert (first["updated_at"], first["withdrawn_at"]) == (None, None)
    assert (second["state"], second["reason"], second["channel"]) == ("failed", "403", "teams/crisis-cell")
    assert (second["sent_at"], second["wanted_on"], second["intended"]) == (None, MONDAY, 6)


def test_a_stale_acknowledgement_of_a_post_does_not_count() -> None:
    office = Office(*crowd(6))
    asks = key_point("pause")
    office.launch(campaign(asks, channels=("wordpress",)))
    post = posted(office)
    meet(office, post, "e00")
    confirm(office, post, "e00")
    changed = replace(asks, says=ByLanguage("À retenir, autrement."))
    rule = PolicyChange(kind="material", reason="Le comité étend la règle.")
    office.launch(campaign(changed, version="2", change=rule, channels=("wordpress",)))
    sheets = exported(office)
    assert [(row["visitors"], row["acknowledged"]) for row in sheets.tables["posts"]] == [(1, 0)]
    versions = {row["version"]: (row["acknowledged"], row["reach_rate"]) for row in sheets.tables["policies"]}
    assert versions == {"1": (1, Rate(1, 6)), "2": (0, Rate(0, 6))}


def test_who_met_a_post_and_left_has_a_receipt_and_who_never_came_has_none() -> None:
    office = Office(*crowd(6), person("gone", ends=MONDAY), person("never", ends=MONDAY))
    office.launch(campaign(channels=("wordpress",)))
    meet(office, posted(office), "e00", "gone")
    sheets = Sheets()
    office.export.run(sheets, MONDAY + DAY)
    told = [(row["person"], row["why"], row["key_point"]) for row in sheets.tables["receipts"]]
    assert told == [(office.signer.pseudonym("gone"), "left", "pause")]


def test_what_a_platform_says_is_no_formula(tmp_path: Path) -> None:
    office = Office(*crowd(6))
    office.launch(campaign(channels=("wordpress",)))
    posted(office, state=State.FAILED, reason="=HYPERLINK(A1)", sent_at=None, url="@SUM(A1)")
    office.export.run(CsvTables(tmp_path))
    (_, row) = (tmp_path / "posts.csv").read_text(encoding="utf-8").splitlines()
    assert ",'=HYPERLINK(A1)," in row
    assert ",'@SUM(A1)," in row


def test_the_summary_counts_posts_by_what_became_of_them() -> None:
    office = Office(*crowd(6))
    office.launch(campaign(channels=("wordpress", "teams")))
    post = posted(office)
    posted(office, language="en", withdrawn_at=EARLY + DAY)
    planned = posted(office, channel="teams", state=State.PLANNED, sent_at=None)
    report = office.export.run(Sheets())
    assert report.posts.standings == {"sent": 1, "withdrawn": 1, "planned": 1}
    assert (post.standing, planned.standing) == ("sent", "planned")


def test_hits_without_a_person_stand_on_the_line_of_their_channel() -> None:
    for channels, found in ((BOTH, "email"), (BOTH, "wordpress"), (("wordpress", "teams"), "teams")):
        office = Office(*crowd(6))
        office.launch(campaign(channels=channels, tracking=Tracking(opens="aggregate", clicks="aggregate")))
        office.beat.run()
        _count(office, found)
        told = lines(exported(office), "key_points", "counted_opens", "suppressed")
        assert told[found] == (None, "counted")
        assert {told[name] for name in channels if name != found} == {(0, "")}


def _count(office: Office, channel: str) -> None:
    """Count one visit of which nothing is kept but that it was."""
    from sqlalchemy import insert

    from diffuse.adapters.sql.engine import writing
    from diffuse.adapters.sql.tables import counted

    told = {"publication": 1, "key_point": "pause", "week": "2027-W01", "kind": "opened", "hits": 1}
    values = {**told, "channel": channel}
    with writing(office.engine) as connection:
        connection.execute(insert(counted).values(values))
