"""Hits, verdicts and what is folded from them, on each database."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.verdicts import MOST_MUTATED, SqlVerdicts
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.verdicts import Hit, Verdict, What
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, together, touchpoint

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
COUNTS = ("raw_opens", "human_opens", "unsure_opens", "raw_clicks", "human_clicks", "unsure_clicks")


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint())


def hit(what: What = What.OPEN, after: timedelta = HOUR, **changes: Any) -> Hit:  # noqa: ANN401 -- any field
    given = {"delivery": 1, "day": TODAY, "agent": FIREFOX, "network": "203.0.113.0/24", "links": 4}
    return Hit(**{**given, "what": what, "at": NOW + after, **changes})


def click(number: int = 0, after: timedelta = HOUR, **changes: Any) -> Hit:  # noqa: ANN401 -- any field
    return hit(What.CLICK, after, number=number, detail=f"https://universite.example/{number}", **changes)


def counts(store: Store, number: int = 1) -> tuple[int, ...]:
    return tuple(store.row(number)[name] for name in COUNTS)


def rows(store: Store, name: str) -> list[dict[str, Any]]:
    table = tables.METADATA.tables[name]
    with reading(store.engine) as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(table.c[0])).mappings()]


def live(store: Store) -> list[str]:
    return [row["kind"] for row in rows(store, "event") if row["withdrawn"] is None]


def confirmed(after: timedelta) -> Acknowledgement:
    return Acknowledgement(
        delivery=1, policy="p", version="1", language="fr", statement="J’ai compris.", at=NOW + after
    )


def test_an_open_by_a_person_counts_and_is_kept_with_its_verdict(store: Store) -> None:
    store.sent()
    assert store.hits.record_many([hit()]) == [Verdict.HUMAN]
    row = store.row(1)
    assert (row["opened_at"], row["clicked_at"], row["reached_on"]) == (NOW + HOUR, None, TODAY)
    assert counts(store) == (1, 1, 0, 0, 0, 0)
    assert live(store) == ["opened"]
    (kept,) = rows(store, "hit")
    assert (kept["agent"], kept["network"], kept["method"]) == (FIREFOX, "203.0.113.0/24", "GET")
    (judged,) = rows(store, "judgement")
    assert (judged["hit"], judged["verdict"], judged["rules"]) == (kept["id"], "human", 1)


def test_a_click_by_a_person_is_an_open_too(store: Store) -> None:
    store.sent()
    store.hits.record_many([click()])
    row = store.row(1)
    assert (row["opened_at"], row["clicked_at"]) == (NOW + HOUR, NOW + HOUR)
    assert counts(store) == (0, 0, 0, 1, 1, 0)
    assert store.events() == [("clicked", "https://universite.example/0")]


def test_what_a_program_asks_for_is_kept_and_counts_raw_alone(store: Store) -> None:
    store.sent()
    assert store.hits.record_many([hit(agent=""), click(agent=""), hit(method="HEAD")]) == ["machine"] * 3
    row = store.row(1)
    assert (row["opened_at"], row["clicked_at"], row["reached_on"]) == (None, None, None)
    assert counts(store) == (1, 0, 0, 1, 0, 0)
    assert (live(store), len(rows(store, "hit"))) == ([], 3)


def test_a_burst_takes_back_what_was_counted_before_it_showed(store: Store) -> None:
    store.sent()
    verdicts = [store.hits.record_many([click(place, HOUR + place * SECOND / 2)]) for place in range(3)]
    assert verdicts == [[Verdict.HUMAN], [Verdict.HUMAN], [Verdict.MACHINE]]
    row = store.row(1)
    assert (row["opened_at"], row["clicked_at"], row["reached_on"]) == (None, None, None)
    assert counts(store) == (0, 0, 0, 3, 0, 0)
    assert [row["withdrawn"] for row in rows(store, "event")] == [1, 1]
    assert [row["verdict"] for row in rows(store, "judgement")] == ["human", "human", *["machine"] * 3]


def test_a_person_before_a_burst_keeps_the_first_time(store: Store) -> None:
    store.sent()
    store.hits.record_many([hit(after=HOUR), click(0, HOUR + MINUTE)])
    for place in range(3):
        store.hits.record_many([click(place, 2 * HOUR, agent="x")])
    row = store.row(1)
    assert (row["opened_at"], row["clicked_at"], row["reached_on"]) == (
        NOW + HOUR,
        NOW + HOUR + MINUTE,
        TODAY,
    )
    assert counts(store) == (1, 1, 0, 4, 1, 0)
    assert live(store) == ["opened", "clicked"]


def test_hits_in_one_group_are_judged_as_one_after_the_other(store: Store) -> None:
    store.sent()
    group = [click(place, HOUR + place * SECOND / 2) for place in range(3)]
    assert store.hits.record_many(group) == ["machine"] * 3
    assert counts(store) == (0, 0, 0, 3, 0, 0)
    assert store.events() == []


def test_a_group_of_several_messages_answers_in_the_order_of_its_hits(store: Store) -> None:
    store.plan(touchpoint(key_point="other", touch=1))
    for number in (1, 2):
        store.sent(NOW + number * SECOND)
    group = [hit(delivery=2), hit(delivery=1, agent=""), hit(delivery=9), hit(delivery=2, agent="curl/8")]
    assert store.hits.record_many(group) == ["human", "machine", None, "human"]
    assert counts(store, 2)[:2] == (2, 2)


def test_eight_hits_at_once_are_all_counted(store: Store) -> None:
    store.sent()
    together(8, lambda place: store.hits.record_many([hit(after=HOUR + place * MINUTE)]))
    assert counts(store) == (8, 8, 0, 0, 0, 0)
    assert len(live(store)) == 8


def test_a_program_proves_that_an_unknown_message_arrived_and_that_nobody_read_it(store: Store) -> None:
    store.finish(store.sending(NOW), State.UNKNOWN)
    store.hits.record_many([hit(agent="")])
    row = store.row(1)
    assert (row["state"], row["reason"], row["sent_at"]) == ("sent", "its link was used", NOW)
    assert (row["reached_on"], row["opened_at"]) == (None, None)


def test_a_program_in_front_of_the_answer_proves_it_once_the_answer_is_lost(store: Store) -> None:
    claimed = store.sending()
    store.hits.record_many([hit(after=SECOND)])
    assert store.row(1)["state"] == "sending"
    store.finish(claimed, State.UNKNOWN)
    assert store.row(1)["state"] == "sent"


def test_a_link_that_somebody_made_up_proves_nothing(store: Store) -> None:
    store.finish(store.sending(), State.UNKNOWN)
    store.hits.record_many([hit(What.MUTATED)])
    assert (store.row(1)["state"], counts(store)) == ("unknown", (0, 0, 0, 0, 0, 0))


def test_links_that_are_made_up_do_not_fill_the_database(store: Store) -> None:
    store.sent()
    verdicts = [store.hits.record_many([hit(What.MUTATED)])[0] for _ in range(MOST_MUTATED + 2)]
    assert verdicts == [Verdict.MACHINE] * MOST_MUTATED + [None] * 2
    assert store.hits.record_many([hit(What.MUTATED), hit(after=2 * HOUR)]) == [None, Verdict.HUMAN]


def test_a_program_does_not_keep_the_next_copy_from_leaving_and_a_person_does(store: Store) -> None:
    store.sent()
    store.plan(touchpoint(touch=1))
    store.hits.record_many([hit(agent="")])
    assert store.row(2)["state"] == "planned"
    store.hits.record_many([click(0)])
    assert store.row(2)["state"] == "cancelled"


def test_a_copy_that_a_burst_cancelled_is_planned_again(store: Store) -> None:
    store.sent()
    store.plan(touchpoint(touch=1))
    store.hits.record_many([click(0)])
    assert store.row(2)["state"] == "cancelled"
    store.hits.record_many([click(1), click(2)])
    assert (store.row(2)["state"], store.row(2)["reason"]) == ("planned", "")


def test_what_is_known_of_a_person_survives_a_burst(store: Store) -> None:
    store.sent()
    store.hits.record(Event(delivery=1, kind=Kind.ANSWERED, at=NOW + HOUR, detail="1:right"), TODAY)
    store.hits.record_many([click(0), click(1)])
    store.hits.record_many([click(2)])
    row = store.row(1)
    assert (row["answered_at"], row["reached_on"], row["clicked_at"]) == (NOW + HOUR, TODAY, None)


def test_an_acknowledgement_beside_a_burst_is_doubted(store: Store) -> None:
    store.sent()
    store.hits.record_many([click(place) for place in range(3)])
    assert store.hits.acknowledge(confirmed(HOUR + 5 * SECOND), TODAY)
    assert [row["doubt"] for row in rows(store, "acknowledgement")] == ["burst"]


def test_a_burst_right_after_an_acknowledgement_casts_doubt_on_it(store: Store) -> None:
    store.sent()
    store.hits.acknowledge(confirmed(HOUR - 5 * SECOND), TODAY)
    assert [row["doubt"] for row in rows(store, "acknowledgement")] == [""]
    store.hits.record_many([click(place) for place in range(3)])
    assert [row["doubt"] for row in rows(store, "acknowledgement")] == ["burst"]


def test_a_burst_long_before_an_acknowledgement_says_nothing_about_it(store: Store) -> None:
    store.sent()
    store.hits.record_many([click(place) for place in range(3)])
    store.hits.acknowledge(confirmed(2 * HOUR), TODAY)
    assert [row["doubt"] for row in rows(store, "acknowledgement")] == [""]


def test_rules_that_know_more_judge_history_anew_and_tell_what_changed(store: Store) -> None:
    store.sent()
    store.hits.record_many([hit(agent="Scanner/1"), click(0, HOUR + MINUTE, agent="Scanner/1"), hit()])
    assert counts(store) == (2, 2, 0, 1, 1, 0)
    wiser = SqlHits(store.engine, verdicts=SqlVerdicts(names_itself=lambda agent: agent == "Scanner/1"))
    done = wiser.rejudge("", 0, 100)
    assert done is not None
    assert done.before == {("open", "human"): 2, ("click", "human"): 1}
    assert done.now == {("open", "human"): 1, ("open", "machine"): 1, ("click", "machine"): 1}
    assert counts(store) == (2, 1, 0, 1, 0, 0)
    assert (store.row(1)["opened_at"], store.row(1)["clicked_at"]) == (NOW + HOUR, None)
    again = SqlHits(store.engine).rejudge("", 0, 100)
    assert again is not None
    assert again.now == done.before
    assert counts(store) == (2, 2, 0, 1, 1, 0)
    assert store.row(1)["clicked_at"] == NOW + HOUR + MINUTE
    assert wiser.rejudge("", done.last, 100) is None


def test_history_is_judged_one_campaign_at_a_time_where_one_is_named(store: Store) -> None:
    store.sent()
    store.hits.record_many([hit()])
    assert store.hits.rejudge("another", 0, 100) is None
    assert store.hits.rejudge("social-media", 0, 100) is not None


def test_opens_that_were_counted_before_hits_were_kept_stay(store: Store) -> None:
    store.sent()
    store.hits.record(Event(delivery=1, kind=Kind.OPENED, at=NOW + MINUTE), TODAY)
    store.hits.record_many([click(0), click(1)])
    store.hits.record_many([click(2)])
    assert (store.row(1)["opened_at"], counts(store)) == (NOW + MINUTE, (1, 1, 0, 3, 0, 0))
    store.hits.rejudge("", 0, 100)
    assert counts(store) == (1, 1, 0, 3, 0, 0)


def test_what_is_only_kept_counts_nowhere_until_it_is_judged_and_then_as_if_at_once(store: Store) -> None:
    store.sent()
    store.hits.keep_many([hit(), click(0, 2 * HOUR), hit(agent="")])
    assert (counts(store), live(store), rows(store, "judgement")) == ((0,) * 6, [], [])
    assert store.hits.judge_kept(10) == 1
    assert counts(store) == (2, 1, 0, 1, 1, 0)
    assert live(store) == ["opened", "clicked"]
    assert store.row(1)["opened_at"] == NOW + HOUR
    assert (store.hits.judge_kept(10), rows(store, "unjudged")) == (0, [])


def test_what_is_kept_after_a_verdict_changes_it_in_time(store: Store) -> None:
    store.sent()
    store.hits.record_many([click(0), click(1)])
    store.hits.keep_many([click(2)])
    assert store.hits.judge_kept(10) == 1
    assert (counts(store)[3:], live(store)) == ((3, 0, 0), [])


def test_some_messages_are_judged_at_a_time(store: Store) -> None:
    store.with_people("ana", "bob", "eve")
    store.plan(touchpoint(employee="bob"), touchpoint(employee="eve"))
    for _ in range(3):
        store.sent()
    store.hits.keep_many([hit(), hit(delivery=2), hit(delivery=3), hit(delivery=2)])
    assert [store.hits.judge_kept(2) for _ in range(3)] == [2, 1, 0]
    assert [counts(store, number)[0] for number in (1, 2, 3)] == [1, 2, 1]


def test_links_that_anybody_can_make_up_fill_no_disk_however_many_come_at_once(store: Store) -> None:
    store.sent()
    store.hits.keep_many([hit(What.MUTATED)] * (MOST_MUTATED + 5))
    store.hits.keep_many([hit(What.MUTATED)])
    assert len(rows(store, "hit")) == MOST_MUTATED


def test_what_is_kept_while_others_judge_is_never_forgotten(store: Store) -> None:
    store.sent()

    def work(place: int) -> None:
        if place % 2:
            store.hits.judge_kept(10)
        else:
            store.hits.keep_many([hit(after=HOUR + place * MINUTE)])

    together(8, work)
    while store.hits.judge_kept(10):
        pass
    assert counts(store)[:2] == (4, 4)
