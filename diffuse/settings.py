"""What an operator decides: the environment (``DIFFUSE_…``) or one TOML file, refused at start when wrong."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from diffuse.domain.people import EMAIL
from diffuse.errors import AuthoringError, Problem, nearest

PREFIX = "DIFFUSE_"
CONFIG = f"{PREFIX}CONFIG"
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class Settings(BaseModel):
    """The settings of one installation. Durations are in seconds; secrets never show in a repr or a log."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = Field(
        description="public address of the tracking service, such as https://diffuse.example.org"
    )
    secret: SecretStr = Field(
        description="signs links and message ids: at least 32 characters, kept for ever"
    )
    sender: str = Field(description="who messages come from, written 'Name <name@example.org>'")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///diffuse.db"), description="SQLAlchemy address; SQLite or PostgreSQL"
    )
    redis_url: SecretStr = Field(default=SecretStr(""), description="only for worker:broker; empty: no hints")
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
    listen_host: str = Field(default="127.0.0.1", description="address on which the tracking service listens")
    listen_port: int = Field(
        default=8025, ge=0, le=65535, description="port of that address; 0 takes a free one"
    )
    api_token: SecretStr = Field(
        default=SecretStr(""), description="opens /api to other systems: 32 characters or more; empty: closed"
    )
    poll_seconds: float = Field(
        default=10.0, gt=0, le=3600, description="how often the database is asked for work"
    )
    templates: Path | None = Field(
        default=None, description="folder of layouts; empty: those that ship with diffuse"
    )

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            message = "is not an address that begins with https:// or http://, without a space, '?' or '#'"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("templates", mode="before")
    @classmethod
    def _shipped(cls, value: object) -> object:
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

    @field_validator("secret")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:  # noqa: PLR2004 -- 128 bits in hexadecimal
            message = "is too short; make one with: openssl rand -hex 32"
            raise ValueError(message)
        return value

    @field_validator("api_token")
    @classmethod
    def _long_or_none(cls, value: SecretStr) -> SecretStr:
        return cls._long(value) if value.get_secret_value() else value

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
        if problems:
            raise AuthoringError(*problems)
        return settings


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


def _problem(item: ErrorDetails, name: str, file: str) -> Problem:
    shown = name if file else f"{PREFIX}{name.upper()}"
    description = Settings.model_fields[name].description or ""
    if item["type"] == "missing":
        return Problem(found=f"{shown} is missing", expected=description)
    said = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Problem(file=file, found=f"{shown} {said}", expected=description)
