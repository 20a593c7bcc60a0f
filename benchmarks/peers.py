"""How else messages are sent from Python: the naive design, the conventional one, and django-post_office.

``python benchmarks/peers.py naive|conventional --database URL --port PORT --messages N`` sends that many of
the due messages of a filled database and prints one line of JSON; ``export`` writes them down for
django-post_office, which runs in a virtual environment of its own. All render the same texts and links.
"""

import argparse
import json
import smtplib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

from delivery_database import CAMPAIGN
from delivery_receivers import HOST
from delivery_worker import peak
from jinja2 import Environment, Template
from premailer.premailer import Premailer
from sqlalchemy import Engine, Row, bindparam, insert, select, update
from sqlalchemy.orm import Session, registry

from diffuse import bootstrap
from diffuse.adapters import templates
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.engine import connect, reading, writing
from diffuse.adapters.sql.tables import METADATA, attempt, delivery, employee
from diffuse.domain.message import (
    ACKNOWLEDGE_URL,
    GIVEN_NAME,
    NAME,
    PIXEL_URL,
    Baked,
    Pieces,
    Slot,
    Wording,
    link_slot,
)
from diffuse.domain.people import given_name
from diffuse.ports import Signer

SENDER = "Communications <communications@universite.example>"
REPLY = "250 Ok"
BATCH = 500


class Delivery:
    """A row of the table, as an object."""


class Attempt:
    """A row of the table, as an object."""


class Employee:
    """A row of the table, as an object."""


def variable(slot: str) -> str:
    """Name a slot as templates can."""
    return slot.replace(".", "_")


def template(pieces: Pieces) -> str:
    """Write pieces as a template of Jinja or Django."""
    return "".join(f"{{{{ {variable(one.name)} }}}}" if isinstance(one, Slot) else one for one in pieces)


class Wordings:
    """The campaign's texts as templates, with their styles in place or still in a sheet."""

    def __init__(self, path: Path, *, inlined: bool) -> None:
        """Lay out every wording once."""
        offices = bootstrap.authoring()
        campaign = offices.campaigns.read(path).campaign
        if campaign is None:
            raise RuntimeError(f"{path} has problems")
        self.campaign, self.baked = campaign, dict[Wording, Baked]()
        with patch.object(templates, "inline", templates.inline if inlined else str):
            for policy, point in campaign.key_points:
                for one in point.variants:
                    for language in campaign.languages:
                        baked = offices.renderer.bake(campaign, policy, point, one.register, language)
                        self.baked[Wording(point.id, one.register, language)] = baked
        plain, escaped = Environment(autoescape=False), Environment(autoescape=True)  # noqa: S701 -- plain text
        self._ready: dict[Wording, tuple[Template, Template, Template]] = {
            key: (
                plain.from_string(template(one.subject)),
                plain.from_string(template(one.text)),
                escaped.from_string(template(one.html)),
            )
            for key, one in self.baked.items()
        }

    def values(self, row: Any, signer: Signer) -> dict[str, str]:  # noqa: ANN401 -- a row or an object
        """Return what fills a message."""
        found = {
            NAME: row.name,
            GIVEN_NAME: given_name(row.name),
            ACKNOWLEDGE_URL: signer.address("acknowledge", row.id),
            PIXEL_URL: signer.address("open", row.id),
        }
        for number in range(len(self.baked[_wording(row)].links)):
            found[link_slot(number)] = signer.address("click", row.id, number)
        return {variable(name): value for name, value in found.items()}

    def message(
        self,
        row: Any,  # noqa: ANN401 -- as above
        values: Mapping[str, str],
        inline: Callable[[str], str] = str,
    ) -> EmailMessage:
        """Render a message."""
        subject, text, html = (one.render(values) for one in self._ready[_wording(row)])
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = SENDER, f'"{row.name}" <{row.email}>'
        message["Reply-To"] = self.campaign.owner
        message["Subject"], message["Message-ID"], message["Date"] = subject, row.message_id, row.due_at
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(inline(html), subtype="html")
        return message


def _wording(row: Any) -> Wording:  # noqa: ANN401 -- as above
    return Wording(row.key_point, row.variant, row.language)


def _premailed(html: str) -> str:
    return str(Premailer(html, allow_network=False, disable_validation=True).transform(pretty_print=False))


