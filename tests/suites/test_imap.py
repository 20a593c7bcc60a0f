"""An account on an IMAP server: over TLS and STARTTLS, with a certificate that is checked, and cut off."""

import ssl
from dataclasses import dataclass
from typing import Literal

import pytest
import trustme

from diffuse.adapters.imap import ImapMailbox
from diffuse.errors import AuthoringError, DiffuseError, TransientFailure
from tests.suites.imap_server import Account, imap_server

MAILS = [b"Subject: %d\r\n\r\n%s" % (number, b"x" * 9_000) for number in range(3)]

Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True)
class Trust:
    """An authority, what the server shows of it, and what we know of it."""

    authority: trustme.CA

    def server(self, name: str = "127.0.0.1") -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(name).configure_cert(context)
        return context

    @property
    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def trust() -> Trust:
    return Trust(trustme.CA())


def box(
    account: Account,
    trust: Trust | None,
    *,
    security: Security = "tls",
    password: str = "",
    folder: str = "INBOX",
) -> ImapMailbox:
    return ImapMailbox(
        host="127.0.0.1",
        port=account.port,
        security=security,
        username=account.username,
        password=password or account.password,
        folder=folder,
        timeout=5,
        context=trust.client if trust else None,
    )


def read(mailbox: ImapMailbox, into: list[bytes] | None = None) -> list[bytes]:
    found = [] if into is None else into
    with mailbox.unread() as mails:
        for name, raw in mails:
            found.append(raw)
            mailbox.taken(name)
    return found


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("plain", [True, False], ids=["by SASL", "by LOGIN"])
def test_mails_are_read_over_tls_and_marked_as_seen(trust: Trust, security: Security, *, plain: bool) -> None:
    word = 'pâsse "mot\\' if plain else 'passe "mot\\'
    account = Account(MAILS, context=trust.server(), security=security, plain=plain, password=word)
    with imap_server(account):
        assert read(box(account, trust, security=security)) == MAILS
        assert read(box(account, trust, security=security)) == []
    assert account.seen == {1, 2, 3}
    assert account.secrets_in_the_clear == 0
    assert not [said for said in account.said if "EXPUNGE" in said or "Deleted" in said]


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_certificate_that_cannot_be_trusted_is_refused_before_anything_is_said(
    trust: Trust, security: Security, wrong: str
) -> None:
    shown = trust.server("elsewhere.example") if wrong == "name" else trust.server()
    account = Account(MAILS, context=shown, security=security)
    with imap_server(account), pytest.raises(AuthoringError, match="cannot be trusted") as refused:
        read(box(account, trust if wrong == "name" else None, security=security))
    assert "returns_imap_host" in str(refused.value)
    assert not [said for said in account.said if "LOGIN" in said or "AUTHENTICATE" in said]
    assert account.fetches == 0


def test_a_server_without_starttls_gets_no_password(trust: Trust) -> None:
    account = Account(MAILS, security="none")
    with imap_server(account), pytest.raises(AuthoringError, match="does not offer STARTTLS"):
        read(box(account, trust, security="starttls"))
    assert account.said == ["CAPABILITY"]


def test_a_server_that_speaks_no_tls_is_named_with_the_settings_to_check(trust: Trust) -> None:
    account = Account(MAILS, security="none")
    with imap_server(account), pytest.raises(AuthoringError, match="returns_imap_security"):
        read(box(account, trust))


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("password", ["wr-ng", "mötdépasse"])
def test_a_wrong_password_is_refused_and_shown_nowhere(trust: Trust, password: str, *, plain: bool) -> None:
    account = Account(MAILS, context=trust.server(), plain=plain)
    with imap_server(account), pytest.raises(AuthoringError, match="refuses the login") as refused:
        read(mailbox := box(account, trust, password=password))
    error: BaseException | None = refused.value
    shown = [repr(mailbox)]
    while error is not None:
        shown += [str(error), repr(error)]
        error = error.__cause__
    assert not [one for one in shown if password in one or account.password in one]


@pytest.mark.parametrize(
    ("folder", "written"),
    [
        ("Retours/Échecs", "Retours/&AMk-checs"),
        ("R&D", "R&-D"),
        ('a"b\\c', 'a"b\\c'),
        ("届かない", "&XEowSzBqMEQ-"),
    ],
)
def test_a_folder_with_any_name_is_found(trust: Trust, folder: str, written: str) -> None:
    account = Account(MAILS, context=trust.server(), folder=written)
    with imap_server(account):
        assert read(box(account, trust, folder=folder)) == MAILS
        with pytest.raises(AuthoringError, match="no such folder"):
            read(box(account, trust, folder="Nowhere"))


@pytest.mark.parametrize("cut", ["cut_fetch", "cut_store"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_connection_that_is_lost_loses_no_mail_and_gives_no_half_of_one(
    trust: Trust, cut: str, at: int
) -> None:
    account = Account(MAILS, context=trust.server())
    setattr(account, cut, at)
    found: list[bytes] = []
    with imap_server(account):
        with pytest.raises(TransientFailure, match="does not answer"):
            read(box(account, trust), found)
        assert found == MAILS[: at - (cut == "cut_fetch")]
        assert account.seen == set(range(1, at))
        assert read(box(account, trust)) == MAILS[at - 1 :]
    assert account.seen == {1, 2, 3}


def test_a_folder_in_which_nothing_can_be_marked_says_so(trust: Trust) -> None:
    account = Account(MAILS, context=trust.server(), refuses_store=True)
    with (
        imap_server(account),
        pytest.raises(TransientFailure, match="does not mark a mail as seen: read-only"),
    ):
        read(box(account, trust))


def test_a_server_that_is_away_is_read_the_next_time(trust: Trust) -> None:
    account = Account(MAILS, context=trust.server())
    with imap_server(account):
        pass
    with pytest.raises(DiffuseError, match="does not answer"):
        read(box(account, trust))
