"""Checks the chain of evidence against itself, the texts that it names, and the rows that it proves."""

import hashlib
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, Engine, Select, and_, exists, func, select

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.evidence import AT_A_TIME, record_of
from diffuse.adapters.sql.types import fixed
from diffuse.domain.events import Kind
from diffuse.domain.evidence import NOTHING, Evidence, Response, faults, hash_of, instant, is_withheld
from diffuse.domain.people import pseudonym_in
from diffuse.domain.remark import Remark

_ROW = tables.evidence.c
_GIVEN = tables.acknowledgement.c
_TOLD = tables.delivery.c
_CAME = tables.event.c
_TEXT = tables.evidence_text.c


class SqlAudit:
    """Walks the chain in constant memory and changes nothing; what is withheld is checked by its hashes."""

    def __init__(self, engine: Engine, *, pseudonym: Callable[[str], str]) -> None:
        """Use a database that has been upgraded; ``pseudonym`` hides an employee as evidence does."""
        self._engine = engine
        self._pseudonym = pseudonym

    def findings(self) -> Iterator[str]:
        """Yield all that is wrong: which record, what was expected, what was found."""
        with reading(self._engine) as connection:
            yield from self._chain(connection)
            yield from _missing(connection)
            yield from _remarks(connection)
            yield from _texts(connection)
            yield from _publications(connection)

    def _chain(self, connection: Connection) -> Iterator[str]:
        sequence, previous = 0, NOTHING
        streaming = connection.execution_options(yield_per=AT_A_TIME)
        for row in streaming.execute(_records()).mappings():
            record = record_of(row)
            for fault in (*faults(record, sequence + 1, previous), *self._apart(record, dict(row))):
                yield f"record {record.sequence}: {fault}"
            sequence, previous = record.sequence, record.sha256
        head = connection.execute(select(tables.evidence_head)).first()
        kept = (head.sequence, head.sha256) if head else (0, NOTHING)
        if kept != (sequence, previous):
            yield (
                f"the end of the chain: expected record {kept[0]} with {kept[1]}, "
                f"found record {sequence} with {previous}"
            )

    def _apart(self, record: Evidence, beside: dict[str, object]) -> Iterator[str]:
        """Yield where a record and the rows that it proves say different things."""
        given = record.proof
        if is_withheld(record):
            return
        if beside["told"] is None:
            yield f"delivery {given.delivery}: expected a row of it, found none"
            return
        for name in ("campaign", "key_point", "channel"):
            if beside[f"told_{name}"] != getattr(given, name):
                yield f"{name}: the delivery has {beside[f'told_{name}']!r}, found {getattr(given, name)!r}"
        told = str(beside["told_employee"])
        if (person := pseudonym_in(told) or self._pseudonym(told)) != given.person:
            yield f"person: expected {person}, found {given.person}"
        if given.answer == Response.QUIZ and not beside["answered"]:
            yield f"the answer {given.detail!r} at {instant(given.at)}: expected an event of it, found none"
        if given.answer == Response.ACKNOWLEDGE:
            yield from _confirmed(record, beside)
        is_remark = given.answer in {Response.QUESTION, Response.DISAGREE}
        if is_remark and not (
            beside["remarked"] or pseudonym_in(told)
        ):  # who is erased takes the words along
            yield f"the {given.answer} at {instant(given.at)}: expected what was written, found none"


def _confirmed(record: Evidence, beside: dict[str, object]) -> Iterator[str]:
    if beside["confirmed"] is None:
        yield f"delivery {record.proof.delivery}: expected its acknowledgement, found none"
        return
    for name in ("policy", "version", "language", "statement", "at"):
        there, here = beside[f"confirmed_{name}"], getattr(record.proof, name)
        if there != here:
            yield f"{name}: the acknowledgement has {there}, found {here}"


