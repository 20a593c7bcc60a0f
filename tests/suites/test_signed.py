"""Messages that diffuse signs: what arrives at a real server is what a verifier of another make accepts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dkim  # type: ignore[import-untyped]
import pytest

from diffuse.bootstrap import mail
from diffuse.demo.receiver import Receiver
from diffuse.domain.delivery import State
from diffuse.errors import AuthoringError
from diffuse.settings import Settings
from tests.suites.test_smtp import SENDER, Noon, Office, outgoing
from tests.unit.adapters.test_dkim import EDWARDS, ORDINARY, pem, record

pytestmark = pytest.mark.servers

NAMES = {"dkim_domain": "universite.example", "dkim_selector": "diffuse"}


def settings(**more: Any) -> Settings:  # noqa: ANN401 -- any setting
    needed = {
        "base_url": "https://diffuse.universite.example",
        "secret": "0123456789abcdef0123456789abcdef",
        "sender": f"{SENDER.name} <{SENDER.email}>",
        "smtp_security": "none",
    }
    return Settings(**(needed | more))


def key_file(folder: Path, text: str = "", mode: int = 0o600) -> Path:
    path = folder / "dkim.pem"
    path.write_text(text or pem(EDWARDS), encoding="utf-8")
    path.chmod(mode)
    return path


def received(folder: Path, signing: Mapping[str, Any]) -> list[bytes]:
    """Send two messages to a receiver; return them as they came in."""
    maildir = folder / "Maildir"
    with Receiver(maildir=maildir, journal=folder / "journal.jsonl", clock=Noon()) as receiver:
        channel = mail(settings(smtp_port=receiver.port, **signing))
        office = Office()
        assert office.send(channel, [outgoing(1), outgoing(2, name="Zoë  d’Été\t.")]) == {}
        channel.close()
    assert [one.state for one in office.ended] == [State.SENT] * 2
    return [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted((maildir / "new").iterdir())]


@pytest.mark.parametrize("key", [ORDINARY, EDWARDS], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, None])
def test_what_arrives_at_a_server_is_signed_by_the_key_that_the_settings_name(
    key: Any,  # noqa: ANN401 -- either kind
    mode: int | None,
    tmp_path: Path,
) -> None:
    own = {"dkim_key": pem(key)} if mode is None else {"dkim_key_file": key_file(tmp_path, pem(key), mode)}
    messages = received(tmp_path, NAMES | own)
    assert len(messages) == 2
    asked: list[bytes] = []

    def dns(name: bytes, **_: object) -> bytes:
        asked.append(name)
        return record(key)

    for message in messages:
        assert message.startswith(b"DKIM-Signature: v=1; ")
        assert dkim.verify(message, dnsfunc=dns)
        assert not dkim.verify(message.replace(b"Bonjour", b"Bonsoir"), dnsfunc=dns)
    assert set(asked) == {b"diffuse._domainkey.universite.example."}


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    assert not any(b"DKIM" in message for message in received(tmp_path, {}))


@pytest.mark.parametrize(
    ("mode", "found"), [(0o644, "644"), (0o604, "604"), (0o620, "620"), (0o602, "602"), (0o777, "777")]
)
def test_a_key_that_is_open_to_others_is_refused(mode: int, found: str, tmp_path: Path) -> None:
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(AuthoringError) as caught:
        mail(settings(**NAMES, dkim_key_file=path))
    (problem,) = caught.value.problems
    assert str(problem) == (
        f"dkim_key_file: {path} is open to others (mode {found}); expected mode 600 or 640: chmod 600 {path}"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (pem(EDWARDS, "word"), "the DKIM key cannot be read; expected an RSA key of 2048 bits or more"),
        ("dkim_key = '…'", "is not in PEM; expected a file with a private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "the DKIM key cannot be read"),
    ],
)
def test_a_file_without_a_key_that_can_sign_is_refused_and_not_shown(
    text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(AuthoringError) as caught:
        mail(settings(**NAMES, dkim_key_file=key_file(tmp_path, text)))
    (problem,) = caught.value.problems
    assert str(problem).startswith("dkim_key_file: ")
    assert says in str(problem)
    assert text not in str(problem)


def test_a_key_file_that_cannot_be_read_is_named_with_its_reason(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "gone.pem", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(AuthoringError) as caught:
            mail(settings(**NAMES, dkim_key_file=path))
        (problem,) = caught.value.problems
        assert str(problem).startswith(f"dkim_key_file: {path} cannot be read: {why}; expected a file with")


@pytest.mark.parametrize("missing", ["dkim_domain", "dkim_selector"])
def test_a_key_without_a_name_is_refused_by_the_setting_that_lacks(missing: str, tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match=f"^{missing}: ''; expected a"):
        mail(settings(**(NAMES | {missing: ""}), dkim_key_file=key_file(tmp_path)))


def test_names_without_a_key_are_refused() -> None:
    with pytest.raises(AuthoringError, match="dkim_key: the DKIM key cannot be read"):
        mail(settings(**NAMES))
