"""Identify: tell which employee asks, where a link is the same for everybody."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from diffuse.domain.identity import MAGIC_LINK, Identified
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Employee, pseudonym_in
from diffuse.errors import DiffuseError, PermanentFailure
from diffuse.ports import Clock, Directory, Entries, Entry, Letter, Letters

SESSION, LINK = "session", "link"

SIGNED_IN = timedelta(hours=8)
"""A day of work: nobody signs in twice, and nobody is signed in the next morning."""

FOLLOWED_FOR = timedelta(minutes=30)
"""A link may be followed again until then: programs that look at mail follow it first."""

MOST_LINKS = 3
"""Links of one employee at a time; nobody can fill a mailbox by asking for more."""

LONGEST = 254
"""Characters of an address; what is longer is nobody's."""

SUBJECT = ByLanguage(fr="Votre lien pour confirmer un message", en="Your link to confirm a message")
TEXT = ByLanguage(
    fr="""Bonjour {name},

Voici le lien que vous avez demandé. Ouvrez-le, puis appuyez sur le bouton de la page\u00a0:

{address}

Le lien est valable {minutes} minutes, jusqu’à {until}. Ne le transmettez à personne\u00a0: il vous identifie.

Si vous n’avez rien demandé, ignorez ce courriel\u00a0: sans le bouton, il ne se passe rien.
""",
    en="""Hello {name},

Here is the link that you asked for. Open it, then press the button on the page:

{address}

The link is valid for {minutes} minutes, until {until}. Do not pass it on to anybody: it identifies you.

If you did not ask for anything, ignore this mail: without the button, nothing happens.
""",
)
HOURS = ByLanguage(fr="{at.hour}\u00a0h\u00a0{at.minute:02}", en="{at.hour}:{at.minute:02}")

_log = logging.getLogger("diffuse.identify")


class Unidentified(PermanentFailure):
    """Raised when somebody is vouched for who is not one employee; ``why`` names the words for the page.

    ``why`` is ``nobody``, ``several`` or ``left``.
    """

    def __init__(self, why: str, text: str) -> None:
        """Take the reason, and what the log says."""
        super().__init__(text)
        self.why = why


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """What a link opens: whose it is, and the token of the post that it leads back to."""

    who: Identified
    name: str
    language: str
    post: str


class Identify:
    """Finds employees by what others vouch for, and keeps who has signed in."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        directory: Directory,
        entries: Entries,
        letters: Letters,
        base_url: str,
        sender: str,
    ) -> None:
        """Take the collaborators, our own address, and the mail address that letters come from."""
        self._clock = clock
        self._directory = directory
        self._entries = entries
        self._letters = letters
        self._base_url = base_url.rstrip("/")
        self._sender = sender

    def claimed(self, value: str, by: str) -> Identified:
        """Return the employee for an address or an id that somebody whom we trust vouches for.

        Raises:
            Unidentified: when that is nobody, more than one, or somebody who has left.
        """
        return Identified(self._claimed(value).id, by)

    def enter(self, who: Identified) -> str:
        """Open a session, and return the token that goes into the browser's cookie.

        Raises:
            Unidentified: when the directory does not know the employee any longer.
        """
        now = self._clock.now()
        token = self._entries.open(SESSION, Entry(who), now, now + SIGNED_IN)
        if token is None:
            raise Unidentified("nobody", f"nobody has the id {who.employee!r} any longer")
        return token

    def session(self, token: str) -> Identified | None:
        """Return who is signed in; nobody once the session is over, or their work."""
        found = self._entries.find(SESSION, token, self._clock.now())
        return found.who if found and self._working(found.who.employee) else None

    def leave(self, token: str) -> None:
        """End a session, at once and for good."""
        self._entries.close(SESSION, token)

    def send_link(self, address: str, post: str, language: str) -> None:
        """Send a link that leads back to a post, to the address that the directory knows.

        Whoever asks learns nothing: of an address that is nobody's, of one that several have, and of too many
        requests only the log tells.
        """
        try:
            who = self._claimed(address.strip())
        except Unidentified as failure:
            # The log does not keep what a stranger typed.
            _log.info("no link is sent: the address leads to %s", failure.why)
            return
        now = self._clock.now()
        entry = Entry(Identified(who.id, MAGIC_LINK), post)
        token = self._entries.open(LINK, entry, now, now + FOLLOWED_FOR, most=MOST_LINKS)
        if token is None:
            _log.info("no link is sent: the employee has %d that are still valid", MOST_LINKS)
            return
        try:
            self._letters.send(self._letter(who, token, language, now))
        except DiffuseError as failure:
            self._entries.close(LINK, token)
            _log.warning("a link could not be sent: %s", failure)

    def follow(self, token: str) -> Followed | None:
        """Return what a link opens, as often as it is asked until the link is over."""
        found = self._entries.find(LINK, token, self._clock.now())
        who = self._working(found.who.employee) if found else None
        if found is None or who is None:
            return None
        return Followed(who=found.who, name=who.name, language=who.language, post=found.post)

    def _claimed(self, value: str) -> Employee:
        called = self._directory.called(value) if value and len(value) <= LONGEST else ()
        known = [one for one in called if not pseudonym_in(one.id)]
        # An address passes on with a job, and to a new id: those who have left are in nobody's way.
        working = self._still(known)
        if len(working) == 1:
            return working[0]
        if len(working) > 1:
            raise Unidentified("several", f"{len(working)} employees share what identifies one of them")
        if known:
            raise Unidentified("left", "the last day of work of that employee has passed")
        raise Unidentified("nobody", "the directory knows nobody by that")

    def _working(self, employee: str) -> Employee | None:
        working = self._still(self._directory.those([employee]))
        return working[0] if working else None

    def _still(self, employees: Sequence[Employee]) -> list[Employee]:
        now = self._clock.now()
        return [one for one in employees if one.ends is None or now.astimezone(one.zone).date() <= one.ends]

    def _letter(self, who: Employee, token: str, language: str, now: datetime) -> Letter:
        values = {
            "name": who.given_name,
            "address": f"{self._base_url}/e/{token}",
            "minutes": FOLLOWED_FOR // timedelta(minutes=1),
            "until": HOURS[language].format(at=(now + FOLLOWED_FOR).astimezone(who.zone)),
        }
        mark = sha256(f"letter {token}".encode()).hexdigest()[:32]
        return Letter(
            to=who.email,
            reply_to=self._sender,
            subject=SUBJECT[language],
            text=TEXT[language].format(**values),
            language=language,
            message_id=f"<link.{mark}@{self._sender.rpartition('@')[2]}>",
            date=now,
        )
