"""How a line of the log is written, as text and as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime

import pytest

from diffuse.adapters.log_lines import formatter

AT = datetime(2027, 1, 12, 14, 42, 0, 250000, tzinfo=UTC)


def record(message: str = "550 no such box", /, *values: object, **extra: object) -> logging.LogRecord:
    """Make the record of a line, with the fields of ``extra``."""
    made = logging.LogRecord("diffuse.deliver", logging.INFO, "deliver.py", 1, message, values, None)
    made.created, made.msecs = AT.timestamp(), 250
    made.__dict__.update(extra)
    return made


def as_json(one: logging.LogRecord) -> dict[str, object]:
    line = formatter("json").format(one)
    assert "\n" not in line
    read: dict[str, object] = json.loads(line)
    return read


def as_text(one: logging.LogRecord) -> str:
    """Write a line, without its time."""
    return formatter("text").format(one).partition(",250 ")[2]


def test_a_line_of_json_has_time_level_logger_message_and_what_was_given_with_it() -> None:
    assert as_json(record("%s box", "no such", delivery=4711, attempt=2, state="failed")) == {
        "time": "2027-01-12T14:42:00.250000+00:00",
        "level": "INFO",
        "logger": "diffuse.deliver",
        "message": "no such box",
        "delivery": 4711,
        "attempt": 2,
        "state": "failed",
    }


def test_a_line_of_text_has_the_same_with_fields_after_the_message() -> None:
    assert as_text(record("%s box", "no such", delivery=4711, server="relay:25")) == (
        "INFO diffuse.deliver: no such box delivery=4711 server=relay:25"
    )
    assert as_text(record()) == "INFO diffuse.deliver: 550 no such box"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", '""'),
        ("a b", '"a b"'),
        ('a"b', '"a\\"b"'),
        ("a=b", '"a=b"'),
        ("a\nb", '"a\\nb"'),
        ("é", "é"),
        (None, "None"),
    ],
)
def test_a_value_that_could_be_misread_stands_in_quotes(value: object, written: str) -> None:
    assert as_text(record("said", reply=value)).endswith(f": said reply={written}")


def test_what_every_record_carries_is_not_shown() -> None:
    one = record(color_message="\x1b[1mred\x1b[0m", taskName=None)
    assert set(as_json(one)) == {"time", "level", "logger", "message"}
    assert as_text(one) == "INFO diffuse.deliver: 550 no such box"


def test_a_failure_has_its_traceback_in_json_within_the_line_and_in_text_below_it() -> None:
    one = record(delivery=4711)
    try:
        int("a fault")
    except ValueError:
        one.exc_info = sys.exc_info()
    assert str(as_json(one)["exc_info"]).endswith("'a fault'")
    first, *rest = as_text(one).splitlines()
    assert first == "INFO diffuse.deliver: 550 no such box delivery=4711"
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1].endswith("'a fault'")


def test_what_json_cannot_hold_is_written_as_words() -> None:
    assert as_json(record(since=AT, reply="l'été\ud800", places={1}))["since"] == AT.isoformat()
