"""Keeps evidence: one chain of records, added in the transaction of what they prove."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, Engine, Row, RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.types import fixed, plain
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import (
    GIVEN,
    LINK,
    NOTHING,
    OFFICER,
    Acknowledgement,
    Evidence,
    Origin,
    Proof,
    Response,
    hash_of,
    sealed,
)
from diffuse.domain.policy import KeyPoint, Policy
from diffuse.domain.remark import Remark
from diffuse.ports import Head, Published

AT_A_TIME = 500
"""Rows that are read, or adopted, at a time."""

_ROW = tables.evidence.c
_HEAD = tables.evidence_head.c
_TOLD = tables.delivery.c


class Witnessed(NamedTuple):
    """A proof, and the texts that it names, by their hash."""

    proof: Proof
    texts: Mapping[str, str]


class SqlEvidence:
    """The chain of evidence in a database."""

    def __init__(
        self,
        engine: Engine,
        *,
        publications: Callable[[int], Published],
        policies: Callable[[object], str],
        pseudonym: Callable[[str], str],
    ) -> None:
        """Use a database that has been upgraded.

        Args:
            engine: the database.
            publications: gives a publication by its number.
            policies: writes a policy as its canonical text.
            pseudonym: hides an employee.
        """
        self._engine = engine
        self._publications = publications
        self._policies = policies
        self._pseudonym = pseudonym
        self._baked = lru_cache(1024)(self._read_baked)

    def of_acknowledgement(
        self, given: Acknowledgement, origin: Origin = Origin.RECORDED, reason: str = "", by: str = LINK
    ) -> Witnessed:
        """Say what an acknowledgement proves; KeyError when there is no such delivery.

        With a ``reason`` an officer gave it on behalf of the employee; else ``by`` says how they were known.
        """
        row, _, _, texts = self._about(given.delivery)
        return self._witnessed(
            row,
            texts,
            policy=given.policy,
            version=given.version,
            language=given.language,
            statement=given.statement,
            answer=Response.ACKNOWLEDGE,
            at=given.at,
            origin=origin,
            identified_by=OFFICER if reason else by,
            on_behalf_of=self._pseudonym(row.employee) if reason else "",
            reason=reason,
        )

    def of_answer(self, event: Event, origin: Origin = Origin.RECORDED, by: str = LINK) -> Witnessed:
        """Say what the answer to a question proves; KeyError when there is no such delivery."""
        row, policy, point, texts = self._about(event.delivery)
        return self._witnessed(
            row,
            texts,
            policy=policy.id,
            version=policy.version,
            language=row.language,
            statement=_asked(point, row.language, event.detail),
            answer=Response.QUIZ,
            detail=event.detail,
            at=event.at,
            origin=origin,
            identified_by=by,
        )

    def of_remark(self, remark: Remark, by: str = LINK) -> Witnessed:
        """Say what a question or a disagreement proves; KeyError when there is no such delivery."""
        row, _, _, texts = self._about(remark.delivery)
        return self._witnessed(
            row,
            texts,
            policy=remark.policy,
            version=remark.version,
            language=remark.language,
            statement=remark.statement,
            answer=remark.response,
            detail=remark.digest,
            at=remark.at,
            origin=Origin.RECORDED,
            identified_by=by,
        )

    def append(self, connection: Connection, witnessed: Sequence[Witnessed]) -> None:
        """Add records to the chain, one writer after the other until its transaction ends."""
        head = _held(connection)
        _keep_texts(connection, {key: text for one in witnessed for key, text in one.texts.items()})
        rows = []
        for one in witnessed:
            record = sealed(head.sequence + 1, secrets.token_hex(16), one.proof, head.sha256)
            rows.append(_values(record))
            head = Head(record.sequence, record.sha256)
        if rows:
            connection.execute(insert(tables.evidence), rows)
            connection.execute(update(tables.evidence_head).values(head._asdict()))

    def adopt(self) -> int:
        """Chain what was given before there was a chain, once; return how many records that made."""
        with reading(self._engine) as connection:
            if connection.scalar(select(_HEAD.adopted)):
                return 0
        older = self._older()
        with writing(self._engine) as connection:
            _held(connection)
            if connection.scalar(select(_HEAD.adopted)):
                return 0
            for start in range(0, len(older), AT_A_TIME):
                self.append(connection, older[start : start + AT_A_TIME])
            connection.execute(update(tables.evidence_head).values(adopted=1))
        return len(older)

    def records(self) -> Iterator[Evidence]:
        """Yield the whole chain in its order, in constant memory."""
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=AT_A_TIME).execute(
                select(tables.evidence).order_by(_ROW.sequence)
            )
            for row in rows.mappings():
                yield record_of(row)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text that is kept, by its hash."""
        row = tables.evidence_text.c
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=10).execute(
                select(row.sha256, row.text).order_by(row.sha256)
            )
            for one in rows:
                yield one.sha256, one.text

    def head(self) -> Head:
        """Return the end of the chain as writers left it."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_HEAD.sequence, _HEAD.sha256)).first()
        return Head(row.sequence, row.sha256) if row else Head(0, NOTHING)

    def _about(self, delivery: int) -> tuple[Row[tuple[object, ...]], Policy, KeyPoint, tuple[str, str]]:
        """Read what a delivery showed: its row, its policy, its key point, and both canonical texts."""
        names = ("id", "campaign", "employee", "key_point", "variant", "language", "publication", "channel")
        with reading(self._engine) as connection:
            row = connection.execute(
                select(*(_TOLD[name] for name in names)).where(_TOLD.id == delivery)
            ).first()
        if row is None:
            raise KeyError(delivery)
        policy, point = self._publications(row.publication).campaign.key_point(row.key_point)
        baked = self._baked(row.publication, row.key_point, row.variant, row.language)
        return row, policy, point, (self._policies(policy), baked)

    def _witnessed(self, row: Row[tuple[object, ...]], texts: tuple[str, str], **given: object) -> Witnessed:
        policy, message = texts
        proof = Proof(
            person=self._pseudonym(row.employee),
            campaign=row.campaign,
            key_point=row.key_point,
            delivery=row.id,
            policy_sha256=hash_of(policy),
            message_sha256=hash_of(message),
            channel=row.channel,
            **{"detail": "", **given},  # type: ignore[arg-type]
        )
        kept = {name: plain(value) for name in GIVEN if isinstance(value := getattr(proof, name), str)}
        return Witnessed(
            replace(proof, **kept),  # type: ignore[arg-type]
            {proof.policy_sha256: policy, proof.message_sha256: message},
        )

    def _read_baked(self, publication: int, key_point: str, variant: str, language: str) -> str:
        """Return a wording as it was baked, canonical as it is kept; empty when it was never kept."""
        row = tables.wording.c
        statement = select(row.baked).where(
            row.publication == publication,
            row.key_point == key_point,
            row.variant == variant,
            row.language == language,
        )
        with reading(self._engine) as connection:
            return connection.scalar(statement) or ""

    def _older(self) -> list[Witnessed]:
        """Read all that was given so far, in the order of time."""
        row = tables.event.c
        answers = select(row.delivery, row.kind, row.at, row.detail).where(row.kind == fixed(Kind.ANSWERED))
        with reading(self._engine) as connection:
            answered = connection.execute(answers.order_by(row.id)).mappings().all()
            confirmed = connection.execute(select(tables.acknowledgement)).mappings().all()
        found = [
            *(self.of_acknowledgement(Acknowledgement(**one), Origin.ADOPTED) for one in confirmed),
            *(self.of_answer(Event(**one), Origin.ADOPTED) for one in answered),
        ]
        return sorted(found, key=lambda one: (one.proof.at, one.proof.delivery, one.proof.answer))


def record_of(row: RowMapping) -> Evidence:
    """Read a record from its row, as it stands there."""
    links = ("sequence", "nonce", "previous", "content_sha256", "sha256")
    given = Proof(**{name: row[name] for name in GIVEN})
    return Evidence(proof=given, **{name: row[name] for name in links})


def _values(record: Evidence) -> dict[str, object]:
    given = {name: getattr(record.proof, name) for name in GIVEN}
    links = ("sequence", "nonce", "previous", "content_sha256", "sha256")
    return {**given, **{name: getattr(record, name) for name in links}}


def _held(connection: Connection) -> Head:
    """Take hold of the end of the chain until the transaction ends; SQLite holds its one lock already."""
    row = connection.execute(select(_HEAD.sequence, _HEAD.sha256).with_for_update()).first()
    if row is None:
        _insert(connection, tables.evidence_head, {"id": 1, "sequence": 0, "sha256": NOTHING, "adopted": 0})
        row = connection.execute(select(_HEAD.sequence, _HEAD.sha256).with_for_update()).one()
    return Head(row.sequence, row.sha256)


def _keep_texts(connection: Connection, texts: Mapping[str, str]) -> None:
    row = tables.evidence_text.c
    kept = set(connection.scalars(select(row.sha256).where(row.sha256.in_(sorted(texts)))))
    for key in sorted(texts.keys() - kept):
        _insert(connection, tables.evidence_text, {"sha256": key, "text": texts[key]})


def _insert(connection: Connection, table: object, values: Mapping[str, object]) -> None:
    """Add a row that another writer may be adding too."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).values(dict(values)).on_conflict_do_nothing())


def _asked(point: KeyPoint, language: str, detail: str) -> str:
    """Return the words of a question and of the answer chosen; empty when the text asks nothing."""
    number = detail.partition(":")[0]
    if point.question is None or not number.isdigit() or int(number) >= len(point.question.answers):
        return ""
    return f"{point.question.asks[language]}\n{point.question.answers[int(number)].says[language]}"
