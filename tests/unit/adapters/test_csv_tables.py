"""Tables as CSV files: whole or not at all, and never a formula."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.csv_tables import CsvTables, _defused
from diffuse.domain.measures import Rate
from diffuse.errors import AuthoringError


def written(folder: Path, *cells: object, excel: str = "") -> list[str]:
    columns = [f"column_{number}" for number in range(len(cells))]
    CsvTables(folder, excel=excel).write("table", columns, [cells])
    encoding, delimiter = ("utf-8-sig", ";") if excel else ("utf-8", ",")
    with (folder / "table.csv").open(encoding=encoding, newline="") as file:
        _, row = csv.reader(file, delimiter=delimiter)
    return row


def test_a_table_is_written_to_its_own_file_in_a_folder_that_is_made(tmp_path: Path) -> None:
    CsvTables(tmp_path / "new" / "out").write("weeks", ("week", "note"), [("2027-W01", 'a, "b"'), ("é", "")])
    assert [path.name for path in (tmp_path / "new" / "out").iterdir()] == ["weeks.csv"]
    assert (tmp_path / "new" / "out" / "weeks.csv").read_bytes() == (
        'week,note\r\n2027-W01,"a, ""b"""\r\né,\r\n'.encode()
    )


def test_a_rate_fills_three_columns_and_its_value_is_empty_when_there_was_nothing_to_count(
    tmp_path: Path,
) -> None:
    CsvTables(tmp_path).write("t", ("id", "open_rate"), [("a", Rate(1, 3)), ("b", Rate(0, 0))])
    assert (tmp_path / "t.csv").read_text().splitlines() == [
        "id,open_rate_numerator,open_rate_denominator,open_rate",
        "a,1,3,0.3333",
        "b,0,0,",
    ]


def test_excel_in_french_gets_a_byte_order_mark_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    CsvTables(tmp_path, excel="fr").write("t", ("id", "open_rate"), [("a;é", Rate(1, 4)), ("b", Rate(0, 0))])
    assert (tmp_path / "t.csv").read_bytes() == (
        '\ufeffid;open_rate_numerator;open_rate_denominator;open_rate\r\n"a;é";1;4;0,2500\r\nb;0;0;\r\n'
    ).encode()


def test_instants_carry_their_offset_days_are_plain_and_nothing_is_empty(tmp_path: Path) -> None:
    winter = timezone(-timedelta(hours=5))
    assert written(
        tmp_path,
        datetime(2027, 1, 4, 9, 30, 15, 999999, tzinfo=winter),
        datetime(2027, 1, 4, 9, 30, tzinfo=UTC),
        date(2027, 1, 4),
        None,
        -3,
        0,
        True,
        "",
    ) == ["2027-01-04T09:30:15-05:00", "2027-01-04T09:30:00+00:00", "2027-01-04", "", "-3", "0", "1", ""]


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x.example")',
        "+1",
        "-1",
        "@SUM(A1)",
        "  =1+1",
        "\u00a0\u2003=1+1",
        "\ufeff=1+1",
        "\u200b@x",
        "\x00=1",
        "\n=1",
        "\t1",
        "\r1",
        "\n1",
        "＝1+1",  # noqa: RUF001 -- the full-width sign is the point
        "＋1",  # noqa: RUF001 -- as above
        "－1",  # noqa: RUF001 -- as above
        "＠x",  # noqa: RUF001 -- as above
        "\N{MINUS SIGN}1",
        "\N{SMALL PLUS SIGN}1",
    ],
)
@pytest.mark.parametrize("excel", ["", "fr"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(
    tmp_path: Path, text: str, excel: str
) -> None:
    assert written(tmp_path, text, excel=excel) == [f"'{text}"]


@pytest.mark.parametrize(
    "text", ["a=b", "Saint-Jean", "a@b.example", "'=1", " x", "\u00a0", "é", "1-2", "«-»"]
)
def test_any_other_text_is_written_as_it_is(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, text) == [text]


@given(st.text())
def test_no_text_begins_like_a_formula_once_it_is_defused(text: str) -> None:
    assert not _defused(text).lstrip(" \t\r\n").startswith(("=", "+", "-", "@"))


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    written(tmp_path, "a", 1)
    before = (tmp_path / "table.csv").read_bytes()
    written(tmp_path, "a", 1)
    assert (tmp_path / "table.csv").read_bytes() == before


def test_rows_that_fail_halfway_leave_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def failing() -> Iterator[Sequence[object]]:
        yield ("new",)
        raise RuntimeError("the database went away")

    tables = CsvTables(tmp_path)
    tables.write("t", ("c",), [("old",)])
    with pytest.raises(RuntimeError, match="went away"):
        tables.write("t", ("c",), failing())
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert (tmp_path / "t.csv").read_text() == "c\nold\n"


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path: Path, below: str) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(AuthoringError, match=r"out.* cannot be written: .*expected a folder") as refused:
        CsvTables(tmp_path / "out" / below).write("t", ("c",), [])
    assert "None" not in str(refused.value)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_table_whose_name_is_taken_by_a_folder_is_refused_in_words_that_name_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(AuthoringError, match=r"t\.csv cannot be written: Is a directory"):
        CsvTables(tmp_path).write("t", ("c",), [])
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
