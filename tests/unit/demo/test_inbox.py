"""What simulated employees see: each message of the Maildir once, with its words, image and links."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from diffuse.demo.inbox import Inbox, Mail

SITE = "https://diffuse.universite.example"
PAGE = f"""<html><body><img src="https://universite.example/logo.png" alt="">
<p>À retenir.</p>
<a class="link" href="{SITE}/c/one?a=1&amp;b=2">la règle</a> <a href="{SITE}/c/two">le guide</a>
<a style="color: red"
   href="{SITE}/a/token">J’ai lu</a>
<a href="https://elsewhere.example/">ailleurs</a>
<img alt="" width="1" src="{SITE}/o/token"></body></html>"""


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def message(to: str = "Zoé Côté <zoe@universite.example>", page: str = PAGE) -> bytes:
    mail = EmailMessage()
    mail["To"] = to
    mail["Message-ID"] = "<1@universite.example>"
    mail.set_content("À retenir.\n")
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def test_a_message_is_seen_with_its_words_image_and_links(maildir: Path) -> None:
    (maildir / "new" / "1.a").write_bytes(message())
    (mail,) = Inbox(maildir).fresh()
    assert mail == Mail(
        to="zoe@universite.example",
        message_id="<1@universite.example>",
        text="À retenir.\n",
        pixel=f"{SITE}/o/token",
        links=(f"{SITE}/c/one?a=1&b=2", f"{SITE}/c/two"),
        confirm=f"{SITE}/a/token",
    )


def test_a_message_without_image_links_or_page_to_confirm_has_none(maildir: Path) -> None:
    (maildir / "new" / "1.a").write_bytes(message(page="<p>À retenir.</p>"))
    (mail,) = Inbox(maildir).fresh()
    assert (mail.pixel, mail.links, mail.confirm) == ("", (), "")


def test_each_message_is_seen_once_and_marked_as_read(maildir: Path) -> None:
    inbox = Inbox(maildir)
    assert list(inbox.fresh()) == []
    (maildir / "new" / "1.a").write_bytes(message())
    assert len(list(inbox.fresh())) == 1
    assert list(inbox.fresh()) == []
    assert [path.name for path in (maildir / "cur").iterdir()] == ["1.a:2,S"]
    assert not list((maildir / "new").iterdir())


def test_messages_come_in_the_order_of_their_arrival_which_is_a_number(maildir: Path) -> None:
    for name, to in (("10.a", "c@u.example"), ("9.b", "b@u.example"), ("9.a", "a@u.example")):
        (maildir / "new" / name).write_bytes(message(to=to))
    assert [mail.to for mail in Inbox(maildir).fresh()] == ["a@u.example", "b@u.example", "c@u.example"]
