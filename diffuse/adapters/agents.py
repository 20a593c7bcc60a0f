"""The kept list of programs that name themselves: the package ``crawler-user-agents``."""

import re
from functools import cache, lru_cache

AGENTS_KEPT = 4096
"""Agents whose answer is held in memory."""

PEOPLE_READ_WITH = ("CUBOT", "Outlook", "Thunderbird", "ms-office")
"""What the list takes for programs, or may one day, although people read their mail with it."""

_READ = re.compile("|".join(PEOPLE_READ_WITH), re.IGNORECASE)


@lru_cache(AGENTS_KEPT)
def names_itself(agent: str) -> bool:
    """Tell whether an agent is known as a program."""
    return _listed().search(agent) is not None and not _READ.search(agent)


@cache
def _listed() -> re.Pattern[str]:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    return re.compile("|".join(f"(?:{one['pattern']})" for one in CRAWLER_USER_AGENTS_DATA))