def _records() -> Select[tuple[object, ...]]:
    """Return the statement that reads each record beside the rows that it proves."""
    answered = (
        exists()
        .where(
            _CAME.delivery == _ROW.delivery,
            _CAME.kind == fixed(Kind.ANSWERED),
            _CAME.at == _ROW.at,
            _CAME.detail == _ROW.detail,
        )
        .label("answered")
    )
    written = tables.remark.c
    remarked = (
        exists()
        .where(
            written.delivery == _ROW.delivery,
            written.response == _ROW.answer,
            written.at == _ROW.at,
        )
        .label("remarked")
    )
    told = (_TOLD[name].label(f"told_{name}") for name in ("campaign", "key_point", "channel", "employee"))
    texts = ("policy", "version", "language", "statement", "at")
    given = (_GIVEN[name].label(f"confirmed_{name}") for name in texts)
    return (
        select(tables.evidence, _TOLD.id.label("told"), *told, _GIVEN.delivery.label("confirmed"), *given)
        .add_columns(answered, remarked)
        .join_from(tables.evidence, tables.delivery, _ROW.delivery == _TOLD.id, isouter=True)
        .join(tables.acknowledgement, _ROW.delivery == _GIVEN.delivery, isouter=True)
        .order_by(_ROW.sequence)
    )


def _missing(connection: Connection) -> Iterator[str]:
    """Yield acknowledgements and answers of which the chain says nothing."""
    confirmed = exists().where(_ROW.delivery == _GIVEN.delivery, _ROW.answer == fixed(Response.ACKNOWLEDGE))
    for number in connection.scalars(select(_GIVEN.delivery).where(~confirmed).order_by(_GIVEN.delivery)):
        yield f"delivery {number}: expected a record of its acknowledgement, found none"
    answered = exists().where(
        _ROW.delivery == _CAME.delivery,
        _ROW.answer == fixed(Response.QUIZ),
        _ROW.at == _CAME.at,
        _ROW.detail == _CAME.detail,
    )
    unproven = select(_CAME.delivery).where(_CAME.kind == fixed(Kind.ANSWERED), ~answered)
    for number in connection.scalars(unproven.order_by(_CAME.id)):
        yield f"delivery {number}: expected a record of its answer, found none"


def _remarks(connection: Connection) -> Iterator[str]:
    """Yield remarks that are not what the chain says, or of which it says nothing."""
    row = tables.remark.c
    names = [row[name] for name in Remark.__dataclass_fields__]
    proof = and_(_ROW.delivery == row.delivery, _ROW.answer == row.response, _ROW.at == row.at)
    statement = (
        select(*names, _ROW.sequence, _ROW.detail)
        .join_from(tables.remark, tables.evidence, proof, isouter=True)
        .order_by(row.id)
    )
    for one in connection.execute(statement).mappings():
        given = {name: one[name] for name in Remark.__dataclass_fields__}
        remark = Remark(**{**given, "response": Response(given["response"])})
        if one["sequence"] is None:
            yield f"delivery {remark.delivery}: expected a record of its {remark.response}, found none"
        elif one["detail"] != remark.digest:
            found = f"the remark has the digest {remark.digest}, found {one['detail']}"
            yield f"record {one['sequence']}: detail: {found}"


def _texts(connection: Connection) -> Iterator[str]:
    """Yield texts that are not what their hash says, and those that are gone."""
    for row in connection.execution_options(yield_per=10).execute(select(tables.evidence_text)):
        if (found := hash_of(row.text)) != row.sha256:
            yield f"text {row.sha256}: found a text with the hash {found}"
    for name in ("policy_sha256", "message_sha256"):
        gone = (
            select(func.min(_ROW.sequence), _ROW[name])
            .where(_ROW.person != "", ~exists().where(_TEXT.sha256 == _ROW[name]))
            .group_by(_ROW[name])
        )
        for sequence, key in connection.execute(gone):
            yield f"record {sequence}: {name}: expected the text {key}, found none"


def _publications(connection: Connection) -> Iterator[str]:
    """Yield publications that are not what was launched."""
    row, said = tables.publication.c, tables.wording.c
    for number, digest, definition in connection.execute(
        select(row.id, row.digest, row.definition).order_by(row.id)
    ).all():
        baked = connection.scalars(
            select(said.baked)
            .where(said.publication == number)
            .order_by(said.key_point, said.variant, said.language)
        ).all()
        found = hashlib.sha256("\n".join((definition, *baked)).encode()).hexdigest()
        if found != digest:
            yield f"publication {number}: expected the hash {digest}, found {found}"
