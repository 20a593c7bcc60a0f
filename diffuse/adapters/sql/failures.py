"""Turns what a database complains about into a text that says what to do; never shows a password."""

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from diffuse.errors import AuthoringError, DiffuseError, TransientFailure

_SQLITE = {
    "unable to open": "a file in a folder that exists and can be written to",
    "readonly": "a file and a folder that can be written to",
    "not a database": "a database file of diffuse, or no file yet",
    "malformed": "an undamaged file: restore the last backup",
    "no such table": "the tables of this version of diffuse: prepare the database first",
    "no such column": "the tables of this version of diffuse: prepare the database first",
}
_POSTGRESQL = {
    "28": "the user and the password of the database",
    "3D": "a database that exists",
    "42P01": "the tables of this version of diffuse: prepare the database first",
    "42703": "the tables of this version of diffuse: prepare the database first",
    "42501": "a user who may read and write these tables",
}
_AT_CONNECT = {
    "password authentication failed": "the user and the password of the database",
    "no password supplied": "the user and the password of the database",
    "invalid connection option": "options that PostgreSQL knows",
    " does not exist": "a user and a database that exist",
}
"""When a connection fails, psycopg gives the server's words without their code."""

_LATER = ("08", "40", "53", "55", "57", "58")
"""PostgreSQL's classes of what passes: connection, deadlock, resources, locks, shutdown, input and output."""

_SQLITE_LATER = ("locked", "busy", "disk", "full", "interrupted")


def place(url: URL) -> str:
    """Name a database without its user, password and options."""
    host = (url.host or "") + (f":{url.port}" if url.port else "")
    return f"{url.get_backend_name()}://{host}/{url.database or ''}"


def in_words(error: SQLAlchemyError, url: URL) -> DiffuseError | None:
    """Say what a failure means for the person who runs diffuse; None when it is a fault of diffuse itself."""
    if isinstance(error, StatementError) and isinstance(error.orig, DiffuseError):
        return error.orig
    if isinstance(error, PoolTimeout):
        return TransientFailure(f"All connections to the database {place(url)} are in use; try again later.")
    if not isinstance(error, DBAPIError):
        return None
    said = _without_password(" ".join(str(error.orig).split()), url)
    expected, later = _sqlite(said) if url.get_backend_name() == "sqlite" else _postgresql(error, said)
    if expected:
        return AuthoringError.of(f"the database {place(url)} cannot be used: {said}", expected)
    if not later:
        return None
    return TransientFailure(
        f"The database {place(url)} does not answer: {said}. Nothing is lost; try again later.", reply=said
    )


def _sqlite(said: str) -> tuple[str, bool]:
    """Return what to mend, if anything, and whether the failure may pass by itself."""
    return _first(_SQLITE, said), any(words in said for words in _SQLITE_LATER)


def _postgresql(error: DBAPIError, said: str) -> tuple[str, bool]:
    """Return what to mend, if anything, and whether the failure may pass by itself."""
    code: str = getattr(error.orig, "sqlstate", None) or ""
    if not code:
        return _first(_AT_CONNECT, said), not isinstance(error, ProgrammingError)
    return _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2], ""), code.startswith(_LATER)


def _first(known: dict[str, str], said: str) -> str:
    return next((expected for words, expected in known.items() if words in said), "")


def _without_password(text: str, url: URL) -> str:
    secrets = [str(url.password or ""), *(value for key, value in url.query.items() if "pass" in key)]
    for secret in secrets:
        if isinstance(secret, str) and secret:
            text = text.replace(secret, "***")
    return text
