"""What an employee sees after following the link of a message, free of any layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from diffuse.domain.campaign import Campaign
from diffuse.domain.evidence import Response
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import ABOUT, DUTY, Excerpt
from diffuse.domain.policy import KeyPoint, Policy, Question
from diffuse.domain.remark import Remark
from diffuse.ports import Shown
from diffuse.services.newer import Newer

STATEMENT = ByLanguage(
    fr="J’ai lu et compris ce message\u00a0: «\u00a0{says}\u00a0» ({policy}, version {version}).",
    en="I have read and understood this message: “{says}” ({policy}, version {version}).",
)
"""What an employee declares; the words that were shown are kept with the acknowledgement."""


TAKEN_OVER = ByLanguage(
    fr="J’assure la relève de {about}\u00a0: {duty}.",
    en="I am standing in for {about}: {duty}.",
)
"""What whoever takes over a duty declares besides."""


STATEMENTS = {
    Response.ACKNOWLEDGE: STATEMENT,
    Response.QUESTION: ByLanguage(
        fr="J’ai une question sur ce message\u00a0: «\u00a0{says}\u00a0» ({policy}, version {version}).",
        en="I have a question about this message: “{says}” ({policy}, version {version}).",
    ),
    Response.DISAGREE: ByLanguage(
        fr="Je ne suis pas d’accord avec ce message, ou je demande une exception\u00a0:"
        " «\u00a0{says}\u00a0» ({policy}, version {version}).",
        en="I disagree with this message, or ask for an exception: “{says}” ({policy}, version {version}).",
    ),
}
"""What each choice says; nobody has to confirm what they did not understand or do not accept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question with its answers, in the order in which they are numbered from 0."""

    asks: str
    answers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The answer that stands, what it teaches, and what would have been right."""

    number: int
    says: str
    right: bool
    feedback: str
    right_answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A delivery as its employee sees it.

    Attributes:
        campaign: the campaign's title.
        policy: the policy's title.
        link: where the full policy stands, or nothing.
        body: safe HTML.
        question: None when the key point asks nothing.
        chosen: None as long as nothing was answered.
        acknowledge: whether the key point is to be acknowledged.
        acknowledged_at: the instant in the employee's own time zone, or None.
        statement: the exact words that an acknowledgement confirms; empty when there is nothing to confirm.
        owner: who answers questions.
        remarks: what the employee wrote so far, in the order in which it was written.
        newer: the version that has followed the one shown, or None.
    """

    delivery: int
    language: str
    campaign: str
    policy: str
    version: str
    link: str
    subject: str
    body: str
    action: str
    question: Asked | None
    chosen: Chosen | None
    acknowledge: bool
    acknowledged_at: datetime | None
    statement: str
    owner: str
    remarks: tuple[Remark, ...]
    newer: Newer | None = None

    @property
    def can_answer(self) -> bool:
        """Whether the question still waits for its answer."""
        return self.question is not None and self.chosen is None

    @property
    def can_acknowledge(self) -> bool:
        """Whether the acknowledgement is still to be given."""
        return self.acknowledge and self.acknowledged_at is None


def page_of(shown: Shown, campaign: Campaign, excerpt: Excerpt, remarks: Sequence[Remark] = ()) -> Page:
    """Lay out what a delivery shows, in its own language."""
    language = shown.language
    excerpt = excerpt.about({ABOUT: shown.about, DUTY: shown.duty})
    policy, point = campaign.key_point(shown.key_point)
    at = shown.acknowledged_at
    return Page(
        delivery=shown.id,
        language=language,
        campaign=campaign.title[language],
        policy=policy.title[language],
        version=policy.version,
        link=policy.link[language] if policy.link else "",
        subject=excerpt.subject.strip() or point.says[language],
        body=excerpt.body,
        action=excerpt.action,
        question=_asked(point.question, language),
        chosen=_chosen(point.question, shown.answer, language),
        acknowledge=point.acknowledge,
        acknowledged_at=at and at.astimezone(ZoneInfo(shown.time_zone)),
        statement=statement(policy, point, shown),
        owner=(policy.owner or campaign.owner).rpartition(" <")[0],
        remarks=tuple(remarks),
    )


def statement(
    policy: Policy, point: KeyPoint, shown: Shown, response: Response = Response.ACKNOWLEDGE
) -> str:
    """Return the words that a choice stands for; empty when the key point is not to be acknowledged.

    Whoever takes over a duty confirms which one, and whose.
    """
    if not point.acknowledge:
        return ""
    language = shown.language
    said = STATEMENTS[response][language].format(
        says=point.says[language].strip().removesuffix("."),
        policy=policy.title[language],
        version=policy.version,
    )
    takes = shown.duty and response is Response.ACKNOWLEDGE
    taken = TAKEN_OVER[language].format(duty=shown.duty, about=shown.about) if takes else ""
    return f"{said} {taken}".strip()


def _asked(question: Question | None, language: str) -> Asked | None:
    if question is None:
        return None
    return Asked(
        asks=question.asks[language], answers=tuple(answer.says[language] for answer in question.answers)
    )


def _chosen(question: Question | None, number: int | None, language: str) -> Chosen | None:
    if question is None or number is None:
        return None
    answer = question.answers[number]
    return Chosen(
        number=number,
        says=answer.says[language],
        right=answer.right,
        feedback=answer.feedback[language],
        right_answer=next(a.says[language] for a in question.answers if a.right),
    )
