"""What an operator decides: the environment (``DIFFUSE_…``) or one TOML file, refused at start when wrong."""

import json
import os
import re
import tomllib
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from diffuse.domain.channel import EMAIL as EMAIL_CHANNEL
from diffuse.domain.channel import PATTERN, PLATFORMS, kind_of
from diffuse.domain.people import EMAIL
from diffuse.errors import AuthoringError, Problem, dotted, nearest

PREFIX = "DIFFUSE_"
CONFIG = f"{PREFIX}CONFIG"
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_ISSUER = re.compile(
    r"https://[^\s/?#@]+(/[^\s?#]*)?|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/[^\s?#]*)?"
)
_ORIGIN = re.compile(r"https?://[^\s/?#@'\";,*]+")
_DOMAIN = re.compile(r"\*|[^\s@*.]+(\.[^\s@*.]+)+")


class LaneLimit(BaseModel):
    """How many messages may go to a domain, or through a server."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    per_minute: int | None = Field(default=None, ge=1, description="messages a minute")
    per_day: int | None = Field(default=None, ge=1, description="messages a day (UTC)")


class SmtpServer(LaneLimit):
    """One of several mail servers."""

    host: str = Field(min_length=1, description="host that accepts mail for us")
    port: int = Field(default=25, ge=1, le=65535, description="port of that host, 1 to 65535")
    security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="none, starttls or tls"
    )
    username: str = Field(default="", description="empty: no authentication")
    password: SecretStr = Field(default=SecretStr(""), description="with username")
    connections: int = Field(default=8, ge=1, le=100, description="connections of one worker, 1 to 100")
    weight: int = Field(default=1, ge=1, le=1000, description="share of the messages, 1 to 1000")

    @property
    def name(self) -> str:
        """What it is called in the database and in the log."""
        return f"{self.host}:{self.port}"


class PlatformAccount(BaseModel):
    """An intranet platform, and what lets us publish there; which of these it needs depends on its kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(default=SecretStr(""), description="address; that of a chat or hook is a secret")
    username: str = Field(default="", description="account that may publish, and nothing more")
    password: SecretStr = Field(default=SecretStr(""), description="application or bot password of it")
    folder: str = Field(default="", description="folder for news items; empty: the site itself")
    prefix: str = Field(default="", description="what page titles begin with, such as 'Consignes:'")
    category: str = Field(default="", description="category of the pages; empty: none")
    display_title: bool = Field(default=False, description="whether the wiki gives a page any title")
    tenant: str = Field(default="", description="directory (tenant) of Microsoft 365")
    site: str = Field(default="", description="site, such as universite.sharepoint.com:/sites/intranet")
    client_id: str = Field(default="", description="application that may write to that site")
    client_secret: SecretStr = Field(default=SecretStr(""), description="with that application")
    secret: SecretStr = Field(default=SecretStr(""), description="signs webhooks: whsec_ and base64")

    def given(self) -> dict[str, str | bool]:
        """Return what is set, secrets in plain text."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        plain = {
            name: one.get_secret_value() if isinstance(one, SecretStr) else one
            for name, one in values.items()
        }
        return {name: value for name, value in plain.items() if value}


PLATFORM_NEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "wordpress": (("url", "username", "password"), ()),
    "mediawiki": (("url", "username", "password"), ("prefix", "category", "display_title")),
    "plone": (("url", "username", "password"), ("folder",)),
    "sharepoint": (("tenant", "site", "client_id", "client_secret"), ()),
    "webhook": (("url", "secret"), ()),
    **dict.fromkeys(("teams", "slack", "mattermost", "google-chat", "apprise"), (("url",), ())),
    "feed": ((), ()),
}
"""For each kind of platform what its account must have, and what it may have."""


class Settings(BaseModel):
    """The settings of one installation. Durations are in seconds; secrets never show in a repr or a log."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = Field(
        description="public address of the tracking service, such as https://diffuse.example.org"
    )
    secret: SecretStr = Field(description="signs links and message ids: at least 32 characters")
    secret_id: int = Field(default=1, ge=1, le=255, description="number of that secret, 1 to 255")
    old_secrets: dict[int, SecretStr] = Field(
        default={}, description="earlier secrets by their numbers, which still open links: a table, or JSON"
    )
    person_secret: SecretStr = Field(
        default=SecretStr(""), description="hides employees in evidence, for ever; empty: the secret number 1"
    )
    sender: str = Field(description="who messages come from, written 'Name <name@example.org>'")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///diffuse.db"), description="SQLAlchemy address; SQLite or PostgreSQL"
    )
    redis_url: SecretStr = Field(default=SecretStr(""), description="only for worker:broker; empty: no hints")
    rabbitmq_url: SecretStr = Field(
        default=SecretStr(""), description="for worker:broker instead of redis_url; empty: no hints"
    )
    smtp_host: str = Field(default="127.0.0.1", description="host that accepts mail for us")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="port of that host, 1 to 65535")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="none, starttls or tls"
    )
    smtp_username: str = Field(default="", description="empty: no authentication")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="with smtp_username")
    smtp_timeout: float = Field(default=30.0, gt=0, le=600, description="seconds without an answer")
    smtp_dot_timeout: float = Field(
        default=120.0, gt=0, le=3600, description="seconds that the server has to accept a message"
    )
    journal: Path = Field(
        default=Path("diffuse-journal"),
        description="folder of this machine where workers note what they are sending; all of them share it",
    )
    smtp_connections: int = Field(
        default=8, ge=1, le=100, description="connections of one worker to that host, 1 to 100"
    )
    smtp_per_minute: int | None = Field(default=None, ge=1, description="messages a minute; empty: no limit")
    smtp_per_day: int | None = Field(default=None, ge=1, description="messages a day (UTC); empty: no limit")
    smtp_servers: tuple[SmtpServer, ...] = Field(
        default=(), description="several mail servers instead of smtp_host: tables, or a list in JSON"
    )
    domain_limits: dict[str, LaneLimit] = Field(
        default={}, description="limits by recipients' domain, '*' for every other one: a table, or JSON"
    )
    retry_hours: float = Field(
        default=24.0, gt=0, le=240, description="for how long a message refused for now is tried again"
    )
    dkim_domain: str = Field(default="", description="domain that signs messages; empty: they are not signed")
    dkim_selector: str = Field(default="", description="name under which the domain's DNS holds the key")
    dkim_key: SecretStr = Field(default=SecretStr(""), description="private key in PEM: RSA or Ed25519")
    dkim_key_file: Path | None = Field(
        default=None, description="file with that key instead, which others may not read"
    )
    bounce_address: str = Field(
        default="", description="where messages come back to, such as bounces@example.org; empty: the sender"
    )
    returns_maildir: Path | None = Field(
        default=None, description="Maildir folder of this machine with what comes back; empty: none"
    )
    returns_imap_host: str = Field(default="", description="IMAP server with what comes back; empty: none")
    returns_imap_port: int = Field(default=993, ge=1, le=65535, description="port of that server")
    returns_imap_security: Literal["tls", "starttls", "none"] = Field(
        default="tls", description="tls, starttls or none"
    )
    returns_imap_username: str = Field(default="", description="account on that server")
    returns_imap_password: SecretStr = Field(default=SecretStr(""), description="with that account")
    returns_imap_folder: str = Field(default="INBOX", description="its folder, which holds nothing else")
    listen_host: str = Field(default="127.0.0.1", description="address on which the tracking service listens")
    listen_port: int = Field(
        default=8025, ge=0, le=65535, description="port of that address; 0 takes a free one"
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="networks of our own proxies, with commas; only their X-Forwarded-For is believed",
    )
    scanner_networks: Path | None = Field(
        default=None,
        description="file of networks whose clicks are a mail scanner's, one a line; empty: none",
    )
    api_token: SecretStr = Field(
        default=SecretStr(""),
        description="opens /api and /metrics to other systems: 32 characters or more; empty: closed",
    )
    poll_seconds: float = Field(
        default=10.0, gt=0, le=3600, description="how often the database is asked for work"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="text or json: how workers and the tracking service write their log"
    )
    timestamp_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="authority (RFC 3161) that stamps the evidence once a day; empty: none",
    )
    timestamp_ca: Path | None = Field(
        default=None, description="file with the certificates (PEM) of that authority; empty: its word counts"
    )
    smallest_group: int = Field(
        default=5, ge=2, description="people of whom a grouped report tells anything, at least; 2 or more"
    )
    keep_hits: int = Field(
        default=180, ge=1, le=3650, description="days for which opens and clicks are kept by name, 1 to 3650"
    )
    keep_leavers: int = Field(
        default=365,
        ge=0,
        le=36500,
        description="days after the last day of work for which a person keeps their name",
    )
    keep_evidence: int | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="days for which evidence of erased people is kept; empty: ever",
    )
    templates: Path | None = Field(
        default=None, description="folder of layouts; empty: those that ship with diffuse"
    )
    oidc_issuer: str = Field(
        default="",
        description="identity provider (OpenID Connect), as it calls itself, by https://; empty: none",
    )
    oidc_client_id: str = Field(default="", description="what that provider knows us by")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="with that name")
    oidc_claim: str = Field(
        default="email", min_length=1, description="claim that names an employee: an address or an id"
    )
    identity_header: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]*$",
        description="header in which trusted_proxies name who has signed in: X-Remote-User; empty: none",
    )
    magic_links: bool = Field(
        default=True, description="whether an employee can ask for a link by mail to sign in from a post"
    )

    platforms: dict[str, PlatformAccount] = Field(
        default={}, description="intranet platforms by their channel, such as wordpress: a table, or JSON"
    )
    widget_origins: tuple[str, ...] = Field(
        default=(),
        description="sites that may show what waits for an employee, such as https://intranet.example.org",
    )

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            message = "is not an address that begins with https:// or http://, without a space, '?' or '#'"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _sealed(cls, value: str) -> str:
        if value and not _ISSUER.fullmatch(value):
            message = "is not an address that begins with https:// (http:// serves on this machine alone)"
            raise ValueError(message)
        return value

    @field_validator("smtp_per_minute", "smtp_per_day", "keep_evidence", mode="before")
    @classmethod
    def _unlimited(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("trusted_proxies", "widget_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("widget_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in value if not _ORIGIN.fullmatch(one)]:
            message = (
                f"names {', '.join(map(repr, wrong))}, which is no site such as https://intranet.example.org"
            )
            raise ValueError(message)
        return value

    @field_validator("platforms")
    @classmethod
    def _whole(cls, value: dict[str, PlatformAccount]) -> dict[str, PlatformAccount]:
        wrong = [text for channel, account in value.items() for text in _misfits(channel, account)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return value

    @field_validator("smtp_servers", "domain_limits", "old_secrets", "platforms", mode="before")
    @classmethod
    def _json(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return () if info.field_name == "smtp_servers" else {}
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            message = f"is not JSON ({error.msg} at character {error.pos + 1})"
            raise ValueError(message) from None

    @field_validator("smtp_servers")
    @classmethod
    def _different(cls, value: tuple[SmtpServer, ...]) -> tuple[SmtpServer, ...]:
        names = [server.name.lower() for server in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"names {', '.join(twice)} twice"
            raise ValueError(message)
        return value

    @field_validator("domain_limits")
    @classmethod
    def _lower(cls, value: dict[str, LaneLimit]) -> dict[str, LaneLimit]:
        lower = {domain.lower(): limit for domain, limit in value.items()}
        if wrong := sorted(domain for domain in lower if not _DOMAIN.fullmatch(domain)):
            message = f"names {', '.join(map(repr, wrong))}, which is no domain such as example.org"
            raise ValueError(message)
        if len(lower) < len(value):
            message = "names a domain twice, in capitals and in small letters"
            raise ValueError(message)
        return lower

    @field_validator("templates", "dkim_key_file", "scanner_networks", "returns_maildir", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("sender")
    @classmethod
    def _person(cls, value: str) -> str:
        name, _, rest = value.rpartition(" <")
        if (
            not name.strip()
            or not rest.endswith(">")
            or not EMAIL.fullmatch(rest[:-1])
            or not value.isprintable()
        ):
            message = "holds no name, or no address in angle brackets"
            raise ValueError(message)
        return value

    @field_validator("bounce_address")
    @classmethod
    def _mailbox(cls, value: str) -> str:
        if value and not EMAIL.fullmatch(value):
            message = "is not an address such as bounces@example.org"
            raise ValueError(message)
        return value

    @field_validator("secret")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:  # noqa: PLR2004 -- 128 bits in hexadecimal
            message = "is too short; make one with: openssl rand -hex 32"
            raise ValueError(message)
        return value

    @field_validator("old_secrets")
    @classmethod
    def _all_long(cls, value: dict[int, SecretStr]) -> dict[int, SecretStr]:
        for secret in value.values():
            cls._long(secret)
        return value

    @field_validator("api_token", "person_secret")
    @classmethod
    def _long_or_none(cls, value: SecretStr) -> SecretStr:
        return cls._long(value) if value.get_secret_value() else value

    @property
    def servers(self) -> tuple[SmtpServer, ...]:
        """The mail servers, however they were written."""
        return self.smtp_servers or (
            SmtpServer(
                host=self.smtp_host,
                port=self.smtp_port,
                security=self.smtp_security,
                username=self.smtp_username,
                password=self.smtp_password,
                connections=self.smtp_connections,
                per_minute=self.smtp_per_minute,
                per_day=self.smtp_per_day,
            ),
        )

    @property
    def sender_name(self) -> str:
        """The name that messages come from."""
        return self.sender.rpartition(" <")[0].strip()

    @property
    def sender_email(self) -> str:
        """The address that messages come from."""
        return self.sender.rpartition(" <")[2][:-1]

    @classmethod
    def load(cls, config: Path | None = None) -> "Settings":
        """Read the file named by ``config`` or DIFFUSE_CONFIG, then the environment.

        Raises:
            AuthoringError: naming every setting that is missing, wrong or not known.
        """
        path = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
        written, given = _read(path) if path else {}, _environment()
        problems = [
            _unknown(f"{PREFIX}{name.upper()}", name, "") for name in given if name not in cls.model_fields
        ]
        problems += [_unknown(name, name, str(path)) for name in written if name not in cls.model_fields]
        values = {name: value for name, value in {**written, **given}.items() if name in cls.model_fields}
        try:
            settings = cls(**values)
        except ValidationError as error:
            for item in error.errors(include_input=False, include_url=False):
                name = str(item["loc"][0])
                problems.append(
                    _problem(item, name, str(path) if name in written and name not in given else "")
                )
            # The cause is not shown: it may quote a secret.
            raise AuthoringError(*problems) from None
        if settings.redis_url.get_secret_value() and settings.rabbitmq_url.get_secret_value():
            problems.append(
                Problem(found="redis_url and rabbitmq_url are both set", expected="one of them, or none")
            )
        if settings.dkim_key.get_secret_value() and settings.dkim_key_file:
            problems.append(
                Problem(found="dkim_key and dkim_key_file are both set", expected="one of them, or none")
            )
        problems += _halves(settings)
        if settings.smtp_servers:
            problems += _idle(written, given, str(path))
        if problems:
            raise AuthoringError(*problems)
        return settings


def _misfits(channel: str, account: PlatformAccount) -> Iterator[str]:
    """Say what is wrong with a platform's name, and what its account lacks or has in vain."""
    if not PATTERN.fullmatch(channel) or channel == EMAIL_CHANNEL:
        guess = nearest(kind_of(channel), PLATFORMS)
        meant = f", did you mean {guess!r}?" if guess else ""
        yield f"names {channel!r}, which is none of {', '.join(PLATFORMS)}{meant}"
        return
    needed, allowed = PLATFORM_NEEDS[kind_of(channel)]
    given = account.given()
    if missing := [name for name in needed if name not in given]:
        yield f"lacks {', '.join(missing)} in {channel}"
    if idle := [name for name in given if name not in {*needed, *allowed}]:
        yield f"has {', '.join(idle)} in {channel}, which does nothing there"


def _environment() -> dict[str, str]:
    """Return what the environment sets; ``DIFFUSE_TEST_…`` belongs to the project's own tests."""
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name != CONFIG and not name.startswith(f"{PREFIX}TEST_")
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise AuthoringError.of(
            f"the settings file cannot be read: {error.strerror}", "a TOML file", file=str(path)
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuthoringError.of(
            f"not TOML: {error}", 'lines such as name = "value"', file=str(path)
        ) from error


def _unknown(shown: str, name: str, file: str) -> Problem:
    return Problem(
        file=file,
        found=f"{shown} is not a setting",
        expected=f"one of {', '.join(sorted(Settings.model_fields))}",
        suggestion=nearest(name, Settings.model_fields),
    )


def _halves(settings: Settings) -> Iterator[Problem]:
    """Yield what is set of a way to sign in while the rest of it is missing."""
    given = {
        "oidc_issuer": settings.oidc_issuer,
        "oidc_client_id": settings.oidc_client_id,
        "oidc_client_secret": settings.oidc_client_secret.get_secret_value(),
    }
    there = [name for name, value in given.items() if value]
    missing = [name for name, value in given.items() if not value]
    if there and missing:
        yield Problem(
            found=f"{' and '.join(there)} without {' and '.join(missing)}",
            expected="all three of them, or none",
        )
    if settings.identity_header and not settings.trusted_proxies:
        yield Problem(
            found="identity_header without trusted_proxies",
            expected="the networks of the proxies that set this header: anybody else could",
        )


def _idle(written: Collection[str], given: Collection[str], file: str) -> Iterator[Problem]:
    """Yield what is set for the single mail server, where several are named."""
    for field in SmtpServer.model_fields:
        name = f"smtp_{field}"
        shown = f"{PREFIX}{name.upper()}" if name in given else name
        if name in given or name in written:
            yield Problem(
                file="" if name in given else file,
                found=f"{shown} beside smtp_servers does nothing",
                expected=f"{field} in each server of smtp_servers",
            )


def _problem(item: ErrorDetails, name: str, file: str) -> Problem:
    shown = name if file else f"{PREFIX}{name.upper()}"
    fields = Settings.model_fields
    if inner := tuple(part for part in item["loc"][1:] if part != "[key]"):
        shown += f": {dotted(inner)}"
    if len(inner) > 1:
        inside: dict[str, type[BaseModel]] = {"smtp_servers": SmtpServer, "platforms": PlatformAccount}
        fields = inside.get(name, LaneLimit).model_fields
        name = str(inner[-1])
    if item["type"] == "extra_forbidden":
        return Problem(
            file=file,
            found=f"{shown} is not known",
            expected=f"one of {', '.join(sorted(fields))}",
            suggestion=nearest(name, fields),
        )
    description = (fields[name].description if name in fields else None) or ""
    if item["type"] == "missing":
        return Problem(file=file if inner else "", found=f"{shown} is missing", expected=description)
    said = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Problem(file=file, found=f"{shown} {said}", expected=description)
