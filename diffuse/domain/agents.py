"""Who says to be asking: the User-Agent header, sorted by what it tells about persons behind it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

LONGEST = 300
"""Characters of an agent that are kept."""


class Agent(StrEnum):
    """The kinds of agents.

    ``proxy`` fetches images for a person who reads; ``preload`` and ``sampling`` fetch them whether anybody
    reads or not; ``preview`` shows a link in a chat; ``named`` says that it is a program; ``old`` is a
    browser that almost nobody has any more, and scanners in disguise have; ``untold`` was not
    noted.
    """

    BROWSER = "browser"
    OLD = "old"
    PROXY = "proxy"
    PRELOAD = "preload"
    SAMPLING = "sampling"
    PREVIEW = "preview"
    NAMED = "named"
    BLANK = "blank"
    UNTOLD = "untold"


_PROXY = re.compile(
    r"GoogleImageProxy|ggpht\.com|YahooMailProxy|YahooMobileMessenger|SeznamEmailProxy|OutlookImageProxy"
    r"|ProtonMailImageProxy|FastmailImageProxy",
    re.IGNORECASE,
)
_SAMPLING = re.compile(r"Gmail-content-sampling|Edge/12\.246 Mozilla/5\.0$")
_PREVIEW = re.compile(
    r"SkypeUriPreview|Slackbot|Slack-ImgProxy|Microsoft ?Teams|TeamsBot|MSTeams|WhatsApp/|TelegramBot"
    r"|Discordbot|facebookexternalhit|LinkedInBot|Twitterbot|Google-PageRenderer|Mattermost-Bot|Zulip|redditbot",
    re.IGNORECASE,
)
_SCANNER = re.compile(
    r"Barracuda|Mimecast|Proofpoint|Trend ?Micro|Trustwave|MessageLabs|SafeLinks", re.IGNORECASE
)
_PRELOAD = "Mozilla/5.0"
_CHROME = re.compile(r"\(Windows NT [^)]*\).* Chrome/([0-9]{1,4})\.")
_FRAMED = re.compile(r"Teams/[0-9.]+.*Electron|Electron/.*Teams")
_KNOWN = (
    (_PROXY, Agent.PROXY),
    (_SAMPLING, Agent.SAMPLING),
    # The Teams program shows pages to people, too; only its service is a preview.
    (_FRAMED, Agent.BROWSER),
    (_PREVIEW, Agent.PREVIEW),
    (_SCANNER, Agent.NAMED),
)

AGENTS_KEPT = 4096
"""Agents whose kind is held in memory: most people have one of a few."""

_CHROME_100 = datetime(2022, 3, 29, tzinfo=UTC)
_RELEASE = timedelta(days=30)
LATE_RELEASES = 18
"""Releases of Chrome, some eighteen months of them, after which a browser that updates itself is old."""


def class_of(agent: str | None, at: datetime, names_itself: Callable[[str], bool]) -> Agent:
    """Sort an agent.

    Args:
        agent: the header; None when nobody noted it.
        at: when it asked; what is old depends on it.
        names_itself: tells whether an agent is known as a program by a kept list.
    """
    if agent is None:
        return Agent.UNTOLD
    said = agent.strip()
    if said in {"", "-"}:
        return Agent.BLANK
    if said == _PRELOAD:
        return Agent.PRELOAD
    known = _known(said)
    if known is None and names_itself(said):
        known = Agent.NAMED
    return known or (Agent.OLD if _is_old(said, at) else Agent.BROWSER)


@lru_cache(AGENTS_KEPT)
def _known(agent: str) -> Agent | None:
    return next((kind for pattern, kind in _KNOWN if pattern.search(agent)), None)


def _is_old(agent: str, at: datetime) -> bool:
    """Tell whether a Chrome on Windows has not been updated for long; Chrome 100 came out on 2022-03-29."""
    found = _CHROME.search(agent)
    newest = 100 + (at - _CHROME_100) // _RELEASE
    return found is not None and int(found[1]) < newest - LATE_RELEASES
