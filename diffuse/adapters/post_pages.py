"""Pages that show a post as a neutral theme would, beside what its platform is given."""

from datetime import datetime

from jinja2 import Environment
from markupsafe import Markup

from diffuse.adapters.platforms.chat_text import BUTTON
from diffuse.adapters.platforms.cleaning import clean
from diffuse.domain.channel import kind_of
from diffuse.ports import PostSpecimen, Specimen

PAGE = "preview/post.html.j2"

NAMES = {
    "wordpress": "WordPress", "mediawiki": "MediaWiki", "plone": "Plone", "sharepoint": "SharePoint",
    "webhook": "Webhook", "feed": "Atom", "teams": "Teams", "slack": "Slack", "mattermost": "Mattermost",
    "google-chat": "Google Chat", "apprise": "Apprise",
}  # fmt: skip

VIEWS = {
    **dict.fromkeys(("wordpress", "plone", "sharepoint", "webhook"), "site"),
    **dict.fromkeys(("teams", "slack", "mattermost", "google-chat"), "card"),
    "mediawiki": "wiki",
    "feed": "reader",
    "apprise": "plain",
}
"""What each kind of platform is imitated by."""

WITH_A_BUTTON = frozenset({"teams", "slack", "google-chat"})

MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
        "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
}  # fmt: skip


def page_of_post(pages: Environment, specimen: Specimen, one: PostSpecimen, index: str) -> str:
    """Return the page that shows a wording on one channel; ``index`` leads back.

    What officers wrote is shown as text, or as HTML that was cleaned as platforms clean it.
    """
    kind = kind_of(one.channel)
    given = one.dressed.content if one.dressed.media_type == "text/html" else one.post.html
    return pages.get_template(PAGE).render(
        specimen=specimen,
        one=one,
        kind=kind,
        view=VIEWS[kind],
        channel=channel_name(one.channel),
        day=day_of(one.at, one.post.language),
        body=Markup(clean(given)),  # noqa: S704 -- a few harmless elements, whatever came in
        button=BUTTON[one.post.language] if one.post.url and kind in WITH_A_BUTTON else "",
        index=index,
    )


def channel_name(channel: str) -> str:
    """Name a channel as people do: ``Teams (crisis-cell)``."""
    kind, _, name = channel.partition("/")
    return f"{NAMES[kind]} ({name})" if name else NAMES[kind]


def day_of(at: datetime, language: str) -> str:
    """Write a day as pages do: ``1er février 2027``, ``February 1, 2027``."""
    month = MONTHS[language][at.month - 1]
    if language == "en":
        return f"{month} {at.day}, {at.year}"
    return f"{at.day}{'er' if at.day == 1 else ''} {month} {at.year}"
