"""Makes a Receipt of JSON, each value of exactly the type that it must have."""

from collections.abc import Mapping

from rally.fields import (
    Fields,
    Place,
    Reader,
    T,
    choice,
    hexadecimal,
    iso_day,
    many,
    text,
    whole,
)
from rally.receipts.receipt import (
    FileChange,
    Outcome,
    Reason,
    Receipt,
    Result,
    Section,
    Stage,
    Verification,
)
from rally.times import RANGE, InvalidTime, check_micros


def parse_receipt(place: Place, value: object) -> Receipt:
    """Reads a receipt. Raises ConfigurationError where it is none."""
    fields = Fields(place, value)
    receipt = Receipt(
        number=fields.need("number", whole),
        request=fields.need("request", hexadecimal(32)),
        scope=fields.need("scope", text),
        received=fields.need("received", micros),
        written=fields.need("written", micros),
        stages=fields.need("stages", _stages),
        sections=fields.need("sections", many(_section)),
        old_copies_until=fields.need("old_copies_until", _or_none(iso_day)),
        plan=fields.need("plan", _text_or_nothing),
        list=fields.need("list", whole),
        reason=fields.need("reason", choice(Reason)),
        previous=fields.need("previous", hexadecimal(64)),
        signature=fields.need("signature", hexadecimal()),
    )
    fields.close()
    return receipt


def micros(place: Place, value: object) -> int:
    """Reads a time in microseconds since 1970."""
    try:
        return check_micros(whole(place, value))
    except InvalidTime:
        raise place.error(f"must be a time {RANGE}, in microseconds") from None


def _stages(place: Place, value: object) -> Mapping[Stage, int]:
    return {
        choice(Stage)(place.at(name), name): micros(place.at(name), time)
        for name, time in Fields(place, value).items()
    }


def _section(place: Place, value: object) -> Section:
    fields = Fields(place, value)
    section = Section(
        namespace=fields.need("namespace", text),
        outcome=fields.need("outcome", choice(Outcome)),
        until=fields.need("until", _or_none(iso_day)),
        files=fields.need("files", many(_file)),
        verified=fields.need("verified", _or_none(_verification)),
    )
    fields.close()
    return section


def _file(place: Place, value: object) -> FileChange:
    fields = Fields(place, value)
    change = FileChange(
        name=fields.need("name", text),
        generation_before=fields.need("generation_before", whole),
        generation_after=fields.need("generation_after", _or_none(whole)),
        rows_before=fields.need("rows_before", whole),
        rows_removed=fields.need("rows_removed", whole),
        rows_of_request=fields.need("rows_of_request", whole),
        rows_after=fields.need("rows_after", whole),
        checksum_before=fields.need("checksum_before", _text_or_nothing),
        checksum_after=fields.need("checksum_after", _or_none(text)),
    )
    fields.close()
    return change


def _verification(place: Place, value: object) -> Verification:
    fields = Fields(place, value)
    verification = Verification(
        time=fields.need("time", micros),
        files=fields.need("files", whole),
        rows=fields.need("rows", whole),
        list=fields.need("list", whole),
        result=fields.need("result", choice(Result)),
    )
    fields.close()
    return verification


def _text_or_nothing(place: Place, value: object) -> str:
    return "" if value == "" else text(place, value)


def _or_none(read: Reader[T]) -> Reader[T | None]:
    return lambda place, value: None if value is None else read(place, value)
