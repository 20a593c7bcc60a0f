"""Grouped tables: what is told of groups, and what is not told because too few people are in them.

Each row has several parts, and each part its own group: the messages of those to whom anything was sent, the
opens of those whose opens are measured by name, the acknowledgements of those who were asked, the answers of
those who answered, the reach of those who are to be reached, and the hits that were counted without a person,
of those whose messages count so. A part is hidden with its row, and hidden alone where only its own group is
too small.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from diffuse.domain.disclosure import Branch, People, hidden_by_channel, hidden_parts, is_small
from diffuse.domain.sizes import Group, untold

SUPPRESSED = "suppressed"
"""The column that names the parts of a row that are hidden: empty when all is shown."""

WHOLE = "group"
"""What ``suppressed`` says of a row of which nothing is shown but its name."""

REACH, COUNTED = "reach", "counted"

PARTS = {
    "opens": ("opened", "raw_opens", "human_opens", "unsure_opens", "open_rate"),
    "clicks": ("raw_clicks", "human_clicks", "unsure_clicks"),
    "acknowledgements": ("asked", "acknowledged", "acknowledgement_rate"),
    "answers": ("answered", "right", "right_rate"),
    REACH: ("intended", "reach_rate"),
    COUNTED: ("counted_opens", "counted_clicks"),
}
"""The columns of each part that may be hidden alone; all others are hidden with the row only."""

Cell = TypeVar("Cell")
"""What stands in a table."""

Key: TypeAlias = "tuple[str, str, str, str]"
"""A campaign and a policy, a version or a key point of it, and a channel."""


class Meant(Protocol):
    """Whatever is meant for people who are to be reached."""

    @property
    def intended(self) -> Group:
        """Those who are to be reached; nobody where that is not told."""


class Counted(Meant, Protocol):
    """A line of a report, with the people behind each of its parts."""

    @property
    def people(self) -> Mapping[str, set[str]]:
        """Those whom the row counts (``group``), and those whom each part counts."""

    @property
    def is_of_nobody(self) -> bool:
        """Whether hits were counted of which nobody knows of how many people they are."""


class Posted(Meant, Protocol):
    """A post: whose it is, and who met it."""

    @property
    def key(self) -> Key:
        """The key point and the channel."""

    @property
    def met(self) -> People:
        """Those who came and were identified."""


Hidden: TypeAlias = "dict[Hashable, list[str]]"
"""For each row the parts that are hidden; a row that is shown whole is left out."""

_Hide: TypeAlias = "Callable[[Mapping[Hashable, People], Collection[Hashable]], Collection[Hashable]]"


def parts_hidden(lines: Mapping[Hashable, Counted], hide: _Hide, sizes: Collection[Group] = ()) -> Hidden:
    """Return which parts of which rows to hide, where ``hide`` does so for one group a row.

    ``hide`` takes the groups, and the rows that are hidden anyway. ``sizes`` are those of which the number of
    people is not told.
    """
    whole = hide({key: line.people[WHOLE] for key, line in lines.items()}, ())
    anyway: dict[str, list[Hashable]] = {
        REACH: [key for key, line in lines.items() if line.intended in sizes],
        COUNTED: [key for key, line in lines.items() if line.is_of_nobody],
    }
    found: Hidden = {key: [WHOLE] for key in whole}
    for part in PARTS:
        groups: dict[Hashable, People] = {
            key: line.intended if part == REACH else line.people[part] for key, line in lines.items()
        }
        for key in hide(groups, anyway.get(part, ())):
            if key not in whole:
                found.setdefault(key, []).append(part)
    return found


def flat(lines: Mapping[tuple[str, str], Counted], smallest: int) -> Hidden:
    """Hide rows of a table of which those of one campaign, the first of the key, add up."""

    def hide(rows: Mapping[Hashable, People], anyway: Collection[Hashable]) -> set[Hashable]:
        hidden: set[Hashable] = set()
        for campaign in {key[0] for key in lines}:
            own: dict[Hashable, People] = {key: rows[key] for key in lines if key[0] == campaign}
            hidden |= hidden_parts(own, smallest, anyway).keys()
        return hidden

    by_key: dict[Hashable, Counted] = {key: line for key, line in lines.items()}  # noqa: C416 -- other keys
    return parts_hidden(by_key, hide)


def branched(
    versions: Mapping[Key, Counted],
    points: Mapping[Key, Counted],
    smallest: int,
    sizes: Collection[Group] = (),
) -> tuple[Hidden, Hidden]:
    """Hide versions of policies and key points, which add up to the same; return what of which."""
    lines: dict[Hashable, Counted] = {("version", *key): line for key, line in versions.items()}
    lines |= {("key point", *key): line for key, line in points.items()}
    channels = _branches(versions, points)

    def hide(rows: Mapping[Hashable, People], anyway: Collection[Hashable]) -> set[Hashable]:
        hidden: set[Hashable] = set()
        for branches in channels.values():
            own = {row for some in branches.values() for one in some for row in (*one.tops, *one.leaves)}
            hidden |= hidden_by_channel(rows, tuple(branches.values()), smallest, own.intersection(anyway))
        return hidden

    found = parts_hidden(lines, hide, sizes)
    return (
        {key: found["version", *key] for key in versions if ("version", *key) in found},
        {key: found["key point", *key] for key in points if ("key point", *key) in found},
    )


def _branches(versions: Collection[Key], points: Collection[Key]) -> dict[str, dict[str, list[Branch]]]:
    """Lay out for each campaign and channel the branches, one for each policy."""
    tops, leaves = _by_branch("version", versions), _by_branch("key point", points)
    found: dict[str, dict[str, list[Branch]]] = {}
    for where in dict.fromkeys((*tops, *leaves)):
        campaign, _, channel = where
        branch = Branch(tops=tuple(tops.get(where, ())), leaves=tuple(leaves.get(where, ())))
        found.setdefault(campaign, {}).setdefault(channel, []).append(branch)
    return found


def _by_branch(what: str, keys: Collection[Key]) -> dict[tuple[str, str, str], list[Hashable]]:
    found: dict[tuple[str, str, str], list[Hashable]] = {}
    for key in keys:
        campaign, policy, _, channel = key
        found.setdefault((campaign, policy, channel), []).append((what, *key))
    return found


def sizes_hidden(smallest: int, *tables: Collection[Meant]) -> set[Group]:
    """Return the groups that are to be reached of which the number of people is not told anywhere.

    What stands in the first tables is told first, and of each table the largest group.
    """
    groups = (
        line.intended
        for lines in tables
        for line in sorted(lines, key=lambda line: len(line.intended), reverse=True)
    )
    return untold(groups, smallest)


def posts_hidden(
    posts: Collection[Posted],
    points: Mapping[Hashable, Sequence[str]],
    sizes: Collection[Group],
    smallest: int,
) -> set[Key]:
    """Return the key points on a channel of whose posts nothing is told: of all of them, or of none.

    They add up to their key point, so that one post less would be told by the others; and where something of
    the key point is hidden, its posts would tell it.
    """
    closed = {WHOLE, REACH, "acknowledgements"}
    return {
        one.key
        for one in posts
        if is_small(one.met, smallest) or one.intended in sizes or closed & set(points.get(one.key, ()))
    }


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
