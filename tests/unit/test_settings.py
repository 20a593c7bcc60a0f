"""Settings: the environment before the file, every mistake by its name, and never a secret in a text."""

import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from diffuse.errors import AuthoringError
from diffuse.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"
NEEDED = {
    "DIFFUSE_BASE_URL": "https://diffuse.universite.example",
    "DIFFUSE_SECRET": SECRET,
    "DIFFUSE_SENDER": "Communications <communications@universite.example>",
}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what is needed and nothing else."""
    import os

    for name in list(os.environ):
        if name.startswith("DIFFUSE_"):
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def refused(config: Path | None = None) -> list[str]:
    with pytest.raises(AuthoringError) as error:
        Settings.load(config)
    assert SECRET not in "".join(traceback.format_exception(error.value))
    return [str(problem) for problem in error.value.problems]


def toml(folder: Path, text: str) -> Path:
    path = folder / "diffuse.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_three_settings_are_enough() -> None:
    settings = Settings.load()
    assert settings.base_url == "https://diffuse.universite.example"
    assert settings.secret.get_secret_value() == SECRET
    assert settings.database_url.get_secret_value() == "sqlite:///diffuse.db"
    assert settings.redis_url.get_secret_value() == ""
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_security) == ("127.0.0.1", 25, "starttls")
    assert settings.templates is None


def test_values_of_the_environment_are_read_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "smtp_port": "2525", "smtp_timeout": "2.5", "listen_port": "0", "templates": "layouts",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"DIFFUSE_{name.upper()}", value)
    settings = Settings.load()
    assert (settings.smtp_port, settings.smtp_timeout, settings.listen_port) == (2525, 2.5, 0)
    assert settings.templates == Path("layouts")


def test_an_empty_folder_of_templates_means_those_that_ship(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSE_TEMPLATES", "")
    assert Settings.load().templates is None


def test_what_is_missing_is_named_with_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        monkeypatch.delenv(name)
    assert refused() == [
        (
            "DIFFUSE_BASE_URL is missing; "
            "expected public address of the tracking service, such as https://diffuse.example.org"
        ),
        ("DIFFUSE_SECRET is missing; expected signs links and message ids: at least 32 characters"),
        "DIFFUSE_SENDER is missing; expected who messages come from, written 'Name <name@example.org>'",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("smtp_port", "smtp", "DIFFUSE_SMTP_PORT should be a valid integer"),
        ("smtp_port", "0", "DIFFUSE_SMTP_PORT should be greater than or equal to 1"),
        ("smtp_port", "", "DIFFUSE_SMTP_PORT should be a valid integer"),
        ("listen_port", "65536", "DIFFUSE_LISTEN_PORT should be less than or equal to 65535"),
        ("smtp_security", "ssl", "DIFFUSE_SMTP_SECURITY should be 'none', 'starttls' or 'tls'"),
        ("smtp_timeout", "0", "DIFFUSE_SMTP_TIMEOUT should be greater than 0"),
        ("poll_seconds", "nan", "DIFFUSE_POLL_SECONDS should be "),
        ("poll_seconds", "inf", "DIFFUSE_POLL_SECONDS should be less than or equal to 3600"),
        ("secret", "short-one", "DIFFUSE_SECRET is too short; make one with: openssl rand -hex 32"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_expected(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"DIFFUSE_{name.upper()}", value)
    (text,) = refused()
    assert text.startswith(said)
    assert text.endswith(f"; expected {Settings.model_fields[name].description}")
    assert "short-one" not in text


def test_what_is_not_known_is_named_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFUSE_SMPT_HOST", "mail")
    path = toml(tmp_path, "pol_seconds = 1\n[smtp]\nhost = 'mail'\n")
    first, second, third = refused(path)
    known = f"expected one of {', '.join(sorted(Settings.model_fields))}"
    assert first.startswith(f"DIFFUSE_SMPT_HOST is not a setting; {known}; did you mean ")
    assert "smtp_host" in first.lower().rpartition("did you mean")[2]
    assert second == f"{path}: pol_seconds is not a setting; {known}; did you mean 'poll_seconds'?"
    assert third.startswith(f"{path}: smtp is not a setting; ")


def test_unknown_missing_and_wrong_settings_are_told_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFUSE_NOPE", "1")
    monkeypatch.delenv("DIFFUSE_SENDER")
    path = toml(tmp_path, "smtp_port = 'smtp'\n")
    said = refused(path)
    assert [text.partition(" ")[0] for text in said] == ["DIFFUSE_NOPE", "DIFFUSE_SENDER", f"{path}:"]
    assert said[2].startswith(f"{path}: smtp_port should be a valid integer")


def test_settings_of_the_tests_themselves_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSE_TEST_REDIS_URL", "redis://127.0.0.1")
    Settings.load()


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = toml(tmp_path, "smtp_port = 587\nsmtp_host = 'mail.universite.example'\n")
    monkeypatch.setenv("DIFFUSE_SMTP_PORT", "2525")
    settings = Settings.load(path)
    assert (settings.smtp_host, settings.smtp_port) == ("mail.universite.example", 2525)


def test_a_wrong_value_of_the_environment_is_not_blamed_on_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFUSE_SMTP_PORT", "smtp")
    (text,) = refused(toml(tmp_path, "smtp_port = 587\n"))
    assert text.startswith("DIFFUSE_SMTP_PORT should be")


def test_the_file_may_be_named_by_the_environment_but_an_option_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFUSE_CONFIG", str(toml(tmp_path, "smtp_port = 587\n")))
    assert Settings.load().smtp_port == 587
    (tmp_path / "other").mkdir()
    assert Settings.load(toml(tmp_path / "other", "\ufeffsmtp_port = 465\n")).smtp_port == 465
    monkeypatch.setenv("DIFFUSE_CONFIG", "")
    assert Settings.load().smtp_port == 25


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    (text,) = refused(tmp_path / "nowhere.toml")
    place = tmp_path / "nowhere.toml"
    assert (
        text == f"{place}: the settings file cannot be read: No such file or directory; expected a TOML file"
    )


@pytest.mark.parametrize(
    "data",
    [f"secret = '{SECRET}".encode(), b"secret = caf\xe9", b"secret: short"],
    ids=["unclosed", "not UTF-8", "YAML"],
)
def test_a_file_that_is_not_toml_is_named_and_not_quoted(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "diffuse.toml"
    path.write_bytes(data)
    (text,) = refused(path)
    assert text.startswith(f"{path}: not TOML: ")
    assert text.endswith('; expected lines such as name = "value"')


def test_secrets_show_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {
        "DIFFUSE_DATABASE_URL": "postgresql://diffuse:hush-1@db/diffuse",
        "DIFFUSE_REDIS_URL": "redis://:hush-2@localhost",
        "DIFFUSE_SMTP_PASSWORD": "hush-3",
    }
    for name, value in hidden.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hush" not in text
        assert SECRET not in text


def test_the_password_of_rabbitmq_shows_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSE_RABBITMQ_URL", "amqp://diffuse:hush-4@localhost/%2F")
    settings = Settings.load()
    assert settings.rabbitmq_url.get_secret_value() == "amqp://diffuse:hush-4@localhost/%2F"
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hush" not in text


def test_hints_go_through_one_broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = toml(tmp_path, "redis_url = 'redis://:hush-hush@localhost'\n")
    monkeypatch.setenv("DIFFUSE_RABBITMQ_URL", "amqp://diffuse:hush-hush@localhost/%2F")
    assert refused(path) == ["redis_url and rabbitmq_url are both set; expected one of them, or none"]
    monkeypatch.setenv("DIFFUSE_REDIS_URL", "")
    assert Settings.load(path).redis_url.get_secret_value() == ""


@pytest.mark.parametrize("value", ["'x'", "12345678", "['hush-hush']", "{a = 'hush-hush'}", "1979-05-27"])
def test_a_secret_of_the_wrong_kind_is_refused_and_not_quoted(
    value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DIFFUSE_SECRET")
    (text,) = refused(toml(tmp_path, f"secret = {value}\n"))
    assert text.startswith(f"{tmp_path / 'diffuse.toml'}: secret ")
    assert "hush" not in text
    assert "12345678" not in text


def test_a_setting_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().smtp_port = 26


@pytest.mark.parametrize(
    ("sender", "name", "email"),
    [
        ("Communications <com@universite.example>", "Communications", "com@universite.example"),
        ("Zoé  Côté, vice-rectrice  <zoe@u.example>", "Zoé  Côté, vice-rectrice", "zoe@u.example"),
        ("A <b> <c@u.example>", "A <b>", "c@u.example"),
    ],
)
def test_the_sender_has_a_name_and_an_address(
    sender: str, name: str, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFUSE_SENDER", sender)
    settings = Settings.load()
    assert (settings.sender_name, settings.sender_email) == (name, email)


@pytest.mark.parametrize(
    "sender",
    [
        "com@universite.example",
        "<com@universite.example>",
        " <com@universite.example>",
        "Com<com@universite.example>",
        "Com <com@universite>",
        "Com <com@universite.example",
        "Com <com@universite.example> ",
        "Com\nBcc: x <com@universite.example>",
        "Com <com@universite.example\n>",
        "",
    ],
)
def test_a_sender_without_a_name_or_an_address_is_refused(
    sender: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFUSE_SENDER", sender)
    (text,) = refused()
    assert text.startswith("DIFFUSE_SENDER holds no name, or no address in angle brackets; expected who ")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://u.example/", "https://u.example"),
        ("https://u.example/diffuse//", "https://u.example/diffuse"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("https://[::1]:8025/d", "https://[::1]:8025/d"),
    ],
)
def test_the_base_of_all_links_ends_without_a_slash(
    given: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFUSE_BASE_URL", given)
    assert Settings.load().base_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "u.example",
        "ftp://u.example",
        "https://",
        "https:///x",
        "https://u.example/a b",
        "https://u.example?x=1",
        "https://u.example/#top",
        "https://me:hush-hush@u.example",
        "https://u.example\n",
        "",
    ],
)
def test_a_base_that_no_link_can_be_built_on_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSE_BASE_URL", given)
    (text,) = refused()
    assert text.startswith("DIFFUSE_BASE_URL is not an address that begins with https:// or http://")
    assert "hush" not in text


SERVERS = """
[[smtp_servers]]
host = "relay1.example.org"
security = "none"
weight = 2
per_minute = 600

