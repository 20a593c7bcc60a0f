"""What the tests of posts start from: an office whose employees read posts, and answer from them."""

from datetime import timedelta

from sqlalchemy import RowMapping, select

from diffuse.adapters.sql.choices import SqlChoices
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.tables import delivery
from diffuse.domain.evidence import Response
from diffuse.domain.identity import OIDC, Identified
from diffuse.services.meet import Meet, Met
from diffuse.services.record import Given
from tests.unit.services.given import Office


def meet(office: Office) -> Meet:
    return Meet(
        clock=office.clock,
        directory=office.directory,
        choices=SqlChoices(office.engine),
        house=office.house,
        publications=office.publications,
        postings=office.postings,
        hits=office.hits,
        record=office.record,
        owed=office.owed,
        signer=office.signer,
    )


def who(employee: str) -> Identified:
    return Identified(employee, OIDC)


def token_of(office: Office, number: int = 1) -> str:
    return office.signer.address("post", number).rpartition("/")[2]


def visit(office: Office, employee: str, number: int = 1) -> Met:
    return meet(office).page(token_of(office, number), who(employee))


def acknowledge(office: Office, employee: str, number: int = 1) -> None:
    """Let an employee read a post for ten seconds, and confirm it."""
    met = visit(office, employee, number)
    office.clock.advance(timedelta(seconds=10))
    given = Given(form=met.stamp, response=Response.ACKNOWLEDGE)
    meet(office).respond(token_of(office, number), who(employee), given)


def deliveries(office: Office, employee: str) -> list[RowMapping]:
    with reading(office.engine) as connection:
        rows = connection.execute(
            select(delivery).where(delivery.c.employee == employee).order_by(delivery.c.id)
        )
        return list(rows.mappings())
