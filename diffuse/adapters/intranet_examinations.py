"""Looks at what posts need: platforms that take them, and ways in which employees say who they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import kind_of
from diffuse.domain.post import Refused, Retry, Unsure
from diffuse.domain.posting import wanted
from diffuse.errors import DiffuseError, nearest
from diffuse.ports import Finding, IdentityProvider, Platform

NOWHERE = "diffuse-doctor-looks-for-what-cannot-be-there"
"""The key of no post: those of posts end in sixteen digits."""

ANSWERS = "answers, and accepts our credentials"
ONLY_TAKES = "is set up; it only takes what is sent, so nobody can ask it anything"
MEND = "mend its table in the setting 'platforms', or what the account may do there; then 'diffuse retry'"
LOOK = "its posts wait; check that it runs, its address and the network"

Running = Callable[[], Sequence[Campaign]]
"""Gives the campaigns that are published; whatever keeps it from that is told by others."""


class PlatformExamination:
    """Asks each platform for a post that cannot be there: so nothing is published, and it must know us."""

    about = "platform"

    def __init__(self, platforms: Callable[[], Mapping[str, Platform]]) -> None:
        """Take what gives the platforms, by channel, or refuses their settings."""
        self._platforms = platforms

    def findings(self) -> Iterator[Finding]:
        """Look."""
        for channel, platform in self._platforms().items():
            if kind_of(channel) != "feed":
                yield _asked(f"{self.about} {channel}", platform)
                platform.close()


class ChannelExamination:
    """Looks whether everything that campaigns post on is still set up."""

    about = "channels"

    def __init__(self, running: Running, platforms: Callable[[], Mapping[str, Platform]]) -> None:
        """Take what gives the campaigns, and the platforms by channel."""
        self._running = running
        self._platforms = platforms

    def findings(self) -> Iterator[Finding]:
        """Look; without posts there is nothing to say."""
        asked = {one.channel: one.campaign for each in _campaigns(self._running) for one in wanted(each)}
        if not asked:
            return
        known = self._platforms()
        missing = {channel: campaign for channel, campaign in asked.items() if channel not in known}
        for channel, campaign in sorted(missing.items()):
            guess = nearest(channel, known)
            yield Finding(
                about=self.about,
                seen=f"{campaign} posts on {channel}, and no platform is set up as that; its posts wait",
                trouble=True,
                remedy=f"add [platforms.{_quoted(channel)}] to the settings"
                + (f", or did you mean {guess!r}?" if guess else ""),
            )
        if not missing:
            yield Finding(about=self.about, seen=f"{', '.join(sorted(asked))}: all set up")


class IdentityExamination:
    """Looks how employees say who they are, where a post asks them for something."""

    about = "identity"

    def __init__(  # noqa: PLR0913 -- each way is one
        self,
        *,
        provider: Callable[[], IdentityProvider | None],
        back: str,
        header: str,
        proxies: str,
        mails_links: bool,
        running: Running,
    ) -> None:
        """Take what there is.

        Args:
            provider: gives an identity provider of this examination's own, or None.
            back: the address to which it sends people back.
            header, proxies: what names an employee, and from which networks; empty for none.
            mails_links: whether an employee can ask for a link by mail.
            running: gives the campaigns that are published.
        """
        self._provider = provider
        self._back = back
        self._header, self._proxies = header, proxies
        self._mails_links = mails_links
        self._running = running

    def findings(self) -> Iterator[Finding]:
        """Look; where nothing is set up and no post asks for anything, there is nothing to say."""
        provider = self._provider()
        if provider is not None:
            yield self._answers(provider)
        if self._header:
            yield Finding(about=self.about, seen=f"the header {self._header} counts, from {self._proxies}")
        asking = ", ".join(sorted(one.id for one in _campaigns(self._running) if _asks(one)))
        if asking and self._mails_links:
            yield Finding(about=self.about, seen="employees can ask for a link by mail")
        elif asking and provider is None and not self._header:
            yield Finding(
                about=self.about,
                seen=f"posts of {asking} ask for a confirmation, and nobody can say who they are",
                trouble=True,
                remedy="set oidc_issuer, identity_header or magic_links",
            )

    def _answers(self, provider: IdentityProvider) -> Finding:
        try:
            provider.begin(self._back)
        except DiffuseError as error:
            remedy = "nobody signs in there meanwhile; check oidc_issuer, that it runs, and the network"
            return Finding(about=self.about, seen=str(error), trouble=True, remedy=remedy)
        finally:
            provider.close()
        seen = f"the provider answers; it must know the address {self._back}"
        return Finding(about=self.about, seen=seen)


def _asked(about: str, platform: Platform) -> Finding:
    match platform.lookup(NOWHERE):
        case Retry(reason=said):
            return Finding(about=about, seen=said, trouble=True, remedy=LOOK)
        case Refused(reason=said):
            return Finding(about=about, seen=said, trouble=True, remedy=MEND)
        case Unsure():
            return Finding(about=about, seen=ONLY_TAKES)
        case _:
            return Finding(about=about, seen=ANSWERS)


def _campaigns(running: Running) -> Sequence[Campaign]:
    """Return the campaigns; none when the database cannot say, which is told where that is looked at."""
    try:
        return running()
    except DiffuseError:
        return ()


def _asks(campaign: Campaign) -> bool:
    """Tell whether a post of a campaign asks its readers for anything."""
    points = (campaign.key_point(one.key_point)[1] for one in wanted(campaign))
    return any(point.acknowledge or point.question for point in points)


def _quoted(channel: str) -> str:
    return f'"{channel}"' if "/" in channel else channel
