"""What comes back from a message."""

from datetime import UTC, datetime

from diffuse.domain.events import Event, Kind


def test_an_open_and_an_acknowledgement_are_different_kinds() -> None:
    assert [kind.value for kind in Kind] == ["opened", "clicked", "answered", "acknowledged"]


def test_a_kind_is_written_as_its_word_and_read_back() -> None:
    assert [Kind(str(kind)) for kind in Kind] == list(Kind)


def test_two_reports_of_the_same_event_are_equal() -> None:
    at = datetime(2027, 1, 11, 15, tzinfo=UTC)
    assert Event(delivery=1, kind=Kind.OPENED, at=at) == Event(delivery=1, kind=Kind("opened"), at=at)
    assert Event(delivery=1, kind=Kind.OPENED, at=at).detail == ""
    assert Event(delivery=1, kind=Kind.ANSWERED, at=at, detail="1:right") != Event(
        delivery=1, kind=Kind.ANSWERED, at=at, detail="0:wrong"
    )
