"""Bad input is told in one readable text, without a traceback, and nothing is lost or half-imported."""

import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from diffuse.adapters.templates import default_folder
from tests.acceptance.given import Midday, write_campaign
from tests.acceptance.installation import Installation
from tests.servers import free_port

DIRECTORY = """\
id,name,email,language,time_zone,starts
e1,Zoé Roy,zoe@universite.example,fr,America/Toronto,
e2,Luc Roy,luc@universite,fr,America/Toronto,
e3,Ana Roy,ana@universite.example,fr,America/Torronto,
e4,Guy Roy,guy@universite.example,fr,America/Toronto,31/12/2026
e5,Ivy Roy,ivy@universite.example,fr
e1,Zoé Roi,roi@universite.example,fr,America/Toronto,
"""

REASONS = [
    "bad.csv:3: email: 'luc@universite'; expected an address such as name@example.org",
    (
        "bad.csv:4: time_zone: 'America/Torronto' is not a time zone; "
        "expected a name such as 'America/Toronto'; did you mean 'America/Toronto'?"
    ),
    "bad.csv:5: starts: '31/12/2026' is not a day; expected YYYY-MM-DD",
    "bad.csv:6: 4 values; expected 6, as in the header",
    "bad.csv:7: id: 'e1' already stands on line 2; expected each employee once",
]


def test_a_broken_campaign_keeps_every_campaign_from_being_launched(place: Installation) -> None:
    sound = write_campaign(place.folder, Midday.now())
    broken = place.folder / "broken.yaml"
    broken.write_text(sound.read_text(encoding="utf-8").replace("owner:", "ower:"), encoding="utf-8")
    told = place.run("check", "essai.yaml", "broken.yaml", status=1).out
    assert "broken.yaml:1:5: id 'essai' is that of essai.yaml too" in told
    assert "broken.yaml:3:1: 'ower' is not a key that is known here" in told
    assert "did you mean 'owner'?" in told
    assert place.refused("launch", "essai.yaml", "broken.yaml") == told.removesuffix("\n")
    assert count(place, "publication") == 0
    place.run("launch", "essai.yaml")
    assert count(place, "publication") == 1


def test_settings_that_are_missing_unknown_or_wrong_are_all_named(place: Installation) -> None:
    place.settings |= {
        "base_url": None, "secret": "short", "smtp_port": "smtp", "smtp_security": "ssl", "smpt_host": "mail",
    }  # fmt: skip
    told = place.refused("status").splitlines()
    assert [line.split()[0] for line in told] == [
        "DIFFUSE_SMPT_HOST",
        "DIFFUSE_BASE_URL",
        "DIFFUSE_SECRET",
        "DIFFUSE_SMTP_PORT",
        "DIFFUSE_SMTP_SECURITY",
    ]
    assert "did you mean 'smtp_host'?" in told[0]
    assert "is missing; expected" in told[1]
    assert "short" not in told[2].replace("too short", "")
    assert not (place.folder / "diffuse.db").exists()


def test_settings_that_do_not_go_together_are_told_by_their_names(place: Installation) -> None:
    place.settings |= {"smtp_host": "mail.universite.example", "smtp_username": "diffuse"}
    assert place.refused("status").startswith("smtp_security: the mail server's password would cross")
    place.settings |= {"redis_url": "redis"}
    assert place.refused("status") == "redis_url is not an address; expected redis://host:6379/0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('base_url = "https', "diffuse.toml: not TOML: "),
        (
            "smtp_hots = 'mail'",
            "diffuse.toml: smtp_hots is not a setting; expected one of api_token, base_url, ",
        ),
        ("smtp_timeout = 'long'", "diffuse.toml: smtp_timeout should be a valid number"),
        (None, "diffuse.toml: the settings file cannot be read: No such file or directory"),
    ],
    ids=["not TOML", "unknown", "wrong", "missing"],
)
def test_a_bad_settings_file_is_told_by_its_name(text: str | None, told: str, place: Installation) -> None:
    if text is not None:
        (place.folder / "diffuse.toml").write_text(text, encoding="utf-8")
    assert place.refused("--config", "diffuse.toml", "status").startswith(told)


