"""What comes back, by hand: read a Maildir, list what needs a person, show one mail."""

import mailbox

from tests.acceptance.installation import Installation

MAIL = b"From: Ana <ana@elsewhere.example>\nSubject: =?utf-8?q?Caf=C3=A9?=\n\nBonjour\n"


def test_what_comes_back_is_read_once_listed_and_shown(place: Installation) -> None:
    box = mailbox.Maildir(place.folder / "box", create=True)
    box.add(MAIL)
    place.settings["returns_maildir"] = str(place.folder / "box")
    place.settings["bounce_address"] = "bounces@universite.example"
    assert place.run("returns", "list").out == "nothing came back\n"
    assert place.run("returns", "read").out == "1 unsure\n"
    assert place.run("returns", "read").out == "nothing new came back\n"
    listed = place.run("returns", "list", "--review", "--csv").out.splitlines()
    assert listed[0].removeprefix("\ufeff").startswith("id,at,kind,reason")
    assert "unsure" in listed[1]
    assert "Café" in listed[1]
    assert place.run("returns", "show", 1).out.encode() == MAIL
    assert "nothing with the id 2" in place.refused("returns", "show", 2)


def test_without_a_mailbox_reading_says_which_settings_are_missing(place: Installation) -> None:
    assert "returns_maildir" in place.refused("returns", "read")