[[smtp_servers]]
host = "relay2.example.org"
port = 587
username = "diffuse"
password = "p4ss-and-more"

[domain_limits]
"Gmail.com" = { per_minute = 20, per_day = 1000 }
"""


def test_several_mail_servers_and_limits_stand_in_tables(tmp_path: Path) -> None:
    settings = Settings.load(toml(tmp_path, SERVERS))
    assert [(one.name, one.weight, one.per_minute) for one in settings.servers] == [
        ("relay1.example.org:25", 2, 600),
        ("relay2.example.org:587", 1, None),
    ]
    assert settings.domain_limits["gmail.com"].per_day == 1000
    assert "p4ss" not in repr(settings)


def test_the_single_mail_server_is_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSE_SMTP_PER_MINUTE", "30")
    monkeypatch.setenv("DIFFUSE_SMTP_PER_DAY", "")
    (server,) = Settings.load().servers
    assert (server.name, server.per_minute, server.per_day) == ("127.0.0.1:25", 30, None)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SMTP_SERVERS", "[{", "DIFFUSE_SMTP_SERVERS is not JSON (Expecting"),
        ("SMTP_SERVERS", '[{"port": 25}]', "DIFFUSE_SMTP_SERVERS: [0].host"),
        ("SMTP_SERVERS", '[{"port": 25}]', "is missing; expected host that accepts mail for us"),
        ("SMTP_SERVERS", '[{"host": "a", "port": 0}]', "; expected port of that host, 1 to 65535"),
        ("SMTP_SERVERS", '{"host": "a"}', "; expected several mail servers instead of smtp_host: tables"),
        ("SMTP_SERVERS", '[{"host": "a"}, {"host": "A"}]', "names a:25 twice"),
        ("SMTP_SERVERS", '[{"host": "a", "prot": 25}]', "DIFFUSE_SMTP_SERVERS: [0].prot is not known"),
        ("SMTP_SERVERS", '[{"host": "a", "prot": 25}]', "did you mean 'port'?"),
        ("DOMAIN_LIMITS", '{"gmail.com": {"a_day": 5}}', "expected one of per_day, per_minute"),
        ("DOMAIN_LIMITS", '{"@gmail.com": {}}', "'@gmail.com', which is no domain such as example.org"),
        ("DOMAIN_LIMITS", '{"*.gmail.com": {}}', "'*.gmail.com', which is no domain such as example.org"),
        ("DOMAIN_LIMITS", '{"gmail.com": {}, "Gmail.com": {}}', "names a domain twice"),
        ("DOMAIN_LIMITS", '{"gmail.com": {"per_minute": 0}}', "DIFFUSE_DOMAIN_LIMITS: gmail.com.per_minute"),
    ],
)
def test_servers_and_limits_that_cannot_be_read_are_named_by_their_place(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"DIFFUSE_{name}", value)
    with pytest.raises(AuthoringError) as caught:
        Settings.load()
    assert says in str(caught.value)


@pytest.mark.parametrize("value", ["", " ", "{}"])
def test_no_limits_at_all_are_written_in_any_way(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSE_DOMAIN_LIMITS", value)
    assert Settings.load().domain_limits == {}


def test_what_concerns_the_single_mail_server_is_refused_beside_several(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFUSE_SMTP_PER_DAY", "500")
    path = toml(tmp_path, f"smtp_host = 'mail'\nsmtp_timeout = 5\n{SERVERS}")
    assert sorted(refused(path)) == [
        (f"{path}: smtp_host beside smtp_servers does nothing; expected host in each server of smtp_servers"),
        (
            "DIFFUSE_SMTP_PER_DAY beside smtp_servers does nothing; "
            "expected per_day in each server of smtp_servers"
        ),
    ]
    monkeypatch.delenv("DIFFUSE_SMTP_PER_DAY")
    monkeypatch.setenv("DIFFUSE_SMTP_SERVERS", "[]")
    assert [one.name for one in Settings.load(path).servers] == ["mail:25"]


def test_the_password_of_one_of_several_mail_servers_shows_in_no_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIFFUSE_SMTP_SERVERS", '[{"host": "a", "password": "hush-1"}]')
    settings = Settings.load()
    assert settings.servers[0].password.get_secret_value() == "hush-1"
    for text in (repr(settings), settings.model_dump_json(), str(settings.servers)):
        assert "hush" not in text
    for wrong in ('[{"host": "a", "password": ["hush-2"]}]', '[{"host": "a", "password": "hush-3"'):
        monkeypatch.setenv("DIFFUSE_SMTP_SERVERS", wrong)
        assert "hush" not in "".join(refused())


def test_the_key_that_signs_stands_in_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = toml(tmp_path, "dkim_key_file = '/etc/diffuse/dkim.pem'\n")
    assert Settings.load(path).dkim_key_file == Path("/etc/diffuse/dkim.pem")
    monkeypatch.setenv("DIFFUSE_DKIM_KEY", "hush-hush")
    assert refused(path) == ["dkim_key and dkim_key_file are both set; expected one of them, or none"]
    monkeypatch.setenv("DIFFUSE_DKIM_KEY_FILE", "")
    settings = Settings.load(path)
    assert settings.dkim_key_file is None
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"


PROVIDER = {
    "OIDC_ISSUER": "https://id.universite.example",
    "OIDC_CLIENT_ID": "diffuse",
    "OIDC_CLIENT_SECRET": "hush-hush",
}


def sets(monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"DIFFUSE_{name}", value)


def test_nobody_signs_in_but_by_mail_unless_it_is_set() -> None:
    settings = Settings.load()
    assert (settings.oidc_issuer, settings.identity_header, settings.oidc_claim) == ("", "", "email")
    assert settings.magic_links


def test_a_way_to_sign_in_is_set_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    header = {"IDENTITY_HEADER": "X-Remote-User", "TRUSTED_PROXIES": "10.0.0.0/8", "MAGIC_LINKS": "false"}
    sets(monkeypatch, {**PROVIDER, **header})
    settings = Settings.load()
    assert settings.oidc_issuer == "https://id.universite.example"
    assert (settings.identity_header, settings.magic_links) == ("X-Remote-User", False)
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hush" not in text


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["OIDC_ISSUER"], "oidc_issuer without oidc_client_id and oidc_client_secret"),
        (
            ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"],
            "oidc_client_id and oidc_client_secret without oidc_issuer",
        ),
        (["OIDC_ISSUER", "OIDC_CLIENT_ID"], "oidc_issuer and oidc_client_id without oidc_client_secret"),
    ],
)
def test_half_of_a_provider_is_refused(names: list[str], found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sets(monkeypatch, {name: PROVIDER[name] for name in names})
    assert refused() == [f"{found}; expected all three of them, or none"]


def test_a_header_that_anybody_could_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sets(monkeypatch, {"IDENTITY_HEADER": "X-Remote-User"})
    (text,) = refused()
    assert text.startswith("identity_header without trusted_proxies; expected the networks of the proxies")


@pytest.mark.parametrize(
    "issuer",
    ["http://id.universite.example", "id.universite.example", "https://a@b.example", "https://x.example?y"],
)
def test_a_provider_that_somebody_on_the_way_could_play_is_refused(
    issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets(monkeypatch, {**PROVIDER, "OIDC_ISSUER": issuer})
    (text,) = refused()
    assert text.startswith("DIFFUSE_OIDC_ISSUER is not an address that begins with https://")


@pytest.mark.parametrize(
    "issuer", ["http://localhost:9400", "http://127.0.0.1:9400/realm", "https://id.example/"]
)
def test_a_provider_on_this_machine_needs_no_certificate(
    issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets(monkeypatch, {**PROVIDER, "OIDC_ISSUER": issuer})
    assert Settings.load().oidc_issuer == issuer


@pytest.mark.parametrize("header", ["X Remote User", "X-Remote-User:", "X_Remote_User"])
def test_a_header_that_no_proxy_can_send_is_refused(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sets(monkeypatch, {"IDENTITY_HEADER": header, "TRUSTED_PROXIES": "10.0.0.0/8"})
    (text,) = refused()
    assert text.startswith("DIFFUSE_IDENTITY_HEADER ")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            '[platforms.wordpres]\nurl = "https://intranet.example"',
            "slack, mattermost, google-chat, apprise, did you mean 'wordpress'?",
        ),
        (
            '[platforms.wordpress]\nurl = "https://intranet.example"\ntenant = "t"',
            "lacks username, password in wordpress; has tenant in wordpress, which does nothing there",
        ),
        (
            '[platforms."teams/crisis-cell"]\nurll = "x"',
            "platforms: teams/crisis-cell.urll is not known; expected one of category, client_id,",
        ),
        ('[platforms.email]\nurl = "x"', "platforms names 'email', which is none of"),
        (
            'widget_origins = ["https://*.universite.example"]',
            "widget_origins names 'https://*.universite.example', which is no site such as",
        ),
    ],
)
def test_a_platform_that_cannot_be_reached_is_told_with_what_it_lacks(
    table: str, text: str, tmp_path: Path
) -> None:
    (line,) = refused(toml(tmp_path, table))
    assert text in line


def test_platforms_are_read_from_tables_and_their_secrets_show_nowhere(tmp_path: Path) -> None:
    table = (
        '[platforms.wordpress]\nurl = "https://intranet.example"\nusername = "diffuse"\npassword = "s3cret"\n'
        '[platforms."teams/crisis-cell"]\nurl = "https://hooks.example/s3cret"\n'
        '[platforms.mediawiki]\nurl = "https://wiki.example/api.php"\nusername = "diffuse"\n'
        'password = "s3cret"\ndisplay_title = true\n'
    )
    settings = Settings.load(toml(tmp_path, table))
    assert settings.platforms["wordpress"].given() == {
        "url": "https://intranet.example",
        "username": "diffuse",
        "password": "s3cret",
    }
    assert list(settings.platforms) == ["wordpress", "teams/crisis-cell", "mediawiki"]
    assert settings.platforms["mediawiki"].given()["display_title"] is True
    assert "s3cret" not in repr(settings) + str(settings.platforms)
