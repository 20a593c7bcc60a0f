"""Problems as an officer reads them, and errors that hold all of them."""

import pytest

from diffuse.errors import (
    AuthoringError,
    DiffuseError,
    PermanentFailure,
    Problem,
    TransientFailure,
    UnknownDelivery,
    dotted,
    nearest,
)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem(
                found="'mondy'", expected="a weekday", suggestion="monday", file="a.yaml", line=3, column=7
            ),
            "a.yaml:3:7: 'mondy'; expected a weekday; did you mean 'monday'?",
        ),
        (
            Problem(found="no title", expected="one", file="a.yaml", line=3),
            "a.yaml:3: no title; expected one",
        ),
        (Problem(found="no title", expected="one", file="a.yaml"), "a.yaml: no title; expected one"),
        (
            Problem(found="no title", expected="one", path=("policies", 0, "title")),
            "policies[0].title: no title; expected one",
        ),
        (
            Problem(found="no title", expected="one", path=("title",), file="a.yaml"),
            "a.yaml: no title; expected one",
        ),
        (Problem(found="nothing to do", expected=""), "nothing to do"),
        (
            Problem(found="no title", expected="one", file="a.yaml", column=7),
            "a.yaml: no title; expected one",
        ),
    ],
)
def test_a_problem_says_where_what_and_what_was_meant(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_path_is_written_the_way_people_say_it() -> None:
    assert dotted(("policies", 0, "key_points", 2, "audience")) == "policies[0].key_points[2].audience"
    assert dotted((0, "id")) == "[0].id"
    assert dotted(()) == ""


def test_a_problem_is_seen_from_the_definition_that_holds_it() -> None:
    problem = Problem(found="no title", expected="one", path=("title",)).under("policies", 1)
    assert problem.path == ("policies", 1, "title")


def test_the_nearest_name_is_suggested_only_when_it_is_near() -> None:
    known = ("monday", "tuesday")
    assert nearest("mondy", known) == "monday"
    assert nearest("January", known) == ""
    assert nearest("", known) == ""


def test_an_authoring_error_tells_every_problem_on_a_line_of_its_own() -> None:
    error = AuthoringError(Problem(found="a", expected="b"), Problem(found="c", expected="d"))
    assert str(error) == "a; expected b\nc; expected d"
    assert len(error.problems) == 2


def test_the_error_of_a_single_problem_takes_its_place() -> None:
    error = AuthoringError.of("a", "b", file="x.csv", line=4)
    assert error.problems == (Problem(found="a", expected="b", file="x.csv", line=4),)


@pytest.mark.parametrize("kind", [TransientFailure, PermanentFailure, UnknownDelivery])
def test_a_failure_keeps_the_other_sides_own_words(
    kind: type[TransientFailure | PermanentFailure | UnknownDelivery],
) -> None:
    assert kind("the server is busy", reply="421 busy").reply == "421 busy"
    assert kind("the server is busy").reply == "the server is busy"
    assert issubclass(kind, DiffuseError)
