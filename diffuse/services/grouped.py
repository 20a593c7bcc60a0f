"""Grouped tables: what is told of groups, and what is not told because too few people are in them.

Each row has several parts, and each part its own group: the messages of those to whom anything was sent, the
opens of those whose opens are measured by name, the acknowledgements of those who were asked, the answers of
those who answered, and the hits that were counted without a person, of those whose messages count so.
A part is hidden with its row, and hidden alone where only its own group is too small.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from diffuse.domain.disclosure import Branch, hidden_in_branches, hidden_parts

SUPPRESSED = "suppressed"
"""The column that names the parts of a row that are hidden: empty when all is shown."""

WHOLE = "group"
"""What ``suppressed`` says of a row of which nothing is shown but its name."""

PARTS = {
    "opens": ("opened", "raw_opens", "human_opens", "unsure_opens", "open_rate"),
    "clicks": ("raw_clicks", "human_clicks", "unsure_clicks"),
    "acknowledgements": ("asked", "acknowledged", "acknowledgement_rate"),
    "answers": ("answered", "right", "right_rate"),
    "counted": ("counted_opens", "counted_clicks"),
}
"""The columns of each part that may be hidden alone; all others are hidden with the row only."""

Cell = TypeVar("Cell")
"""What stands in a table."""

Key: TypeAlias = "tuple[str, str, str]"
"""A campaign, and what names a row within it: for key points and versions a policy first."""


class Counted(Protocol):
    """A line of a report, with the people behind each of its parts."""

    @property
    def people(self) -> Mapping[str, set[str]]:
        """Those whom the row counts (``group``), and those whom each part counts."""


Hidden: TypeAlias = "dict[Hashable, list[str]]"
"""For each row the parts that are hidden; a row that is shown whole is left out."""


def parts_hidden(
    lines: Mapping[Hashable, Counted], hide: Callable[[Mapping[Hashable, set[str]]], Collection[Hashable]]
) -> Hidden:
    """Return which parts of which rows to hide, where ``hide`` does so for one group a row."""
    whole = hide({key: line.people[WHOLE] for key, line in lines.items()})
    found: Hidden = {key: [WHOLE] for key in whole}
    for part in PARTS:
        for key in hide({key: line.people[part] for key, line in lines.items()}):
            if key not in whole:
                found.setdefault(key, []).append(part)
    return found


def flat(lines: Mapping[tuple[str, str], Counted], smallest: int) -> Hidden:
    """Hide rows of a table of which those of one campaign, the first of the key, add up."""

    def hide(rows: Mapping[Hashable, set[str]]) -> set[Hashable]:
        hidden: set[Hashable] = set()
        for campaign in {key[0] for key in lines}:
            hidden |= hidden_parts({key: rows[key] for key in lines if key[0] == campaign}, smallest).keys()
        return hidden

    by_key: dict[Hashable, Counted] = {key: line for key, line in lines.items()}  # noqa: C416 -- other keys
    return parts_hidden(by_key, hide)


def branched(
    versions: Mapping[Key, Counted], points: Mapping[Key, Counted], smallest: int
) -> tuple[Hidden, Hidden]:
    """Hide versions of policies and key points, which add up to the same; return what of which."""
    lines: dict[Hashable, Counted] = {("version", *key): line for key, line in versions.items()}
    lines |= {("key point", *key): line for key, line in points.items()}
    policies = dict.fromkeys(key[:2] for key in (*versions, *points))

    def hide(rows: Mapping[Hashable, set[str]]) -> set[Hashable]:
        hidden: set[Hashable] = set()
        for campaign in dict.fromkeys(campaign for campaign, _ in policies):
            branches = [
                Branch(
                    tops=tuple(("version", *key) for key in versions if key[:2] == policy),
                    leaves=tuple(("key point", *key) for key in points if key[:2] == policy),
                )
                for policy in policies
                if policy[0] == campaign
            ]
            own = {row: rows[row] for one in branches for row in (*one.tops, *one.leaves)}
            hidden |= hidden_in_branches(own, branches, smallest).keys()
        return hidden

    found = parts_hidden(lines, hide)
    return (
        {key: found["version", *key] for key in versions if ("version", *key) in found},
        {key: found["key point", *key] for key in points if ("key point", *key) in found},
    )


def shown(
    columns: Sequence[str], row: Sequence[Cell | str], hidden: Sequence[str], named: int
) -> list[Cell | str | None]:
    """Return a row with nothing where it is hidden; its first ``named`` cells say which row it is."""
    closed = {column for part in hidden if part != WHOLE for column in PARTS[part]}
    cells: list[Cell | str | None] = [
        None if place >= named and (WHOLE in hidden or column in closed) else cell
        for place, (column, cell) in enumerate(zip(columns, row, strict=False))
    ]
    return [*cells, " ".join(hidden)]


def rows(
    columns: Sequence[str],
    lines: Mapping[tuple[str, ...], Sequence[Cell]],
    hidden: Mapping[Hashable, Sequence[str]],
) -> Iterator[list[Cell | str | None]]:
    """Yield the rows of a grouped table, ``suppressed`` last."""
    for key, cells in lines.items():
        whole: tuple[Cell | str, ...] = (*key, *cells)
        told = whole[: len(columns) - 1]  # departments have no counted hits
        yield shown(columns, told, hidden.get(key, ()), len(key))
