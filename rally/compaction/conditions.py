"""What a look at a partition says of what there is to do."""

from collections.abc import Collection, Sequence

from rally.compaction.indexed_file import canonical_schema
from rally.compaction.look import Look
from rally.compaction.outcomes import Outcome, Trouble
from rally.storage.partitions import Identity


def has_work(own: Look) -> bool:
    """Whether there is anything but compacted files of one number of buckets."""
    found = own.indexed.values()
    bits = {each.file.bucket and each.file.bucket.bits for each in found}
    return None in bits or len(bits) > 1 or any(not each.rows for each in found)


def left_alone(own: Look, bits: int) -> Outcome | None:
    """Why nothing may be done to a partition; None where it may."""
    if bad := serious([own]):
        return bad[0].outcome
    for each in own.indexed.values():
        # What took in a part of a file that turned out not to be sorted behind that
        # part: buckets of another size cannot speak for just this part of it.
        bucket, partly = each.file.bucket, each.inputs & own.unmerged
        if bucket and bucket.bits != bits and partly:
            return Outcome.NOT_INDEXED
    schemas = {canonical_schema(each.schema) for each in own.indexed.values()}
    return Outcome.SCHEMAS_DIFFER if len(schemas) > 1 else None


def serious(looks: Sequence[Look]) -> list[Trouble]:
    """What could not be read though it should be."""
    return [
        trouble
        for each in looks
        for trouble in each.troubles
        if trouble.outcome is not Outcome.NOT_INDEXED
    ]


def news(look: Look, seen: Collection[Identity]) -> list[str]:
    """The files that may have rows that were not seen."""
    return [
        name
        for name, each in look.indexed.items()
        if each.file.identity not in seen
        and not (each.inputs and each.inputs <= set(seen))
    ]
