"""The view of the withdrawal list as an object: one in each study's own store, signed.

    the signature of the SHA-256 of all that follows, in hexadecimal digits
    {"counter": …, "expunges": how many, "ledger_digest": …, "ledger_number": …,
     "number": …, "people": how many, "platform": …, "published": …,
     "rho_allotted": …, "rho_left": …, "study": …}
    {"document": …, "field": …, "first": day, "last": day}     for each order to expunge
    {"participant": …, "rows": [[from, to, verdict], …]}       for each person, sorted

Who reads a study's rows reads its view first, to leave out those of people who have
left. Deletion signs it, as it signs the list; who verifies it needs the public half of
deletion's key alone, and no right but the one to the study's own store. It has the
study's own pseudonyms, and times at which the verdict on rows of the study changes. The
moment at which somebody left Rally is such a time only where older rows are deferred.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.storage.layout import view_file
from rally.storage.marker import read_marker
from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore
from rally.times import from_micros, moment
from rally.withdrawal.fold import Verdict
from rally.withdrawal.signed_lines import (
    NotSigned,
    open_signed,
    sign_lines,
    verified_lines,
)
from rally.withdrawal.verdict_periods import FIRST, LAST, VerdictPeriod

MOST_AGE = timedelta(days=2)
"""An older view is refused: somebody may have left since."""

_MOST_AHEAD = timedelta(hours=1)
_MOST_BYTES = 2 << 30  # some 20 million people
_CONTEXT = b"rally study view\n"
_RENEW = "`rally delete` publishes it anew"
_MISSING = (
    "the study's view of the withdrawal list is missing, and whose rows not to read is"
    f" not known without it; {_RENEW}, unless the study is concluded"
)
_IN_THE_WAY = f"take it away; {_RENEW}"

T = TypeVar("T")


class Verifies(Protocol):
    """A public key of deletion; see rally.keys.signing.Verifier."""

    def is_signed(self, signature: bytes, data: bytes) -> bool:
        """Tells whether `signature` is that of `data`."""


class ViewHead(NamedTuple):
    """Head of a view.

    Attributes:
        study: Namespace of the study.
        platform: Id of the platform.
        counter: Counter of the withdrawal list that it is made of.
        number: Number of the view, counted up at each publication; 0 of one that is
            made in memory.
        published: Time by the clock of the job, microseconds.
        people: Number of people in it.
        rho_allotted: Privacy budget of the study, zCDP rho as decimal digits; None
            where none is allotted.
        rho_left: What is left of it.
        ledger_number: Number of the last line of the ledger of releases that deletion
            has seen; 0 of none.
        ledger_digest: Digest of all lines up to it.
    """

    study: str
    platform: str
    counter: int
    number: int
    published: int
    people: int
    rho_allotted: str | None = None
    rho_left: str | None = None
    ledger_number: int = 0
    ledger_digest: str = ""


class ExpungedRows(NamedTuple):
    """Rows of a study that two people ordered to be taken out, or one field of them.

    Attributes:
        document: Name of the document.
        field: Path of the field in the schema; None is whole rows.
        first: First submission date, YYYY-MM-DD.
        last: Last submission date.
    """

    document: str
    field: str | None
    first: str
    last: str

    def covers(self, document: str, day: str) -> bool:
        """Tells whether rows of a document and a submission date are meant."""
        return document == self.document and self.first <= day <= self.last


PeriodsOfPeople = Iterable[tuple[str, Iterable[VerdictPeriod]]]
"""Pseudonyms of people in the study, sorted, each with the periods of their rows."""


def encode_view(
    head: ViewHead,
    expunges: Iterable[ExpungedRows],
    people: PeriodsOfPeople,
    key: SigningKey,
) -> bytes:
    """Encodes and signs a view.

    Args:
        head: Head of the view.
        expunges: Orders to expunge that count.
        people: People who left, `head.people` of them.
        key: Deletion's signing key.

    Raises:
        OSError: a KMS does not serve.
    """
    orders = [each._asdict() for each in expunges]

    def lines() -> Iterator[dict[str, Any]]:
        yield {**head._asdict(), "expunges": len(orders)}
        yield from orders
        for participant, periods in people:
            yield {"participant": participant, "rows": list(map(_as_json, periods))}

    return sign_lines(_CONTEXT, lines(), key)


def read_view(
    store: ObjectStore,
    study: str,
    key: Verifies,
    take: Callable[[ViewHead, tuple[ExpungedRows, ...], PeriodsOfPeople], T],
) -> T:
    """Reads a study's view, whatever its age is.

    Args:
        store: The study's store.
        study: Namespace of the study.
        key: Public key of deletion.
        take: Makes something of the verified view.

    Raises:
        ConfigurationError: it is missing, or not as deletion published it for this
            study and platform.
        OSError: the store cannot be read.
    """
    name = view_file(study)
    while True:
        try:
            with open_signed(store, name, _MISSING, _IN_THE_WAY) as snapshot:
                if snapshot.info.size > _MOST_BYTES:
                    raise NotSigned
                lines = verified_lines(
                    snapshot,
                    _CONTEXT,
                    lambda _, signature, data: key.is_signed(
                        bytes.fromhex(signature), data
                    ),
                )
                first = next(lines)
                orders = first.pop("expunges")
                head = ViewHead(**first)
                _check_place(store, study, head)
                expunges = tuple(ExpungedRows(**next(lines)) for _ in range(orders))
                return take(head, expunges, map(_of_json, lines))
        except GenerationMismatch:
            continue  # published anew in this moment
        except NotSigned:
            raise ConfigurationError(
                f"{_where(store, study)}: is not as deletion published it for this"
                f" study, by the key that was given; {_RENEW}"
            ) from None


def read_head(store: ObjectStore, study: str, key: Verifies) -> ViewHead:
    """Reads the head of a study's view, and verifies all of it; see `read_view`."""
    return read_view(store, study, key, lambda head, *_: head)


def check_age(store: ObjectStore, head: ViewHead, now: datetime) -> None:
    """Refuses a view that is too old to read rows by.

    Args:
        store: Store that it was read from, for the message.
        head: Head of the view.
        now: Time of the reader, UTC.

    Raises:
        ConfigurationError: it is older than two days, or ahead of the clock by more
            than an hour.
    """
    at = from_micros(head.published)
    where = f"{_where(store, head.study)}: is of {moment(at)}"
    if now - at > MOST_AGE:
        raise ConfigurationError(
            f"{where}, and people may have left since; {_RENEW}, which it does each day"
        )
    if at - now > _MOST_AHEAD:
        raise ConfigurationError(
            f"{where}, ahead of the clock here; correct the clock that is wrong"
        )


def _check_place(store: ObjectStore, study: str, head: ViewHead) -> None:
    """Raises NotSigned where a view is of another study, or of another platform."""
    marker = read_marker(store)
    if head.study != study or (marker and marker.platform != head.platform):
        raise NotSigned


def _where(store: ObjectStore, study: str) -> str:
    return f"{store.uri.rstrip('/')}/{view_file(study)}"


def _as_json(period: VerdictPeriod) -> tuple[int | None, int | None, str]:
    """Gives a period as its line has it: its end is not in it, and null is none."""
    return (
        None if period.first == FIRST else period.first,
        None if period.last == LAST else period.last + 1,
        period.verdict.value,
    )


def _of_json(line: dict[str, Any]) -> tuple[str, list[VerdictPeriod]]:
    periods = [
        VerdictPeriod(
            FIRST if start is None else start,
            LAST if end is None else end - 1,
            Verdict(verdict),
        )
        for start, end, verdict in line["rows"]
    ]
    return line["participant"], periods
