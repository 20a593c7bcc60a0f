"""Whole sets of values as one parameter: statements stay the same however many there are."""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from sqlalchemy import Connection, TextClause, text

KINDS = {"bigint": "INTEGER", "text": "TEXT"}
"""What PostgreSQL calls a kind of value, and what SQLite does."""


def ids(connection: Connection, parameter: str) -> str:
    """Write the set of numbers that a parameter holds, for ``IN``."""
    if connection.dialect.name == "postgresql":
        return f"(SELECT value::bigint FROM json_array_elements_text(CAST(:{parameter} AS json)))"  # noqa: S608
    return f"(SELECT value FROM json_each(:{parameter}))"  # noqa: S608 -- a name of ours


def rows(connection: Connection, parameter: str, columns: Sequence[tuple[str, str]]) -> str:
    """Write the table that a parameter holds; ``columns`` are names and kinds, in the order of the values."""
    if connection.dialect.name == "postgresql":
        each = (f"(value->>{place})::{kind} AS {name}" for place, (name, kind) in enumerate(columns))
        source = f"json_array_elements(CAST(:{parameter} AS json))"
    else:
        each = (
            f"CAST(json_extract(value, '$[{place}]') AS {KINDS[kind]}) AS {name}"
            for place, (name, kind) in enumerate(columns)
        )
        source = f"json_each(:{parameter})"
    return f"(SELECT {', '.join(each)} FROM {source})"  # noqa: S608 -- names of ours


def add(
    connection: Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    values: Iterable[Collection[object]],
) -> None:
    """Add rows to a table, all in one statement; ``values`` are as the database keeps them."""
    names = ", ".join(name for name, _ in columns)
    statement = f"INSERT INTO {table} ({names}) SELECT {names} FROM {{added}} AS added"  # noqa: S608 -- ours
    change(connection, statement, "added", columns, values)


def change(
    connection: Connection,
    statement: str,
    parameter: str,
    columns: Sequence[tuple[str, str]],
    values: Iterable[Collection[object]],
) -> None:
    """Run a statement in which ``{parameter}`` in braces stands for the table of the values."""
    whole = _whole(statement, parameter, rows(connection, parameter, columns))
    connection.execute(whole, {parameter: packed(values)})


@lru_cache
def _whole(statement: str, parameter: str, source: str) -> TextClause:
    return text(statement.format(**{parameter: source}))


def packed(values: Iterable[Collection[object] | int]) -> str:
    """Write values the way that ``ids`` and ``rows`` read them."""
    return json.dumps(list(values))