def naive(options: argparse.Namespace, signer: Signer) -> Iterator[int]:
    """Send as tutorials do: premailer, a connection and an ORM commit for each message; yield when ready."""
    maps = registry(metadata=METADATA)
    for one, table in ((Delivery, delivery), (Attempt, attempt), (Employee, employee)):
        maps.map_imperatively(one, table)
    wordings, engine = Wordings(options.campaign, inlined=False), connect(options.database)
    yield 0
    with Session(engine) as session:
        due = select(delivery.c.id).where(delivery.c.state == "planned").order_by(delivery.c.id)
        for number in session.scalars(due.limit(options.messages)).all():
            row: Any = session.get_one(Delivery, number)
            whom: Any = session.get_one(Employee, row.employee)
            row.name, row.email = whom.name, whom.email
            message = wordings.message(row, wordings.values(row, signer), _premailed)
            with smtplib.SMTP(HOST, options.port) as server:
                server.send_message(message)
            row.state, row.sent_at, row.reply = "sent", datetime.now(UTC), REPLY
            row.attempt += 1
            log = Attempt()
            for name, value in _logged(number, row.sent_at).items():
                setattr(log, name, value)
            session.add(log)
            session.commit()
            yield 1


def conventional(options: argparse.Namespace, signer: Signer) -> Iterator[int]:
    """Send as a careful project does: inlined once, one kept connection, and a commit for each batch."""
    wordings, engine = Wordings(options.campaign, inlined=True), connect(options.database)
    yield 0
    with smtplib.SMTP(HOST, options.port) as server:
        for first in range(0, options.messages, BATCH):
            ended = []
            rows = _claimed(engine, min(BATCH, options.messages - first))
            for row in rows:
                server.send_message(wordings.message(row, wordings.values(row, signer)))
                ended.append({"number": row.id, "at": datetime.now(UTC)})
            with writing(engine) as connection:
                connection.execute(_MARK, ended)
                connection.execute(insert(attempt), [_logged(one["number"], one["at"]) for one in ended])
            yield len(ended)


_COLUMNS = ("id", "key_point", "variant", "language", "message_id", "due_at")
_DUE = (
    select(*(delivery.c[name] for name in _COLUMNS), employee.c.name, employee.c.email)
    .join(employee, employee.c.id == delivery.c.employee)
    .where(delivery.c.state == "planned")
    .order_by(delivery.c.id)
)
_CLAIM = (
    update(delivery)
    .where(delivery.c.id == bindparam("number"))
    .values(state="claimed", lease_token="bench", lease_until=bindparam("until"), attempt=1)  # noqa: S106 -- no password
)
_MARK = (
    update(delivery)
    .where(delivery.c.id == bindparam("number"))
    .values(state="sent", lease_until=None, sent_at=bindparam("at"), reply=REPLY)
)


def _claimed(engine: Engine, limit: int) -> Sequence[Row[Any]]:
    with writing(engine) as connection:
        rows = connection.execute(_DUE.limit(limit)).all()
        until = datetime.now(UTC) + timedelta(minutes=10)
        connection.execute(_CLAIM, [{"number": row.id, "until": until} for row in rows])
    return rows


def _logged(number: int, at: datetime) -> dict[str, Any]:
    return {"delivery": number, "attempt": 1, "state": "sent", "at": at, "reply": REPLY, "worker": "bench"}


def export(options: argparse.Namespace, signer: Signer) -> Iterator[int]:
    """Write templates, and for each message its template, recipient and values."""
    wordings, engine = Wordings(options.campaign, inlined=True), connect(options.database)
    keys = list(wordings.baked)
    laid_out = [
        {"subject": template(one.subject), "text": template(one.text), "html": template(one.html)}
        for one in wordings.baked.values()
    ]
    with reading(engine) as connection:
        rows = connection.execute(_DUE.limit(options.messages)).all()
    messages = [
        {"template": keys.index(_wording(row)), "to": row.email, "values": wordings.values(row, signer)}
        for row in rows
    ]
    Path(options.file).write_text(json.dumps({"templates": laid_out, "messages": messages}), encoding="utf-8")
    yield len(rows)


DESIGNS = {"naive": naive, "conventional": conventional, "export": export}


def main() -> None:
    """Run a design, from the moment at which it is ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("design", choices=DESIGNS)
    parser.add_argument("--database", required=True)
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--campaign", type=Path, default=CAMPAIGN)
    parser.add_argument("--file", default="")
    options = parser.parse_args()
    signer = KeyedSigner(
        secret="benchmark" * 4,
        base_url="https://diffuse.universite.example",
        mail_domain="universite.example",
    )
    steps = DESIGNS[options.design](options, signer)
    messages = next(steps)
    began, used = perf_counter(), process_time()
    messages += sum(steps)
    found = {"seconds": perf_counter() - began, "cpu": process_time() - used, "messages": messages}
    print(json.dumps(found | {"peak": peak()}))


if __name__ == "__main__":
    main()
