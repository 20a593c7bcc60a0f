"""The directory port on each database."""

from datetime import date, timedelta

import pytest

from diffuse.errors import AuthoringError
from diffuse.ports import Import
from tests.suites.store.given import TODAY, Store, person, together, touchpoint

EVE = person(
    "eve",
    name="Ève O'Brien 🌱",
    language="en",
    time_zone="Asia/Tokyo",
    department="Bibliothèques",
    roles=("manager", "author"),
    manager="ana",
    starts=date(2026, 9, 1),
    ends=date(2027, 1, 31),
)


def test_employees_come_back_as_they_were_saved_and_by_id(store: Store) -> None:
    assert store.directory.save([EVE, person("ana")]) == Import(added=("eve", "ana"))
    assert list(store.directory.employees()) == [person("ana"), EVE]


def test_ids_are_sorted_by_code_point_on_every_database(store: Store) -> None:
    ids = ["b", "É", "a-b", "ab", "B", "a", "é", "10", "9"]
    store.directory.save([person("x", id=name) for name in ids])
    assert [one.id for one in store.directory.employees()] == sorted(ids)


def test_saving_again_says_who_was_added_updated_unchanged_and_missing(store: Store) -> None:
    store.directory.save([person("ana"), person("bob"), person("cyd"), EVE])
    moved = person("bob", department="Archives", roles=("author",))
    again = store.directory.save([person("dan"), moved, person("ana")])
    assert again == Import(added=("dan",), updated=("bob",), unchanged=("ana",), missing=("cyd",))
    assert list(store.directory.employees()) == [person("ana"), moved, person("cyd"), person("dan"), EVE]


def test_roles_are_replaced_and_keep_their_order(store: Store) -> None:
    store.directory.save([person("ana", roles=("manager", "author"))])
    assert store.directory.save([person("ana", roles=("author", "manager"))]).updated == ("ana",)
    assert store.directory.employees()[0].roles == ("author", "manager")
    store.directory.save([person("ana")])
    assert store.directory.employees()[0].roles == ()


def test_the_missing_get_a_last_day_when_it_is_asked_for_unless_an_earlier_one_is_known(store: Store) -> None:
    gone, going = TODAY - timedelta(days=9), TODAY + timedelta(days=9)
    store.directory.save([person("ana"), person("bob", ends=gone), person("cyd", ends=going), person("dan")])
    again = store.directory.save([person("dan")], end_missing=TODAY)
    assert again == Import(unchanged=("dan",), missing=("ana", "cyd"))
    assert [one.ends for one in store.directory.employees()] == [TODAY, gone, TODAY, None]


def test_a_missing_joiner_never_starts(store: Store) -> None:
    store.directory.save([person("ana", starts=TODAY + timedelta(days=20))])
    store.directory.save([], end_missing=TODAY)
    assert not store.directory.employees()[0].works_on(TODAY + timedelta(days=1))


def test_an_id_that_stands_twice_saves_nobody(store: Store) -> None:
    with pytest.raises(AuthoringError, match="'ana' stands 2 times"):
        store.directory.save([person("bob"), person("ana"), person("ana")])
    assert not store.directory.employees()


def test_a_failure_in_the_middle_saves_nobody(store: Store) -> None:
    nameless = person("bob")
    object.__setattr__(nameless, "name", None)
    with pytest.raises(Exception, match=r"(?i)null"):
        store.directory.save([person("ana"), nameless])
    assert not store.directory.employees()


def test_two_imports_at_once_add_everybody_once(store: Store) -> None:
    everybody = [person(f"p{number}") for number in range(50)]
    imports = together(4, lambda _: store.directory.save(everybody))
    assert sorted(len(one.added) for one in imports) == [0, 0, 0, 50]
    assert len(store.directory.employees()) == 50


def test_an_import_does_not_touch_the_deliveries(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint())
    store.directory.save([], end_missing=TODAY)
    assert store.ledger.counts() == {"social-media": {"planned": 1}}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("eve", ["eve"]),
        ("EVE", []),
        ("Eve@Universite.Example", ["eve"]),
        ("bob@universite.EXAMPLE", ["bob", "cyd"]),
        ("bo_@universite.example", []),
        ("%", []),
        ("", []),
        ("\u212aim@universite.example", []),
        ("kim@universite.example ", []),
    ],
)
def test_somebody_is_called_by_an_id_or_by_an_address_in_any_case(
    store: Store, value: str, found: list[str]
) -> None:
    addresses = {"eve": "eVe@", "bob": "bob@", "cyd": "BOB@", "kim": "kim@"}
    store.directory.save(
        [person(name, email=f"{address}universite.example") for name, address in addresses.items()]
    )
    assert [one.id for one in store.directory.called(value)] == found


def test_an_id_that_is_the_address_of_another_calls_both(store: Store) -> None:
    store.directory.save([person("ana"), person("x", id="ana@universite.example", email="x@x.example")])
    assert len(store.directory.called("ana@universite.example")) == 2
    assert store.directory.called("ana") == (person("ana"),)
