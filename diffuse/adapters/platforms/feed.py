"""The channel ``feed``: nothing leaves, as the ledger of posts is what the feed is written from."""

from diffuse.adapters.platforms.atom import atom_entry
from diffuse.domain.feed import Entry, tag
from diffuse.domain.post import Absent, Dressed, Post, Posted, Withdrawn


class FeedPlatform:
    """A feed that the tracking service serves.

    ``authority`` is the host or the domain that the ids of entries are made with.
    """

    def __init__(self, authority: str, *, name: str = "feed") -> None:
        """Take what names the entries."""
        self._authority, self._name = authority, name

    @property
    def name(self) -> str:
        """The channel's name in campaigns and reports."""
        return self._name

    def dress(self, post: Post) -> Dressed:
        """Return the entry of a post that is published when it should be."""
        return Dressed(
            "application/atom+xml",
            atom_entry(
                Entry(
                    id=tag(self._authority, post.publish_at, post.key),
                    title=post.title,
                    html=post.html,
                    text=post.text,
                    language=post.language,
                    published=post.publish_at,
                    updated=post.publish_at,
                    link=post.url,
                )
            ),
        )

    def post(self, post: Post) -> Posted:
        """Publish a post: the feed has it from now on."""
        return Posted(post.key, "")

    def lookup(self, key: str) -> Absent:  # noqa: ARG002 -- whatever the key
        """Say that nothing is kept here; publishing again does no harm."""
        return Absent()

    def update(self, post: Post) -> Posted:
        """Change a post: the feed says so from now on."""
        return Posted(post.key, "")

    def withdraw(self, key: str) -> Withdrawn:  # noqa: ARG002 -- whatever the key
        """Withdraw a post: the feed has it no longer."""
        return Withdrawn()

    def close(self) -> None:
        """Do nothing: nothing is open."""