def test_a_directory_with_bad_rows_is_imported_in_no_part_unless_asked(place: Installation) -> None:
    (place.folder / "bad.csv").write_text(DIRECTORY, encoding="utf-8")
    assert place.refused("import", "bad.csv").splitlines() == REASONS
    assert count(place, "employee") == 0
    done = place.run("import", "bad.csv", "--skip-bad")
    assert done.err.splitlines() == [f"left out: {reason}" for reason in REASONS]
    assert done.out == "1 added, 0 updated, 0 unchanged, 5 rows left out\n"
    assert count(place, "employee") == 1


def test_a_postgresql_that_does_not_answer_is_told_without_its_password(place: Installation) -> None:
    port = free_port()
    place.settings["database_url"] = f"postgresql://diffuse:hunter2@127.0.0.1:{port}/diffuse"
    told = place.refused("status")
    assert told.startswith(f"The database postgresql://127.0.0.1:{port}/diffuse does not answer")
    assert "try again later" in told
    assert "hunter2" not in told


def test_a_database_file_of_another_kind_is_left_as_it_is(place: Installation) -> None:
    file = place.folder / "diffuse.db"
    file.write_text(
        "This is no database, but a text that is long enough to be seen as such.", encoding="utf-8"
    )
    before = file.read_bytes()
    assert place.refused("status").endswith("expected a database file of diffuse, or no file yet")
    assert file.read_bytes() == before


def test_the_database_of_a_newer_version_is_refused_by_every_command(place: Installation) -> None:
    place.run("status")
    with closing(sqlite3.connect(place.folder / "diffuse.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in ("status", "up"):
        assert "was made by a newer version of diffuse" in place.refused(command)


def test_an_export_that_cannot_be_written_says_where(place: Installation) -> None:
    (place.folder / "taken").touch()
    assert "Directory 'taken' is a file" in place.refused("export", "--to", "taken", status=2)
    told = place.refused("export", "--to", "taken/csv")
    assert told == "taken/csv cannot be written: Not a directory; expected a folder that may be written"


@pytest.mark.parametrize(
    ("missing", "command", "told"),
    [
        ("email/words.toml", "status", "layouts/email/words.toml: the templates cannot be read"),
        ("email/message.html.j2", "launch", "layouts/email/message.html.j2: there is no template"),
        ("web/acknowledge.html.j2", "up", "layouts/web: 'acknowledge.html.j2' not found"),
    ],
)
def test_a_folder_of_templates_that_lacks_a_file_is_refused(
    missing: str, command: str, told: str, place: Installation
) -> None:
    shutil.copytree(default_folder(), place.folder / "layouts")
    (place.folder / "layouts" / missing).unlink()
    place.settings["templates"] = "layouts"
    campaign = [write_campaign(place.folder, Midday.now())] if command == "launch" else []
    assert place.refused(command, *campaign).startswith(told)
    if campaign:
        assert count(place, "publication") == 0


def test_a_port_that_is_taken_is_refused_before_anything_is_sent(place: Installation) -> None:
    with socket.create_server(("127.0.0.1", int(str(place.settings["listen_port"])))):
        told = place.refused("up")
    assert told.startswith(
        f"the tracking service cannot listen on 127.0.0.1:{place.settings['listen_port']}: "
    )


@pytest.mark.parametrize(
    "words", [["nothing"], ["status", "extra"], ["launch"], ["import", "nowhere.csv"], ["--nope"]]
)
def test_a_command_that_is_typed_wrongly_gives_2_and_its_usage(words: list[str], place: Installation) -> None:
    assert place.refused(*words, status=2).startswith("Usage: diffuse")


def count(place: Installation, table: str) -> int:
    """Count the rows of a table."""
    with closing(sqlite3.connect(_existing(place.folder / "diffuse.db"))) as database:
        ((number,),) = database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 -- a name of ours
    return int(number)


def _existing(path: Path) -> Path:
    assert path.is_file()
    return path
