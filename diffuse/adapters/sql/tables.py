"""The tables: employees, what was published, deliveries, growing logs, and what planners and workers share.

Nothing is ever deleted but what the directory says no more (roles, absences, duties), what planners keep for
themselves, and counts and refusals that no longer matter.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from diffuse.adapters.sql.types import MICROSECOND, NAME, NUMBER, Day, Instant, Words, fixed, one_of
from diffuse.domain.control import Standstill
from diffuse.domain.delivery import PENDING, State
from diffuse.domain.events import Kind
from diffuse.domain.verdicts import Verdict, What

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _among(column: str, values: Iterable[StrEnum], name: str = "known") -> CheckConstraint:
    words = ", ".join(f"'{value}'" for value in sorted(values))
    return CheckConstraint(f"{column} IN ({words})", name=name)


employee = Table(
    "employee",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("name", Words, nullable=False),
    Column("email", NAME, nullable=False),
    Column("language", NAME, nullable=False),
    Column("time_zone", NAME, nullable=False),
    Column("department", Words, nullable=False),
    Column("manager", Words, nullable=False),
    Column("starts", Day),
    Column("ends", Day),
    Column("bucket", NUMBER, nullable=False),
    Column("tracking", NAME, nullable=False, server_default=text("''")),
    CheckConstraint("starts <= ends", name="days"),
    Index("ix_employee_bucket", "bucket"),
    sqlite_strict=True,
)
"""``bucket`` is one of 65 536 and never changes; planners share the employees by ranges of it."""

employee_role = Table(
    "employee_role",
    METADATA,
    Column("employee", NAME, ForeignKey("employee.id"), primary_key=True),
    Column("place", NUMBER, primary_key=True, autoincrement=False),
    Column("role", Words, nullable=False),
    sqlite_strict=True,
)
"""``place`` keeps the order in which the directory names an employee's roles, from 0."""

absence = Table(
    "absence",
    METADATA,
    Column("employee", NAME, ForeignKey("employee.id"), primary_key=True),
    Column("starts", Day, primary_key=True),
    Column("ends", Day, nullable=False),
    CheckConstraint("starts <= ends", name="days"),
    sqlite_strict=True,
)

duty = Table(
    "duty",
    METADATA,
    Column("role", NAME, primary_key=True),
    Column("duty", NAME, primary_key=True),
    Column("holder", NAME, ForeignKey("employee.id"), nullable=False),
    Column("substitute", NAME, nullable=False),
    sqlite_strict=True,
)
"""What a role asks of whom, in words such as the name of an account, and who steps in; empty for nobody."""

attention = Table(
    "attention",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("digest", NAME, nullable=False),
    Column("definition", NAME, nullable=False),
    Column("published_at", Instant, nullable=False),
    sqlite_strict=True,
)
"""The organisation's rules of attention as they were launched; the newest ones count."""

publication = Table(
    "publication",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("campaign", NAME, nullable=False),
    Column("digest", NAME, nullable=False),
    Column("definition", NAME, nullable=False),
    Column("published_at", Instant, nullable=False),
    Index("ix_publication_campaign", "campaign", "id"),
    sqlite_strict=True,
)

wording = Table(
    "wording",
    METADATA,
    Column("publication", NUMBER, ForeignKey("publication.id"), primary_key=True, autoincrement=False),
    Column("key_point", NAME, primary_key=True),
    Column("variant", NAME, primary_key=True),
    Column("language", NAME, primary_key=True),
    Column("baked", NAME, nullable=False),
    sqlite_strict=True,
)
"""Every wording as it was baked when its publication was launched."""

QUARTER = timedelta(minutes=15)
"""Deliveries are taken in the order of these, and within one in the order in which they were planned."""

DELIVERY_KEY = ("bucket", "campaign", "employee", "key_point", "touch", "channel")
"""What makes a delivery; an employee's bucket never changes, and keeps together what is planned together."""

COUNTED = tuple(f"{whose}_{what}" for what in ("opens", "clicks") for whose in ("raw", "human", "unsure"))

