"""Forward: let the owner of a policy read what employees ask, and answer them by a simple reply."""

import logging
from datetime import timedelta

from diffuse.domain.campaign import Campaign
from diffuse.domain.evidence import Response
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Wording
from diffuse.domain.policy import Policy
from diffuse.errors import DiffuseError, PermanentFailure
from diffuse.ports import Clock, Letter, Letters, Publications, Remarks, Unforwarded

LEASE = timedelta(minutes=10)
"""Others leave a remark alone for so long: after a failure it is tried again then."""

SUBJECTS = {
    Response.QUESTION: ByLanguage(
        fr="Question au sujet de «\u00a0{subject}\u00a0»", en="Question about “{subject}”"
    ),
    Response.DISAGREE: ByLanguage(
        fr="Désaccord ou demande d’exception au sujet de «\u00a0{subject}\u00a0»",
        en="Disagreement or request for an exception about “{subject}”",
    ),
}
TEXT = ByLanguage(
    fr="""{name} ({email}) a répondu ceci au message «\u00a0{subject}\u00a0»\u00a0:

{statement}

{text}

Texte de référence\u00a0: {policy}, version {version}. {link}

Pour répondre à {name}, répondez simplement à ce courriel. Tant que la personne n’a pas confirmé le
message, il lui sera rappelé au rythme de la campagne.
""",
    en="""{name} ({email}) gave this answer to the message “{subject}”:

{statement}

{text}

Reference text: {policy}, version {version}. {link}

To answer {name}, simply reply to this mail. As long as the message is not confirmed, it comes back at the
campaign’s pace.
""",
)
NOTHING_SAID = ByLanguage(
    fr="(La personne n’a rien ajouté\u00a0: prenez contact avec elle.)",
    en="(Nothing was added: please get in touch.)",
)

_log = logging.getLogger("diffuse.forward")


class Forward:
    """Forwards what waits; a letter that was sent and not written down is sent again, the same."""

    def __init__(
        self, *, clock: Clock, remarks: Remarks, publications: Publications, letters: Letters, domain: str
    ) -> None:
        """Take the collaborators; ``domain`` ends the Message-ID of letters."""
        self._clock = clock
        self._remarks = remarks
        self._publications = publications
        self._letters = letters
        self._domain = domain

    def run(self) -> int:
        """Forward what waits; return how many letters left. What cannot be sent now is tried again later."""
        done = 0
        for one in self._remarks.waiting(self._clock.now(), LEASE):
            try:
                self._letters.send(self._letter(one))
            except PermanentFailure as failure:
                _log.error(
                    "remark %s cannot be forwarded: %s; mend the owner in the campaign", one.id, failure
                )
            except DiffuseError as failure:
                _log.warning("remark %s is forwarded later: %s", one.id, failure)
                break
            else:
                self._remarks.forwarded(one.id, self._clock.now())
                done += 1
        return done

    def _letter(self, one: Unforwarded) -> Letter:
        remark, language = one.remark, one.remark.language
        campaign = self._publications.get(one.publication).campaign
        policy, _ = campaign.key_point(one.key_point)
        wording = Wording(one.key_point, one.variant, language)
        subject = self._publications.wording(one.publication, wording).excerpt.subject
        values = {
            "subject": " ".join(subject.split()),
            "name": one.name,
            "email": one.email,
            "statement": remark.statement,
            "text": remark.text or NOTHING_SAID[language],
            "policy": policy.title[language],
            "version": remark.version,
            "link": policy.link[language] if policy.link else "",
        }
        return Letter(
            to=_owner(campaign, policy),
            reply_to=one.email,
            subject=SUBJECTS[remark.response][language].format(**values),
            text=TEXT[language].format(**values),
            language=language,
            message_id=f"<remark.{one.id}.{remark.digest[:16]}@{self._domain}>",
            date=remark.at,
        )


def _owner(campaign: Campaign, policy: Policy) -> str:
    """Return the address of whoever answers for a policy: its own owner, or the campaign's."""
    return policy.owner_email or campaign.owner_email
