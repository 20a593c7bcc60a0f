"""A campaign file as it was read: what it says, where each value stands, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from diffuse.domain.campaign import Campaign
from diffuse.domain.policy import Text
from diffuse.errors import FieldPath, Problem, dotted


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a value begins in a file; line and column count from 1, and 0 means that they are not known.

    ``verbatim`` tells that the value's lines are the file's lines, so that a place within it can be counted.
    """

    file: str
    line: int = 0
    column: int = 0
    verbatim: bool = False

    def problem(self, found: str, expected: str, suggestion: str = "", *, path: FieldPath = ()) -> Problem:
        """Say what is wrong with the value that begins here."""
        return Problem(
            found=found,
            expected=expected,
            suggestion=suggestion,
            path=path,
            file=self.file,
            line=self.line,
            column=self.column,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A wording that could be read, its language, and its field path in the campaign."""

    text: Text
    language: str
    path: FieldPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A campaign file as it was read.

    Attributes:
        source: the same for two paths that lead to the same file.
        campaign: None when there is any problem.
        problems: all that were found, with their places.
        texts: every wording that could be read, whatever else is wrong.
        places: where the values stand, by field path; ``()`` is the file itself.
        id: the campaign's id, as far as it could be read.
        holidays: its region, as far as it could be read.
    """

    source: str
    campaign: Campaign | None = None
    problems: tuple[Problem, ...] = ()
    texts: tuple[Written, ...] = ()
    places: Mapping[FieldPath, Place] = field(default_factory=dict)
    id: str = ""
    holidays: str = ""

    def located(self, problem: Problem) -> Problem:
        """Put a problem where its value stands; its own line and column are those within the value."""
        path = problem.path
        while path and path not in self.places:
            path = path[:-1]
        place = self.places.get(path, Place(file=self.source))
        if not place.line:
            found = f"{dotted(problem.path)}: {problem.found}" if problem.path else problem.found
            return replace(problem, file=place.file, line=0, column=0, found=found)
        inside = place.verbatim and path == problem.path
        line, column = (problem.line, problem.column) if inside else (0, 0)
        return replace(
            problem,
            file=place.file,
            line=place.line + max(line - 1, 0),
            column=place.column + max(column - 1, 0),
        )
