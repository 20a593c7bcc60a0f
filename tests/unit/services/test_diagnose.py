"""Looking at an installation: everything is looked at, whatever is found first."""

from collections.abc import Iterator

from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Finding
from diffuse.services.diagnose import Diagnose


class Part:
    """A part of an installation that is as it is told to be."""

    def __init__(self, about: str, *found: Finding | Exception) -> None:
        self.about = about
        self.found = found

    def findings(self) -> Iterator[Finding]:
        for one in self.found:
            if isinstance(one, Exception):
                raise one
            yield one


def test_everything_is_looked_at_in_its_order_and_an_error_is_a_finding_too() -> None:
    whole = Finding(about="pages", seen="whole")
    parts = [
        Part("database", whole, TransientFailure("it does not answer"), whole),
        Part("mail server", AuthoringError.of("no host", "its name")),
        Part("hints", whole),
    ]
    assert list(Diagnose(parts).run()) == [
        whole,
        Finding(about="database", seen="it does not answer", trouble=True),
        Finding(about="mail server", seen="no host; expected its name", trouble=True),
        whole,
    ]