delivery = Table(
    "delivery",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("campaign", NAME, nullable=False),
    Column("key_point", NAME, nullable=False),
    Column("touch", NUMBER, nullable=False),
    Column("employee", NAME, ForeignKey("employee.id"), nullable=False),
    Column("channel", NAME, nullable=False),
    Column("step", NUMBER, nullable=False),
    Column("publication", NUMBER, ForeignKey("publication.id"), nullable=False),
    Column("variant", NAME, nullable=False),
    Column("language", NAME, nullable=False),
    Column("message_id", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("reason", Words, nullable=False),
    Column("due_on", Day, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempt", NUMBER, nullable=False),
    Column("lease_token", NAME),
    Column("lease_until", Instant),
    Column("fenced_at", Instant),
    Column("sent_at", Instant),
    Column("reply", Words, nullable=False),
    Column("opened_at", Instant),
    Column("clicked_at", Instant),
    Column("answered_at", Instant),
    Column("answer", Words, nullable=False),
    Column("acknowledged_at", Instant),
    Column("reached_on", Day),
    Column("bucket", NUMBER, nullable=False),
    Column("wanted_on", Day, nullable=False),
    Column("delayed_by", Words, nullable=False),
    Column("occasion", NAME, nullable=False),
    Column("about", NAME, nullable=False),
    Column("duty", Words, nullable=False),
    Column("dated_at", Instant),
    Column("ambiguous", NUMBER, nullable=False, server_default=text("0")),
    Column("resends", NUMBER, nullable=False, server_default=text("0")),
    Column("server", NAME, nullable=False, server_default=text("''")),
    Column("paced_at", Instant),
    Column("opens", NAME, nullable=False, server_default=text("'named'")),
    Column("clicks", NAME, nullable=False, server_default=text("'named'")),
    *(Column(name, NUMBER, nullable=False, server_default=text("0")) for name in COUNTED),
    Column("quarter", NUMBER, Computed(f"due_at / {QUARTER // MICROSECOND}", persisted=True)),
    Column("post", NUMBER),
    UniqueConstraint(*DELIVERY_KEY, name="uq_delivery_key"),
    _among("state", State),
    CheckConstraint("(lease_until IS NOT NULL) = (state IN ('claimed', 'sending'))", name="lease"),
    CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent"),
    CheckConstraint("touch >= 0 AND step >= 0 AND attempt >= 0", name="counts"),
    Index("ix_delivery_due_on", "due_on", "bucket"),
    sqlite_strict=True,
)
"""``fenced_at`` is the instant at which the last attempt was allowed to set the final dot.

``wanted_on`` is the day on which the rhythm asked for the message, and ``delayed_by`` says why it came later.
``bucket`` is the employee's. A message for an occasion names it, the employee whom it is ``about``, and the
``duty`` that passes on.

``dated_at`` is the instant that the Date header carries, from the first attempt on. ``ambiguous`` counts the
attempts of which nobody knows whether they were accepted, ``resends`` those after such a one. ``server`` is
the mail server of the last attempt, and ``paced_at`` the minute in which a limit left room for the message.
``quarter`` is the quarter of an hour of ``due_at``: workers take what is due by it, so that deliveries that
lie side by side leave together; by ``due_at`` itself each of them would touch another page. ``post`` is the
intranet post that an identified employee met: such a delivery begins with that, and is sent from then on.
"""

_planned = delivery.c.state == fixed(State.PLANNED)
_leased = one_of(delivery.c.state, (State.CLAIMED, State.SENDING))
Index(
    "ix_delivery_planned", delivery.c.quarter, delivery.c.id, sqlite_where=_planned, postgresql_where=_planned
)
_pending = one_of(delivery.c.state, PENDING)
_special = delivery.c.occasion != fixed("")
Index("ix_delivery_pending", delivery.c.bucket, sqlite_where=_pending, postgresql_where=_pending)
_unknown = delivery.c.state == fixed(State.UNKNOWN)
Index("ix_delivery_unknown", delivery.c.bucket, sqlite_where=_unknown, postgresql_where=_unknown)
Index("ix_delivery_occasion", delivery.c.bucket, sqlite_where=_special, postgresql_where=_special)
Index("ix_delivery_leased", delivery.c.lease_token, sqlite_where=_leased, postgresql_where=_leased)
_met = delivery.c.post.is_not(None)
Index(
    "ix_delivery_post",
    *(delivery.c[name] for name in ("post", "publication", "employee")),
    unique=True,
    sqlite_where=_met,
    postgresql_where=_met,
)

attempt = Table(
    "attempt",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("delivery", NUMBER, ForeignKey("delivery.id"), nullable=False),
    Column("attempt", NUMBER, nullable=False),
    Column("state", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reply", Words, nullable=False),
    Column("worker", NAME, nullable=False, server_default=text("''")),
    _among("state", State),
    Index("ix_attempt_delivery", "delivery"),
    sqlite_strict=True,
)
"""One row for each way in which an attempt ended; rows are only added."""

event = Table(
    "event",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("delivery", NUMBER, ForeignKey("delivery.id"), nullable=False),
    Column("kind", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("detail", Words, nullable=False),
    Column("bucket", NUMBER, nullable=False),
    Column("hit", NUMBER),
    Column("withdrawn", NUMBER),
    _among("kind", Kind),
    Index("ix_event_delivery", "delivery"),
    Index("ix_event_bucket", "bucket", "at"),
    sqlite_strict=True,
)
"""What persons did, in the order in which it came; rows are only added.

``hit`` is the request that an open or a click was taken from. ``withdrawn`` is the version of the rules by
which that request turned out to be a program's, or nobody's for sure: the event does not count since.
"""

acknowledgement = Table(
    "acknowledgement",
    METADATA,
    Column("delivery", NUMBER, ForeignKey("delivery.id"), primary_key=True, autoincrement=False),
    Column("policy", NAME, nullable=False),
    Column("version", NAME, nullable=False),
    Column("language", NAME, nullable=False),
    Column("statement", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("dwell", NUMBER),
    Column("doubt", NAME, nullable=False, server_default=text("''")),
    sqlite_strict=True,
)
"""Evidence: who confirmed which version, in which words; at most one for a delivery, never changed.

``dwell`` is the time from the page to its button in milliseconds; empty where no page was pressed. ``doubt``
says why it may be a program's, and is all that changes.
"""

evidence = Table(
    "evidence",
    METADATA,
    Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    *(Column(name, NAME, nullable=False) for name in ("nonce", "person", "identified_by", "campaign")),
    *(Column(name, NAME, nullable=False) for name in ("policy", "version", "key_point")),
    Column("delivery", NUMBER, nullable=False),
    *(Column(name, NAME, nullable=False) for name in ("policy_sha256", "message_sha256", "language")),
    *(Column(name, NAME, nullable=False) for name in ("statement", "answer", "detail")),
    Column("at", Instant, nullable=False),
    *(Column(name, NAME, nullable=False) for name in ("channel", "origin", "on_behalf_of", "reason")),
    *(Column(name, NAME, nullable=False) for name in ("previous", "content_sha256", "sha256")),
    Index("ix_evidence_delivery", "delivery"),
    sqlite_strict=True,
)
"""Evidence, each record chained to the one before; triggers refuse every change and every deletion."""

evidence_text = Table(
    "evidence_text",
    METADATA,
    Column("sha256", NAME, primary_key=True),
    Column("text", NAME, nullable=False),
    sqlite_strict=True,
)
"""The policies and messages that evidence names by their hash; triggers refuse every change too."""

evidence_head = Table(
    "evidence_head",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("sequence", NUMBER, nullable=False),
    Column("sha256", NAME, nullable=False),
    Column("adopted", NUMBER, nullable=False),
    sqlite_strict=True,
)
"""One row: the end of the chain, which one writer moves at a time, and whether older evidence is in it."""

occasion = Table(
    "occasion",
    METADATA,
    Column("key", NAME, primary_key=True),
    Column("campaign", NAME, nullable=False),
    Column("kind", NAME, nullable=False),
    Column("employee", NAME, ForeignKey("employee.id"), nullable=False),
    Column("about", NAME, nullable=False),
    Column("duty", Words, nullable=False),
    Column("since", Day, nullable=False),
    Column("until", Day),
    Column("bucket", NUMBER, nullable=False),
    Index("ix_occasion_bucket", "bucket"),
    sqlite_strict=True,
)
"""Messages that something else than a schedule asks for."""

chunk = Table(
    "chunk",
    METADATA,
    Column("first", NUMBER, primary_key=True, autoincrement=False),
    Column("last", NUMBER, nullable=False),
    Column("revision", NUMBER, nullable=False),
    Column("planned_revision", NUMBER, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_token", NAME),
    Column("lease_until", Instant),
    sqlite_strict=True,
)
"""Buckets that one planner plans at a time; due at ``due_at``, or once ``revision`` has moved on."""

snapshot = Table(
    "snapshot",
    METADATA,
    Column("campaign", NAME, primary_key=True),
    Column("first", NUMBER, primary_key=True, autoincrement=False),
    Column("last", NUMBER, nullable=False),
    Column("digest", NAME, nullable=False),
    Column("cut", Day, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Where the pairs of a chunk stood on a day: a fold over the logs, kept to save time and safe to delete."""

tally = Table(
    "tally",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("added", NUMBER, nullable=False),
    sqlite_strict=True,
)
"""How many deliveries each plan added, together as many as there are; rows are only added."""

control = Table(
    "control",
    METADATA,
    Column("campaign", NAME, primary_key=True),
    Column("state", NAME, nullable=False),
    Column("reason", Words, nullable=False),
    Column("since", Instant, nullable=False),
    _among("state", Standstill),
    sqlite_strict=True,
)
"""Campaigns that an operator has paused or cancelled; an empty campaign stands for all of them."""

pace = Table(
    "pace",
    METADATA,
    Column("lane", NAME, primary_key=True),
    Column("span", NUMBER, primary_key=True, autoincrement=False),
    Column("start", NUMBER, primary_key=True, autoincrement=False),
    Column("used", NUMBER, nullable=False),
    sqlite_strict=True,
)
"""How many messages a limited lane lets through in the ``span`` seconds from ``start`` (since 1970)."""

lane = Table(
    "lane",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("failures", NUMBER, nullable=False),
    Column("level", NUMBER, nullable=False),
    Column("until", Instant),
    Column("reason", Words, nullable=False),
    sqlite_strict=True,
)
"""Mail servers and recipients' domains in trouble: nothing goes there before ``until``."""

pulse = Table(
    "pulse",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("incarnation", NAME, nullable=False),
    Column("ticked_at", Instant, nullable=False),
    sqlite_strict=True,
)
"""One row: a number drawn when the database was made, and when a worker last looked at it."""

remark = Table(
    "remark",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("delivery", NUMBER, ForeignKey("delivery.id"), nullable=False),
    Column("response", NAME, nullable=False),
    *(Column(name, NAME, nullable=False) for name in ("policy", "version", "language")),
    Column("statement", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("form", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("held_until", Instant),
    Column("forwarded_at", Instant),
    UniqueConstraint("delivery", "form", name="uq_remark_form"),
    sqlite_strict=True,
)
"""Questions and disagreements, forwarded to a policy's owner; ``held_until`` keeps other workers off."""

Index(
    "ix_remark_waiting",
    remark.c.id,
    sqlite_where=remark.c.forwarded_at.is_(None),
    postgresql_where=remark.c.forwarded_at.is_(None),
)

revision = Table(
    "revision",
    METADATA,
    Column("publication", NUMBER, ForeignKey("publication.id"), primary_key=True, autoincrement=False),
    Column("policy", NAME, primary_key=True),
    *(Column(name, NAME, nullable=False) for name in ("version", "previous", "kind")),
    Column("reason", Words, nullable=False),
    Column("key_points", NAME, nullable=False),
    CheckConstraint("kind IN ('first', 'material', 'minor')", name="known"),
    sqlite_strict=True,
)
"""New versions of policies, why, and which key points they ask again; triggers refuse every change."""
choice = Table(
    "choice",
    METADATA,
    Column("employee", NAME, ForeignKey("employee.id"), primary_key=True),
    Column("tracking", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_strict=True,
)
"""What employees themselves allow to be measured; the directory may allow less, and never overwrites it."""

counted = Table(
    "counted",
    METADATA,
    Column("publication", NUMBER, ForeignKey("publication.id"), primary_key=True, autoincrement=False),
    Column("key_point", NAME, primary_key=True),
    Column("channel", NAME, primary_key=True),
    Column("week", NAME, primary_key=True),
    Column("kind", NAME, primary_key=True),
    Column("hits", NUMBER, nullable=False),
    _among("kind", Kind),
    sqlite_strict=True,
)
"""Hits that are counted without a person, by what was shown, the channel, and the ISO week of sending."""

access_log = Table(
    "access_log",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", NAME, nullable=False),
    Column("whom", Words, nullable=False),
    Column("people", NUMBER, nullable=False),
    Column("reason", Words, nullable=False),
    sqlite_strict=True,
)
"""Who read, exported or erased what was kept by name; triggers refuse every change and every deletion."""

hit = Table(
    "hit",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("delivery", NUMBER, ForeignKey("delivery.id"), nullable=False),
    Column("what", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("day", Day, nullable=False),
    Column("number", NUMBER, nullable=False),
    Column("links", NUMBER, nullable=False),
    Column("method", Words, nullable=False),
    Column("agent", Words),
    Column("prefetch", Words, nullable=False),
    Column("network", NAME, nullable=False),
    Column("detail", Words, nullable=False),
    _among("what", What),
    Index("ix_hit_delivery", "delivery"),
    sqlite_strict=True,
)
"""Every request for something of a message, by whomever; rows are only added, addresses are cut short."""

judgement = Table(
    "judgement",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("hit", NUMBER, ForeignKey("hit.id"), nullable=False),
    Column("delivery", NUMBER, nullable=False),
    Column("rules", NUMBER, nullable=False),
    Column("verdict", NAME, nullable=False),
    Column("reasons", NAME, nullable=False),
    _among("verdict", Verdict),
    Index("ix_judgement_delivery", "delivery"),
    sqlite_strict=True,
)
"""Who caused a hit, by which rules, and why; the last row of a hit counts, rows are only added."""

returned = Table(
    "returned",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("digest", NAME, nullable=False, unique=True),
    Column("delivery", NUMBER, ForeignKey("delivery.id")),
    *(Column(name, NAME, nullable=False) for name in ("kind", "status", "matched")),
    *(Column(name, Words, nullable=False) for name in ("reason", "address", "review", "subject")),
    Column("at", Instant, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("ix_returned_delivery", "delivery"),
    sqlite_strict=True,
)
"""Mails that came back, each once (``digest`` is their SHA-256); rows are only added, and a trigger
refuses every change: they go as a whole, when retention or an erasure asks for it.

``raw`` is the mail, cut off where it is too long; ``size`` is how long it was. ``review`` says why a person
should look at it.
"""

unreachable = Table(
    "unreachable",
    METADATA,
    Column("employee", NAME, ForeignKey("employee.id"), primary_key=True),
    Column("email", NAME, nullable=False),
    Column("since", Instant, nullable=False),
    sqlite_strict=True,
)
"""Addresses that do not exist, by repeated bounces: none is written to until the directory changes it."""

unjudged = Table(
    "unjudged",
    METADATA,
    Column("delivery", NUMBER, primary_key=True, autoincrement=False),
    sqlite_strict=True,
)
"""Deliveries with hits that were only kept so far: many came at once, and they are judged afterwards."""

evidence_stamp = Table(
    "evidence_stamp",
    METADATA,
    Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    Column("sha256", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("url", NAME, nullable=False),
    Column("response", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Timestamps (RFC 3161) of records of evidence; triggers refuse every change."""

post = Table(
    "post",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("key", NAME, nullable=False, unique=True),
    *(Column(name, NAME, nullable=False) for name in ("campaign", "key_point", "audience", "language")),
    Column("channel", NAME, nullable=False),
    Column("publication", NUMBER, ForeignKey("publication.id"), nullable=False),
    Column("variant", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("reason", Words, nullable=False),
    Column("wanted_on", Day, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("attempt", NUMBER, nullable=False),
    Column("lease_token", NAME, nullable=False),
    Column("lease_until", Instant),
    Column("sent_at", Instant),
    *(Column(name, NAME, nullable=False) for name in ("remote", "url", "digest")),
    Column("updated_at", Instant),
    Column("withdrawn_at", Instant),
    _among("state", State),
    CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent"),
    sqlite_strict=True,
)
"""Intranet posts: a key point, for an audience, in a language, on a channel; ``key`` names it there.

``publication`` and ``variant`` name the text that it shows, ``digest`` is the hash of what the platform was
given, ``remote`` and ``url`` are the platform's. The ``lease`` is that of whoever talks to the platform.
"""

post_attempt = Table(
    "post_attempt",
    METADATA,
    Column("id", NUMBER, Identity(), primary_key=True),
    Column("post", NUMBER, ForeignKey("post.id"), nullable=False),
    Column("what", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("publication", NUMBER, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reply", Words, nullable=False),
    Index("ix_post_attempt_post", "post"),
    sqlite_strict=True,
)
"""What was asked of a platform (``post``, ``update``, ``withdraw``), and how it ended; only added to."""

entry = Table(
    "entry",
    METADATA,
    Column("digest", NAME, primary_key=True),
    Column("kind", NAME, nullable=False),
    Column("employee", NAME, ForeignKey("employee.id"), nullable=False),
    *(Column(name, NAME, nullable=False) for name in ("identified_by", "post")),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    CheckConstraint("kind IN ('link', 'session')", name="known"),
    Index("ix_entry_employee", "employee"),
    sqlite_strict=True,
)
"""Who is signed in, and the links by which somebody can: each known by the SHA-256 of a token that is kept
nowhere. They go when their time is over. ``post`` is the token of the post that a link leads back to.
"""
