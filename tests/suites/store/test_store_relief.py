"""Absences and duties: on each database."""

from datetime import timedelta

import pytest

from diffuse.adapters.sql.engine import connect
from diffuse.adapters.sql.migrate import upgrade
from diffuse.domain.delivery import State
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.people import Absence
from diffuse.domain.succession import Duty
from diffuse.ports import Passed
from tests.suites.store.given import NOW, TODAY, Store, together, touchpoint

DAY = timedelta(days=1)
DAYS = {"ana": TODAY, "bob": TODAY}
DUTY = Duty(role="crisis-cell", duty="Répondre à la presse", holder="ana", substitute="bob")


def away(name: str, starts: int, ends: int) -> Absence:
    return Absence(employee=name, starts=TODAY + starts * DAY, ends=TODAY + ends * DAY)


def test_a_new_list_of_absences_counts_what_came_and_what_went(store: Store) -> None:
    store.with_people("ana", "bob")
    assert store.relief.renew([away("ana", 1, 5), away("bob", 2, 3)], DAYS) == (2, 0)
    assert store.relief.renew([away("bob", 2, 3), away("bob", 9, 9)], DAYS) == (1, 1)
    assert store.relief.absences() == (away("bob", 2, 3), away("bob", 9, 9))
    assert store.relief.absences(["ana"]) == ()


def test_an_absence_that_is_not_in_the_list_any_more_ended_yesterday(store: Store) -> None:
    store.with_people("ana")
    store.relief.renew([away("ana", 0, 9)], DAYS)
    store.relief.renew([], dict.fromkeys(DAYS, TODAY + 3 * DAY))
    assert store.relief.absences() == (away("ana", 0, 2),)


def test_one_employees_list_leaves_the_others_alone(store: Store) -> None:
    store.with_people("ana", "bob")
    store.relief.renew([away("ana", 1, 5), away("bob", 2, 3)], DAYS)
    assert store.relief.renew([away("ana", 7, 8)], DAYS, "ana") == (1, 1)
    assert store.relief.absences() == (away("ana", 7, 8), away("bob", 2, 3))


def test_an_absence_has_its_employee_planned_anew_and_shows_in_the_population(store: Store) -> None:
    store.with_people("ana", "bob")
    store.record()
    assert store.plans.claim(NOW, "planner") is None
    store.relief.renew([away("ana", 0, 5)], DAYS)
    held = store.plans.claim(NOW, "planner")
    assert held is not None
    found = store.plans.population(held, {})
    today = found.local_days(NOW)
    assert found.absent(today).tolist() == [name == "ana" for name in found.ids]


def test_the_same_list_again_changes_nothing(store: Store) -> None:
    store.with_people("ana", "bob")
    store.relief.renew([away("ana", 0, 5)], DAYS)
    store.relief.assign([DUTY])
    store.record()
    assert store.relief.renew([away("ana", 0, 5)], DAYS) == (0, 0)
    store.relief.assign([DUTY])
    assert store.plans.claim(NOW, "planner") is None


def test_a_list_of_duties_replaces_the_one_before(store: Store) -> None:
    store.with_people("ana", "bob")
    other = Duty(role="author", duty="Réviser", holder="bob")
    store.relief.assign([DUTY])
    store.relief.assign([other, DUTY])
    assert store.relief.duties() == (other, DUTY)
    store.relief.assign([other])
    assert store.relief.duties() == (other,)


def test_a_duty_of_nobody_is_refused_and_the_others_stay(store: Store) -> None:
    store.with_people("ana", "bob")
    store.relief.assign([DUTY])
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"):
        store.relief.assign([Duty(role="author", duty="Réviser", holder="zoe")])
    assert store.relief.duties() == (DUTY,)


def test_what_substitutes_acknowledged_and_what_came_of_a_handover_is_told(store: Store) -> None:
    store.with_people("ana", "bob")
    store.plan(
        touchpoint(employee="bob", occasion="handover:1", about="ana", duty="Répondre"),
        touchpoint(employee="bob", key_point="pause", touch=3),
    )
    assert store.relief.passed(["ana", "bob"]) == {"handover:1": Passed(sent_at=None, acknowledged_at=None)}
    claimed = {one.key_point: one for one in store.ledger.claim(NOW, token="w1", limit=9)}
    assert (claimed["disclose"].about, claimed["disclose"].duty) == ("Ana Tremblay", "Répondre")
    store.fence(claimed["disclose"], NOW)
    store.finish(claimed["disclose"], State.SENT)
    store.hits.acknowledge(
        Acknowledgement(
            delivery=claimed["disclose"].id, policy="conduct", version="1", language="fr", statement="Lu",
            at=NOW,
        ),
        TODAY,
    )  # fmt: skip
    assert store.relief.passed(["bob"]) == {"handover:1": Passed(sent_at=NOW, acknowledged_at=NOW)}
    assert store.relief.acknowledged(["ana", "bob"]) == {
        "ana": set(),
        "bob": {("social-media", "disclose")},
    }


def test_writers_at_once_of_the_same_lists_leave_one_of_each(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    store = Store(engine)
    store.with_people("ana", "bob")

    def write(_place: int) -> None:
        store.relief.renew([away("ana", 0, 0)], DAYS, "ana")
        store.relief.assign([DUTY])

    together(6, write)
    assert (store.relief.absences(), store.relief.duties()) == ((away("ana", 0, 0),), (DUTY,))
    engine.dispose()
