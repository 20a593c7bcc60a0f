"""What stands behind intranet posts: their page, the ways to sign in, feeds, and what waits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from diffuse.domain.networks import Network
from diffuse.ports import Clock, IdentityProvider, Signer
from diffuse.services.feeds import Feeds
from diffuse.services.identify import Identify
from diffuse.services.meet import Meet
from diffuse.services.mine import Mine
from diffuse.services.owed import Owed
from diffuse.web.feeds import FeedPages
from diffuse.web.pages import Pages
from diffuse.web.pending import PendingPages
from diffuse.web.posts import PostPages
from diffuse.web.sign_in import SignIn
from diffuse.web.who_asks import WhoAsks


@dataclass(frozen=True, kw_only=True)
class Intranet:
    """The services behind posts, and by what employees are known.

    Attributes:
        identity_header: the header in which our proxies name who has signed in; empty for none.
        magic_links: whether an employee can ask for a link by mail.
        feeds: the feeds of posts; None for none.
        widget_origins: the sites that may show what waits for an employee.
    """

    meet: Meet
    owed: Owed
    identify: Identify
    signer: Signer
    clock: Clock
    provider: IdentityProvider | None = None
    identity_header: str = ""
    magic_links: bool = True
    feeds: Feeds | None = None
    widget_origins: Collection[str] = ()

    def behind(
        self,
        pages: Pages,
        *,
        headers: Mapping[str, str],
        base_url: str,
        trusted_proxies: Collection[Network],
        mine: Mine | None,
    ) -> "Behind":
        """Put together the addresses; the arguments are those of ``create_app``."""
        who_asks = WhoAsks(self.identify, self.identity_header, trusted_proxies, base_url=base_url)
        sign_in = SignIn(
            self.identify,
            pages,
            post=self.meet.about,
            signer=self.signer,
            clock=self.clock,
            headers=headers,
            base_url=base_url,
            provider=self.provider,
            links=self.magic_links,
        )
        posts = PostPages(
            self.meet,
            who_asks,
            pages,
            headers=headers,
            base_url=base_url,
            trusted_proxies=trusted_proxies,
            mine=mine,
        )
        pending = PendingPages(self.owed, who_asks, pages, headers=headers, origins=self.widget_origins)
        feeds = FeedPages(self.feeds, self.clock, headers).routes if self.feeds else ()
        return Behind(routes=[*sign_in.routes, *posts.routes, *pending.routes, *feeds], sign_in=sign_in)


@dataclass(frozen=True, kw_only=True)
class Behind:
    """The addresses behind posts."""

    routes: Sequence[BaseRoute]
    sign_in: SignIn

    def refused(self, request: Request, error: Exception) -> Response:
        """Answer where a proxy of ours names somebody who is not one employee."""
        return self.sign_in.refused(request, error)
