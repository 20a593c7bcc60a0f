"""What an operator decides, from the environment (``DIFFUSE_…``) or one TOML file; refused at start when wrong."""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from diffuse.domain.people import EMAIL
from diffuse.errors import AuthoringError, Problem, nearest

PREFIX = "DIFFUSE_"
CONFIG = f"{PREFIX}CONFIG"


class Settings(BaseSettings):
    """The settings of one installation. Durations are in seconds; secrets never show in a repr or a log."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    base_url: str = Field(description="public address of the tracking service, such as https://diffuse.example.org")
    secret: SecretStr = Field(description="signs links and message ids: at least 32 characters, kept for ever")
    sender: str = Field(description="who messages come from, written 'Name <name@example.org>'")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///diffuse.db"), description="SQLAlchemy address; SQLite or PostgreSQL"
    )
    redis_url: SecretStr = Field(default=SecretStr(""), description="only for worker:broker; empty: no hints")
    smtp_host: str = Field(default="127.0.0.1", description="host that accepts mail for us")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="its port")
    smtp_security: Literal["none", "starttls", "tls"] = Field(default="starttls", description="none, starttls or tls")
    smtp_username: str = Field(default="", description="empty: no authentication")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="with smtp_username")
    smtp_timeout: float = Field(default=30.0, gt=0, le=600, description="seconds without an answer")
    listen_host: str = Field(default="127.0.0.1", description="address on which the tracking service listens")
    listen_port: int = Field(default=8025, ge=0, le=65535, description="its port; 0 takes a free one")
    poll_seconds: float = Field(default=10.0, gt=0, le=3600, description="how often the database is asked for work")
    templates: Path | None = Field(default=None, description="folder of layouts; empty: those that ship with diffuse")

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or " " in value:
            message = "expected an address that begins with https://"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("sender")
    @classmethod
    def _person(cls, value: str) -> str:
        name, _, rest = value.rpartition(" <")
        if not name.strip() or not rest.endswith(">") or not EMAIL.fullmatch(rest[:-1]) or not value.isprintable():
            message = "expected 'Name <name@example.org>'"
            raise ValueError(message)
        return value

    @field_validator("secret")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:  # noqa: PLR2004 -- 128 bits in hexadecimal
            message = "expected at least 32 characters, for instance from: openssl rand -hex 32"
            raise ValueError(message)
        return value

    @property
    def sender_name(self) -> str:
        """The name that messages come from."""
        return self.sender.rpartition(" <")[0].strip()

    @property
    def sender_email(self) -> str:
        """The address that messages come from."""
        return self.sender.rpartition(" <")[2][:-1]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file, whose values arrive as arguments."""
        return env_settings, init_settings

    @classmethod
    def load(cls, config: Path | None = None) -> "Settings":
        """Read the file named by ``config`` or DIFFUSE_CONFIG, then the environment.

        Raises:
            AuthoringError: naming every setting that is missing, wrong or not known.
        """
        path = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
        values = _read(path) if path else {}
        unknown = [name for name in _environment() if name not in cls.model_fields]
        problems = [_unknown(f"{PREFIX}{name.upper()}", name, cls, "") for name in unknown]
        problems += [_unknown(name, name, cls, str(path)) for name in values if name not in cls.model_fields]
        known = {name: value for name, value in values.items() if name in cls.model_fields}
        try:
            settings = cls(**known)
        except ValidationError as error:
            problems += [_problem(item, known, str(path)) for item in error.errors(include_input=False)]
            raise AuthoringError(*problems) from error
        if problems:
            raise AuthoringError(*problems)
        return settings


def _environment() -> list[str]:
    names = [name for name in os.environ if name.startswith(PREFIX) and name != CONFIG]
    return [name.removeprefix(PREFIX).lower() for name in names if not name.startswith(f"{PREFIX}TEST_")]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AuthoringError.of(
            f"the settings file cannot be read: {error.strerror}", "a TOML file", file=str(path)
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuthoringError.of(f"not TOML: {error}", "lines such as name = \"value\"", file=str(path)) from error


def _unknown(shown: str, name: str, cls: type[Settings], file: str) -> Problem:
    return Problem(
        file=file,
        found=f"{shown} is not a setting",
        expected=f"one of {', '.join(sorted(cls.model_fields))}",
        suggestion=nearest(name, cls.model_fields),
    )


def _problem(item: Any, known: dict[str, Any], file: str) -> Problem:  # noqa: ANN401 -- pydantic's own shape
    name = str(item["loc"][0])
    in_file = name in known and f"{PREFIX}{name.upper()}" not in os.environ
    shown = name if in_file else f"{PREFIX}{name.upper()}"
    description = Settings.model_fields[name].description or ""
    if item["type"] == "missing":
        return Problem(found=f"{shown} is missing", expected=description)
    text = item["msg"].removeprefix("Value error, ")
    return Problem(file=file if in_file else "", found=f"{shown}: {text}", expected=description)
