"""What the conformance suite needs of a platform under test: one rig each, a live server or a strict one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from typing import Any, Protocol

from diffuse.ports import Platform


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an adapter is put together, so that another process can do it too: everything fits into JSON."""

    adapter: str
    """Module and class, such as ``diffuse.adapters.platforms.wordpress:WordPress``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """``timeout``, if given, is in seconds."""

    def patient_for(self, seconds: float) -> "Recipe":
        """Return the same with a shorter time-out."""
        return replace(self, arguments={**self.arguments, "timeout": seconds})

    def build(self) -> Platform:
        """Put it together."""
        module, _, name = self.adapter.partition(":")
        arguments = dict(self.arguments)
        if "timeout" in arguments:
            arguments["timeout"] = timedelta(seconds=arguments["timeout"])
        platform: Platform = getattr(import_module(module), name)(**arguments)
        return platform


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A post as people see it on the platform, asked of the platform itself and not through the adapter."""

    title: str
    content: str
    """HTML, wikitext or text, as the platform shows or keeps it."""


class Rig(Protocol):
    """One platform, up and empty at the beginning of a test."""

    @property
    def address(self) -> str:
        """The base address of the server, such as ``http://127.0.0.1:8080``; a proxy can stand before it."""

    @property
    def looks_up(self) -> bool:
        """Whether the platform can be asked what became of a post; chats cannot."""

    @property
    def changes(self) -> bool:
        """Whether a post can be changed and withdrawn."""

    @property
    def cleans(self) -> bool:
        """Whether the platform takes HTML, of which hostile parts must be gone."""

    def recipe(self, address: str = "", *, credentials: str = "good") -> Recipe:
        """Say how the adapter is put together, for another address of the same server if one is given.

        ``credentials`` may be ``bad`` for some that the platform does not accept.
        """

    def posts(self) -> Sequence[Seen]:
        """Return the posts that people can read by now, in any order."""

    def empty(self) -> None:
        """Take every post away."""
