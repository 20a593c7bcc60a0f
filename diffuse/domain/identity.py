"""Who somebody is, and by whose word: employees who come from a post, which is the same for everybody."""

from dataclasses import dataclass

OIDC, PROXY, MAGIC_LINK = "oidc", "proxy", "magic-link"

WAYS = (OIDC, PROXY, MAGIC_LINK)
"""By an identity provider, by a proxy of ours, or by a link that was sent to the employee's address."""


@dataclass(frozen=True, slots=True)
class Identified:
    """An employee, by the id of the directory, and how they were identified: one of ``WAYS``."""

    employee: str
    by: str
