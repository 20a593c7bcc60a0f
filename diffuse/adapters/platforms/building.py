"""Puts together the platform of a channel; only its own file, and what that needs, is loaded."""

from collections.abc import Mapping
from importlib import import_module

from diffuse.domain.channel import kind_of
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Platform

_MADE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "wordpress": ("wordpress", "WordPress", ("url", "username", "password")),
    "mediawiki": (
        "mediawiki",
        "MediaWiki",
        ("url", "username", "password", "prefix", "category", "display_title"),
    ),
    "plone": ("plone", "Plone", ("url", "username", "password", "folder")),
    "sharepoint": ("sharepoint", "SharePoint", ("tenant", "site", "client_id", "client_secret")),
    "webhook": ("webhook", "Webhook", ("url", "secret")),
    "teams": ("teams", "Teams", ("url",)),
    "slack": ("slack", "Slack", ("url",)),
    "mattermost": ("mattermost", "Mattermost", ("url",)),
    "google-chat": ("google_chat", "GoogleChat", ("url",)),
    "apprise": ("apprise_chat", "AppriseChat", ("url",)),
    "feed": ("feed", "FeedPlatform", ("authority",)),
}
"""For each kind of platform its file, its class, and what of an account it takes."""

SAMPLES: Mapping[str, str] = {
    "url": "https://intranet.example/",
    "username": "diffuse",
    "password": "none",
    "tenant": "none",
    "site": "example.sharepoint.com:/sites/intranet",
    "client_id": "none",
    "client_secret": "none",
    "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}
"""Stands for an account where nothing is sent."""


def platform(channel: str, account: Mapping[str, str | bool], *, authority: str) -> Platform:
    """Put together the platform of a channel.

    Args:
        channel: such as ``wordpress``, or ``teams/crisis-cell``.
        account: what lets us publish there, by the names of the settings.
        authority: names the entries of feeds for good: a domain of ours.

    Raises:
        AuthoringError: when the account cannot work.
    """
    file, made, names = _MADE[kind_of(channel)]
    if "url" in account and kind_of(channel) != "apprise" and not _is_address(str(account["url"])):
        raise AuthoringError(
            Problem(
                path=("url",),
                found="no address that leads anywhere; it is not shown here, as it may be a secret",
                expected="the whole address, from https:// on",
            )
        )
    values = {**account, "authority": authority}
    arguments = {name: values[name] for name in names if name in values}
    found: Platform = getattr(import_module(f"diffuse.adapters.platforms.{file}"), made)(
        name=channel, **arguments
    )
    return found


def looks(channel: str) -> Platform:
    """Return a platform that can only dress posts: for a look at them before anything is set up."""
    return platform(channel, SAMPLES, authority="intranet.example")


def _is_address(url: str) -> bool:
    """Tell whether there is a server that an address could lead to."""
    httpx = import_module("httpx")
    try:
        parts = httpx.URL(url.strip())
    except httpx.InvalidURL:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.host)
