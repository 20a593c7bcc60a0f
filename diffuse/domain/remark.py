"""What an employee writes to the owner of a policy instead of confirming it."""

from dataclasses import dataclass
from datetime import datetime

from diffuse.domain.evidence import Response, hash_of

LONGEST = 2000
"""Characters of a remark."""

MOST = 10
"""Remarks on one message: whoever has more to say writes to the owner."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """A question about a message, or a disagreement or request for an exception.

    Attributes:
        response: ``question`` or ``disagree``.
        policy, version, language: the text that was shown.
        statement: the words of the choice that was made.
        text: what the employee wrote besides, at most ``LONGEST`` characters; may be empty.
        form: the stamp of the form; a form sent twice is one remark.
    """

    delivery: int
    response: Response
    policy: str
    version: str
    language: str
    statement: str
    text: str
    form: str
    at: datetime

    @property
    def digest(self) -> str:
        """The hash by which evidence names the text: nobody can guess a text from it without the form."""
        return hash_of(f"{self.form}\n{self.text}")
