"""How a line of the log is written: as text for people, or as one JSON object for programs."""

import json
import logging

from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

_NOT_SHOWN = [*RESERVED_ATTRS, "taskName", "color_message"]
"""What every record carries, from some version of Python on or from uvicorn, and nobody has given it."""


def formatter(log_format: str) -> logging.Formatter:
    """Return what writes lines as ``text`` or ``json``."""
    return _json_lines() if log_format == "json" else TextLines()


class TextLines(logging.Formatter):
    """Time, level, logger and message; the fields of ``extra`` follow as ``key=value``."""

    def __init__(self) -> None:
        """Set the order."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the library's name
        """Write the line; a traceback comes after it."""
        fields = merge_record_extra(record, {}, reserved=_NOT_SHOWN)
        shown = (f"{name}={_plain(value)}" for name, value in fields.items())
        return " ".join((super().formatMessage(record), *shown))


def _json_lines() -> logging.Formatter:
    """Write ``time`` (UTC, ISO 8601), ``level``, ``logger``, ``message`` and the fields of ``extra``."""
    return JsonFormatter(
        ["levelname", "name", "message"],
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="time",
        reserved_attrs=_NOT_SHOWN,
    )


def _plain(value: object) -> str:
    """Write a value; one with a space, a quote or a line break in it stands in quotes."""
    text = str(value)
    bare = text.isprintable() and not set(' "=') & set(text)
    return text if bare and text else json.dumps(text, ensure_ascii=False)
