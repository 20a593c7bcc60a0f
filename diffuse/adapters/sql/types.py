"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, String, Text, literal, type_coerce
from sqlalchemy.types import TypeDecorator, TypeEngine

from diffuse.errors import AuthoringError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits; strict tables of SQLite know it by another name."""

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that is compared and sorted by code point, as SQLite and Python do."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970 in UTC.

    A datetime without a zone is refused by an AuthoringError: nobody knows which instant it means.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the 64-bit integer of the database."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Count microseconds."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the instant in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


class Day(TypeDecorator[date]):
    """A calendar day, kept as ``2026-01-31``: it sorts and compares as a text."""

    impl = NAME
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write the day; an instant is no day, so it is refused."""
        if isinstance(value, datetime):
            raise AuthoringError.of(f"the instant {value.isoformat()}", "a calendar day")
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:  # noqa: ARG002
        """Read the day."""
        return None if value is None else date.fromisoformat(value)


class Words(TypeDecorator[str]):
    """A free text from outside, such as a server's reply; what no database can keep becomes U+FFFD."""

    impl = NAME
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace NUL characters and halves of surrogate pairs."""
        return None if value is None else plain(value)


def micros(at: datetime) -> int:
    """Count the microseconds since 1970.

    Raises:
        AuthoringError: for a time without a zone.
    """
    if at.utcoffset() is None:
        raise AuthoringError.of(
            f"the time {at.isoformat()} without a zone", "a time with its zone, such as UTC"
        )
    return (at - EPOCH) // MICROSECOND


def plain(value: str) -> str:
    """Return a text that every database can keep: NUL and halves of surrogate pairs become U+FFFD."""
    if value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fixed(value: str) -> ColumnElement[str]:
    """Write a value into the statement itself, so that a partial index on it can be used."""
    return literal(value, String(), literal_execute=True)


def one_of(column: ColumnElement[str], values: Iterable[StrEnum]) -> ColumnElement[bool]:
    """Test a column against values written into the statement, in an order that is always the same."""
    return column.in_([fixed(value) for value in sorted(values)])


def as_text(column: ColumnElement[Any]) -> ColumnElement[str | None]:
    """Read a day as the text that is kept: NumPy reads whole columns of them at once."""
    return type_coerce(column, Text())
