"""A plan is a file, known by its content; results are JSON and come back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rally.deletion.plan import (
    DeletionPlan,
    FileOutcome,
    FileResult,
    PlannedFile,
    make_plan,
    plan_from_json,
    plan_to_json,
    result_from_json,
    result_to_json,
)

numbers = st.integers(0, 2**63 - 1)
texts = st.text(max_size=20)
planned = st.builds(
    PlannedFile,
    study=texts,
    name=texts,
    size=numbers,
    generation=numbers,
    rows=numbers,
    removes=numbers,
    blocks=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
)
results = st.builds(
    FileResult,
    study=texts,
    name=texts,
    outcome=st.sampled_from(FileOutcome),
    detail=texts,
    planned=st.none() | planned,
    generation_before=numbers,
    generation_after=numbers,
    rows_before=numbers,
    rows_removed=numbers,
    checksum_before=texts,
    checksum_after=texts,
    requests=st.dictionaries(texts, numbers, max_size=3),
)


@given(numbers, st.lists(planned, max_size=4).map(tuple))
def test_plan_comes_back_and_is_the_same(counter, files):
    plan = DeletionPlan(counter, files)
    again = plan_from_json(plan_to_json(plan))
    assert again == plan
    assert again.id == plan.id
    assert plan.removes == sum(file.removes for file in files)


@given(results)
def test_result_comes_back(result):
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result


@given(st.lists(results, max_size=4), st.randoms(use_true_random=False))
def test_plan_follows_from_what_was_found_in_any_order(found, shuffle):
    mixed = list(found)
    shuffle.shuffle(mixed)
    ids = {(file.study, file.name) for file in make_plan(1, found).files}
    if len(ids) == len(make_plan(1, found).files):
        assert make_plan(1, mixed) == make_plan(1, found)


@given(planned, numbers, st.sampled_from(["generation", "removes", "rows", "size"]))
def test_any_other_content_is_another_plan(file, counter, name):
    other = PlannedFile(**{
        **{field: getattr(file, field) for field in PlannedFile.__slots__},
        name: getattr(file, name) + 1,
    })  # fmt: skip
    plans = (
        DeletionPlan(counter, (file,)),
        DeletionPlan(counter, (other,)),
        DeletionPlan(counter + 1, (file,)),
    )
    assert len({plan.id for plan in plans}) == 3
