"""A campaign written in Python: a file that defines ``campaign``."""

import traceback
from dataclasses import replace

from diffuse.adapters.definitions import dump, load, misfits
from diffuse.domain.campaign import Campaign
from diffuse.errors import AuthoringError, Problem, dotted


def run(source: str, file: str) -> Campaign:
    """Execute a file in a namespace of its own and return its ``campaign``.

    Raises:
        AuthoringError: when it cannot be read or executed, or defines no campaign.
    """
    namespace: dict[str, object] = {"__name__": "campaign", "__file__": file}
    try:
        exec(compile(source, file, "exec", dont_inherit=True), namespace)  # noqa: S102 -- the officer's own program
    except AuthoringError as error:
        line = _line(error, file)
        raise AuthoringError(*(_placed(problem, file, line) for problem in error.problems)) from error
    except SyntaxError as error:
        # Some syntax errors have no place of their own; a file imported by this one has another name.
        line, column = (
            (error.lineno or 0, error.offset or 0) if error.filename == file else (_line(error, file), 0)
        )
        problem = Problem(
            found=f"Python that cannot be read: {error.msg}", expected="", file=file, line=line, column=column
        )
        raise AuthoringError(problem) from error
    except (Exception, SystemExit) as error:  # whatever an officer's program may raise, it is told
        found = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        expected = "a program that ends without an error"
        raise AuthoringError(
            Problem(found=found, expected=expected, file=file, line=_line(error, file))
        ) from error
    return _campaign(namespace.get("campaign"), file)


def _campaign(value: object, file: str) -> Campaign:
    """Return a campaign whose values have the types of their fields, lists turned into tuples."""
    if not isinstance(value, Campaign):
        found = (
            "no variable 'campaign'"
            if value is None
            else f"a variable 'campaign' of type {type(value).__name__}"
        )
        raise AuthoringError(Problem(found=found, expected="campaign = Campaign(…)", file=file))
    problems = tuple(_placed(problem, file, 0) for problem in misfits(value))
    if problems:
        raise AuthoringError(*problems)
    return load(dump(value))


def _placed(problem: Problem, file: str, line: int) -> Problem:
    """Name the field in the text: the line is that of the whole definition, if it is known at all."""
    found = f"{dotted(problem.path)}: {problem.found}" if problem.path else problem.found
    return replace(problem, found=found, file=file, line=line, column=0)


def _line(error: BaseException, file: str) -> int:
    """Return the line of the file that was being executed last."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return (lines[-1] if lines else 0) or 0
