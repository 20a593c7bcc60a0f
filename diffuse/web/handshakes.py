"""What a browser keeps while it is at the identity provider: signed, short-lived, worth nothing alone."""

from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from diffuse.ports import Clock, Handshake, Signer
from diffuse.web.who_asks import Cookie

LASTS = timedelta(minutes=10)
"""For so long somebody may take to sign in."""

KEPT = timedelta(hours=1)
"""For so long the browser keeps it: who was too slow is told so, and led back to the post."""

_FIELDS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A sign-in that this browser has begun, for the post of a token; ``late`` when it took too long."""

    handshake: Handshake
    post: str
    late: bool

    def answers(self, state: str) -> bool:
        """Tell whether what came back with this state is the answer to it, in time."""
        same = compare_digest(state.encode("utf-8", "replace"), self.handshake.state.encode())
        return same and not self.late


class Handshakes:
    """Keeps the sign-in that has begun in a cookie of the browser that began it."""

    def __init__(self, signer: Signer, clock: Clock, base_url: str) -> None:
        """Take what signs it, and our own address."""
        self._signer = signer
        self._clock = clock
        self._cookie = Cookie("diffuse-oidc", base_url)

    def give(self, response: Response, handshake: Handshake, post: str) -> None:
        """Let the browser keep it; another one that it began before is forgotten."""
        fields = (handshake.state, handshake.nonce, handshake.verifier, post)
        stamp = self._signer.stamp(_signed(fields), self._clock.now())
        self._cookie.give(response, ".".join((*fields, stamp)), int(KEPT.total_seconds()))

    def read(self, request: Request) -> Begun | None:
        """Return what this browser began; None when that was nothing, or is not what we gave."""
        *fields, stamp = self._cookie.read(request).split(".")
        if len(fields) != _FIELDS:
            return None
        at = self._signer.stamped_at(_signed(fields), stamp)
        if at is None:
            return None
        state, nonce, verifier, post = fields
        return Begun(
            handshake=Handshake(address="", state=state, nonce=nonce, verifier=verifier),
            post=post,
            late=not timedelta() <= self._clock.now() - at <= LASTS,
        )

    def drop(self, response: Response) -> None:
        """Let the browser forget it."""
        self._cookie.drop(response)


def _signed(fields: tuple[str, ...] | list[str]) -> str:
    """Return what a stamp stands for; no form begins like this."""
    return "\0".join(("oidc", *fields))
