"""Evidence: what an employee confirmed or answered, in which words, and when; one chain of records."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

FORM = "diffuse-evidence-1"
"""Names the rules by which hashes are computed; another set of rules gets another name."""

NOTHING = "0" * 64
"""The hash before the first record."""

LINK, OFFICER = "link", "officer"
"""How an employee is known: by the personal link of a message, or by the word of an officer."""


_ESCAPED = {number: f"\\u{number:04x}" for number in range(0x20)} | {
    ord(plain): f"\\{letter}" for plain, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)
}


class Response(StrEnum):
    """What an employee gave."""

    ACKNOWLEDGE = "acknowledge"
    QUESTION = "question"
    DISAGREE = "disagree"
    QUIZ = "quiz"


class Origin(StrEnum):
    """When a record was made: with what it proves, or later from what the tables said by then."""

    RECORDED = "recorded"
    ADOPTED = "adopted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledgement:
    """Evidence that an employee confirmed a text: which version, in which words, and when.

    ``dwell`` counts the milliseconds from the page to its button; None where no page was pressed. ``doubt``
    says why it may be a program's, in the words of verdicts; empty where nothing speaks for it.
    """

    delivery: int
    policy: str
    version: str
    language: str
    statement: str
    at: datetime
    dwell: int | None = None
    doubt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What one employee gave, without a name, an address or an agent.

    Attributes:
        person: the pseudonym of the employee, always the same in one installation.
        identified_by: how the employee was known: ``link`` for the personal link of the message; on an
            intranet post ``oidc``, ``proxy`` or ``magic-link``; ``officer`` for the word of an officer who
            acknowledged on behalf of the employee.
        policy_sha256: hash of the policy's canonical text as it was launched.
        message_sha256: hash of the wording as it was baked and sent.
        statement: the whole words that were shown, or the question and the answer chosen.
        detail: for a quiz the number of the answer (from 0) and whether it was right, as in ``1:right``; for
            a question or a disagreement the digest of what was written, which is kept beside the chain.
        on_behalf_of: the pseudonym of whoever it was given for, empty for oneself; ``reason`` says why.
    """

    person: str
    identified_by: str
    campaign: str
    policy: str
    version: str
    key_point: str
    delivery: int
    policy_sha256: str
    message_sha256: str
    language: str
    statement: str
    answer: str
    detail: str
    at: datetime
    channel: str
    origin: str
    on_behalf_of: str = ""
    reason: str = ""


GIVEN = tuple(field.name for field in fields(Proof))


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A proof in its place in the chain.

    Attributes:
        sequence: 1 for the first record, then one more for each.
        nonce: 32 random hexadecimal digits, so that nobody can guess a withheld record from its hash.
        previous: the hash of the record before, ``NOTHING`` before the first.
        content_sha256: hash of the canonical content.
        sha256: hash of the record, which the next one repeats.
    """

    sequence: int
    nonce: str
    proof: Proof
    previous: str
    content_sha256: str
    sha256: str


def canonical(value: object) -> str:
    """Write texts, whole numbers, truths and mappings of them as JSON by RFC 8785, section 3.2.

    Raises:
        TypeError: for anything else, of which there is more than one spelling.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPED)}"'
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{canonical(key)}:{canonical(value[key])}' for key in sorted(value))}}}"
    raise TypeError(f"{type(value).__name__} has no canonical form")


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in 64 lower-case hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def instant(at: datetime) -> str:
    """Write an instant in UTC with all six digits of its microseconds: ``2026-09-14T14:30:00.123456Z``."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def content(sequence: int, nonce: str, proof: Proof) -> dict[str, object]:
    """Return what is hashed of a record, before its link to the one before."""
    given = {name: getattr(proof, name) for name in GIVEN}
    return {**given, "at": instant(proof.at), "form": FORM, "nonce": nonce, "sequence": sequence}


def link(sequence: int, previous: str, content_sha256: str) -> str:
    """Return the hash of a record: a record that is withheld is still linked by the hash of its content."""
    return hash_of(canonical({"content": content_sha256, "previous": previous, "sequence": sequence}))


def sealed(sequence: int, nonce: str, proof: Proof, previous: str) -> Evidence:
    """Put a proof in its place after the record with the hash ``previous``."""
    inner = hash_of(canonical(content(sequence, nonce, proof)))
    return Evidence(
        sequence=sequence,
        nonce=nonce,
        proof=proof,
        previous=previous,
        content_sha256=inner,
        sha256=link(sequence, previous, inner),
    )


def is_withheld(record: Evidence) -> bool:
    """Tell whether of a record only its hashes are left, because its time was over."""
    return not (record.nonce or record.proof.person or record.proof.statement)


def faults(record: Evidence, sequence: int, previous: str) -> list[str]:
    """Say what is wrong with a record that should be number ``sequence`` after ``previous``.

    Of one that is withheld only its place in the chain can be wrong.
    """
    right = sealed(record.sequence, record.nonce, record.proof, record.previous)
    if is_withheld(record):
        shut = link(record.sequence, record.previous, record.content_sha256)
        right = replace(right, content_sha256=record.content_sha256, sha256=shut)
    pairs = (
        ("sequence", sequence, record.sequence),
        ("previous", previous, record.previous),
        ("content_sha256", right.content_sha256, record.content_sha256),
        ("sha256", right.sha256, record.sha256),
    )
    return [f"{name}: expected {want}, found {found}" for name, want, found in pairs if want != found]
