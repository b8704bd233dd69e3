"""Tallies add up, travel as JSON, and stay small however many places they name."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rally.audit.findings import Check, Observation, Unit
from rally.audit.tally import ELSEWHERE, MOST_PLACES, OTHERS, Tally, merged

lines = st.tuples(
    st.sampled_from(list(Check)), st.sampled_from("abc"), st.integers(0, 5)
)


@given(st.lists(lines), st.lists(lines))
def test_tallies_add_up_and_travel_as_json(one, other):
    parts = []
    for found in (one, other):
        tally = Tally()
        for check, where, number in found:
            tally.add_broken(check, where, "w", number, Unit.ROWS)
        tally.documents["s", "d", "2026-01-01"] += len(found)
        parts.append(Tally.from_json(tally.to_json()))
    whole = merged(parts)
    assert sum(whole.lines.values()) == sum(each[2] for each in one + other)
    assert whole.days == {("s", "2026-01-01"): len(one + other)}
    assert [each.check for each in whole.results(str)] == list(Check)


def test_places_beyond_many_are_counted_together():
    parts = []
    for part in range(3):
        tally = Tally()
        for number in range(MOST_PLACES):
            tally.add_broken(Check.FILES, f"{part}-{number:04}", "w", 1, Unit.OBJECTS)
        parts.append(tally)
    findings = {each.check: each.findings for each in merged(parts).results(str)}
    assert len(findings[Check.FILES]) == MOST_PLACES + 1
    assert findings[Check.FILES][-1] == Observation(
        ELSEWHERE, "w", 2 * MOST_PLACES, Unit.OBJECTS
    )


def test_kinds_beyond_many_are_counted_together():
    tally = Tally()
    for number in range(3 * MOST_PLACES):
        tally.add_broken(Check.FILES, f"{number:04}", f"{number:04}", 1, Unit.OBJECTS)
    assert len(tally.lines) == 2 * MOST_PLACES + 1
    (findings,) = (
        each.findings for each in tally.results(str) if each.check is Check.FILES
    )
    assert Observation(ELSEWHERE, OTHERS, MOST_PLACES, Unit.OBJECTS) in findings


def test_names_are_shown_in_one_way_and_counted_together():
    tally = Tally()
    for name in ("a", "b", "\udcff"):
        tally.add_broken(Check.FILES, name, "w", 1, Unit.OBJECTS)
    travelled = Tally.from_json(json.loads(json.dumps(tally.to_json())))
    assert {line.where for line in travelled.lines} == {"a", "b", "\\udcff"}
    results = travelled.results(lambda text: text.replace("b", "a"))
    (findings,) = (each.findings for each in results if each.check is Check.FILES)
    assert [each[:3] for each in findings] == [("\\udcff", "w", 1), ("a", "w", 2)]
