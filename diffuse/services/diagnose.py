"""Diagnose: look at every part of an installation, and say of each what is wrong and what to do."""

from collections.abc import Iterator, Sequence

from diffuse.errors import DiffuseError
from diffuse.ports import Examination, Finding


class Diagnose:
    """Looks at everything, whatever is found first."""

    def __init__(self, examinations: Sequence[Examination]) -> None:
        """Take what looks at each part."""
        self._examinations = examinations

    def run(self) -> Iterator[Finding]:
        """Yield what is found, as it is found; an error of diffuse says itself what to do."""
        for one in self._examinations:
            try:
                yield from one.findings()
            except DiffuseError as error:
                yield Finding(about=one.about, seen=str(error), trouble=True)
