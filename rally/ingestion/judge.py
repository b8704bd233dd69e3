"""Judges one ping: stored, refused or failed, and no fourth."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from rally.decryption.opener import Opener
from rally.decryption.pioneer import DELETION_REQUEST, PioneerEnvelope, identifier_name
from rally.envelope import Address, Envelope, parse_address, parse_timestamp
from rally.errors import PingFailed
from rally.events import RALLY, Event, EventKind
from rally.ingestion.ping import Ping, make_event, make_row, unreadable_enrolment
from rally.ingestion.routes import Label, Route, Routes, StudyUnavailable
from rally.outcomes import FailureReason, RefusalReason
from rally.registry.policy import (
    refused_by_country,
    refused_by_person,
    refused_by_promise,
    refused_by_tag,
)
from rally.registry.study import Kind, Means
from rally.registry.transitions import States
from rally.storage.layout import Partition
from rally.times import to_micros
from rally.validation.ids import canonical_id
from rally.validation.pointers import look_up, put
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.fold import Person, Verdict, judge_row

_AHEAD = timedelta(hours=1)
_UNKNOWN = Label()


class Outcome(NamedTuple):
    """What became of one ping.

    Attributes:
        label: for counters and paths.
        partition: of the row, where there is one.
        row: Avro binary, where one is stored.
        event: where somebody joined or left.
        refusal: why nothing, or no row, is kept.
        failure: why it is a dead letter.
    """

    label: Label
    partition: Partition | None = None
    row: bytes | None = None
    event: Event | None = None
    refusal: RefusalReason | None = None
    failure: FailureReason | None = None


class Withdrawals(Protocol):
    """The withdrawal list, as it is known at the moment."""

    def people(self) -> Mapping[str, Person]:
        """Those on it, by platform pseudonym."""

    @property
    def counter(self) -> int:
        """Of the list that `people` gave last."""


class Judge:
    """Opens, checks and pseudonymises pings, and says what becomes of each."""

    def __init__(
        self,
        routes: Routes,
        opener: Opener,
        pseudonyms: Pseudonyms,
        states: Callable[[], States],
        withdrawals: Withdrawals,
        clock: Callable[[], datetime],
    ) -> None:
        """Takes what it judges by.

        Args:
            routes: of every document.
            opener: with the keys.
            pseudonyms: of the platform and every study.
            states: the studies' states, as they are known at the moment.
            withdrawals: who has left.
            clock: the job's clock, UTC.
        """
        self._routes = routes
        self._opener = opener
        self._pseudonyms = pseudonyms
        self._states = states
        self._withdrawals = withdrawals
        self._clock = clock

    @property
    def counter(self) -> int:
        """Of the withdrawal list under which the last row was judged."""
        return self._withdrawals.counter

    def judge(self, envelope: Envelope) -> Outcome:
        """Decides on one ping; only PingFailed is caught.

        Of a study that is concluded nothing is kept any more, not even sealed, whenever
        it was sent: its data goes or is gone, and so are its keys.
        """
        outcome = self._judge(envelope)
        if self._is_concluded(outcome.label.study):
            return Outcome(outcome.label, refusal=RefusalReason.ENDED)
        return outcome

    def _is_concluded(self, namespace: str) -> bool:
        return self._states().is_concluded(namespace, self._clock())

    def _judge(self, envelope: Envelope) -> Outcome:
        label = _UNKNOWN
        try:
            address = parse_address(envelope.uri)
            pioneer = None
            if address.document is None:
                pioneer = self._opener.read_pioneer(envelope.payload)
                route = self._find_pioneer(pioneer)
            else:
                route = self._routes.find(address.document, pioneer=False)
            if isinstance(route, Label):
                label, failure = route, self._routes.missing(route)
                if failure is FailureReason.STUDY_UNAVAILABLE and pioneer is not None:
                    return self._left_unavailable(label, envelope, address, pioneer)
                return Outcome(label, failure=failure)
            label = route.label
            sent = self._sent(envelope)
            document_id = address.document_id
            return self._decide(
                Ping(route, envelope, address, pioneer, sent, document_id)
            )
        except StudyUnavailable as failed:
            waiting = Label(failed.namespace, withdrawal=label.withdrawal)
            return Outcome(waiting, failure=failed.reason)
        except PingFailed as failed:
            return Outcome(label, failure=failed.reason)

    def _find_pioneer(self, pioneer: PioneerEnvelope) -> Route | Label:
        """Where an inner envelope leads; one that is none may still say who leaves."""
        route = self._routes.find(pioneer.document, pioneer=True)
        label = route if isinstance(route, Label) else route.label
        if not pioneer.is_valid and not label.withdrawal:
            raise PingFailed(FailureReason.INVALID_BODY)
        return route

    def _left_unavailable(
        self,
        label: Label,
        envelope: Envelope,
        address: Address,
        pioneer: PioneerEnvelope,
    ) -> Outcome:
        """Of a study that does not load, who leaves is heard, and nothing else.

        Only Pioneer's envelope says whose withdrawal it is without the study's schema.
        """
        if pioneer.document.type != DELETION_REQUEST:
            raise StudyUnavailable(label.study)
        scope = self._routes.scope_of_unavailable(label.study)
        label = replace(label, document=f"{DELETION_REQUEST}.1")
        rally_id = canonical_id(pioneer.identifier)
        platform = self._pseudonyms.of_platform(rally_id)
        document_id = self._document_id(address, pioneer.jwe)
        event = Event(
            EventKind.LEFT,
            scope,
            platform,
            to_micros(self._sent(envelope)),
            None,
            platform if document_id == rally_id else document_id,
            f"{label.study}/{label.document}",
        )
        return self._heard(label, event)

    def _sent(self, envelope: Envelope) -> datetime:
        """The submission timestamp; one far ahead is no clock of our edge."""
        sent = parse_timestamp(envelope.submission_timestamp)
        if sent > self._clock() + _AHEAD:
            raise PingFailed(FailureReason.INVALID_TIMESTAMP)
        return sent

    def _decide(self, ping: Ping) -> Outcome:
        route, label = ping.route, ping.route.label
        if self._is_concluded(label.study):
            return Outcome(label, refusal=RefusalReason.ENDED)
        if route.encoder is not None and (
            refusal := refused_by_tag(route.study, ping.envelope)
        ):
            return Outcome(label, refusal=refusal)
        promise = self._refused_by_promise(ping)
        if promise and route.document.means is Means.DATA:
            return Outcome(label, refusal=promise)
        opened, jwe = self._open(ping)
        clear: dict[str, Any] = {} if opened is None else opened
        ping = ping._replace(document_id=self._document_id(ping.address, jwe))
        if ping.pioneer is not None:
            name = identifier_name(route.study.namespace)
            clear[name] = ping.pioneer.identifier
        if route.encoder is None:
            return self._heard(label, self._left(ping, clear))
        refusal = refused_by_person(route.private, clear)
        if route.document.means is Means.JOINS:
            refusal = refusal or refused_by_country(route.study, ping.envelope)
        if refusal:
            return Outcome(label, refusal=refusal)
        return self._keep(ping, clear, promise, unreadable=opened is None)

    def _keep(
        self,
        ping: Ping,
        clear: dict[str, Any],
        promise: RefusalReason | None,
        *,
        unreadable: bool,
    ) -> Outcome:
        """An event where somebody joins, and a row where promise and list allow it."""
        route, label = ping.route, ping.route.label
        assert route.participant
        rally_id = canonical_id(look_up(clear, route.participant))
        platform = self._pseudonyms.of_platform(rally_id)
        deletion = self._deletion_id(route, clear)
        event = None
        if route.document.means is Means.JOINS:
            hidden = {**deletion, rally_id: platform}
            known_by = next(iter(deletion.values()), None)
            scope = self._scope(ping, clear)
            event = make_event(
                EventKind.JOINED, ping, scope, platform, known_by, hidden
            )
            if promise or self._is_concluded(scope):
                return self._heard(label, event, promise)
        person = self._withdrawals.people().get(platform)
        if person is not None and person.joined_before(ping.document_id, ping.micros):
            return Outcome(label, refusal=RefusalReason.REPOSTED)
        verdict = _look_up(ping, person, event)
        if verdict.condemns or verdict.parks:
            return _without_row(label, event, verdict)
        if not self._pseudonyms.knows(label.study):  # registered, and not used here
            return Outcome(label, event=event, failure=FailureReason.NO_KEY)
        own = self._own_pseudonym(route, platform)
        hidden = self._hide_deletion_id(route, clear, deletion)
        row = make_row(ping, clear, own, {**hidden, rally_id: own})
        day = ping.sent.date().isoformat()
        failure = unreadable_enrolment(ping.pioneer) if unreadable else None
        partition = Partition(label.study, label.document, day)
        return Outcome(label, partition, row, event, None, failure)

    def _heard(
        self, label: Label, event: Event, promise: RefusalReason | None = None
    ) -> Outcome:
        """An event and no row; nothing at all where its study is concluded."""
        if self._is_concluded(event.scope):
            return Outcome(label, refusal=RefusalReason.ENDED)
        return Outcome(label, event=event, refusal=promise)

    def _refused_by_promise(self, ping: Ping) -> RefusalReason | None:
        study, sent = ping.route.study, ping.sent
        return refused_by_promise(
            study,
            ping.route.document,
            self._states().at(study, sent),
            ping.envelope,
            sent,
            self._clock(),
        )

    def _open(self, ping: Ping) -> tuple[dict[str, Any] | None, str | None]:
        """The clear text, and the JWE that it was sealed in, if it was in one."""
        namespace = ping.route.study.namespace
        if ping.pioneer is None:
            path = ping.address.path
            return self._opener.open(ping.envelope.payload, namespace, path)
        leaves, jwe = ping.route.encoder is None, ping.pioneer.jwe
        try:
            clear = self._opener.open_pioneer(ping.pioneer, namespace, any_key=leaves)
        except PingFailed:
            if ping.route.leaves_by_envelope:
                return None, jwe
            raise
        return clear, jwe

    def _document_id(self, address: Address, jwe: str | None) -> str:
        """What a ping is known by, and each copy of it.

        A JWE may be submitted to any path, by anybody who has seen it.
        """
        return self._pseudonyms.of_sealed(jwe) if jwe else address.document_id

    def _left(self, ping: Ping, clear: dict[str, Any]) -> Event:
        """A withdrawal: whatever else its payload holds, its id and scope count."""
        route = ping.route
        if route.document.means is Means.DELETION_ID:
            assert route.deletion_id
            deletion_id = canonical_id(look_up(clear, route.deletion_id))
            pseudonym = self._pseudonyms.of_deletion_id(deletion_id)
            hidden = {deletion_id: pseudonym}
            scope = self._scope(ping, clear)
            return make_event(EventKind.LEFT, ping, scope, None, pseudonym, hidden)
        assert route.participant
        rally_id = canonical_id(look_up(clear, route.participant))
        platform = self._pseudonyms.of_platform(rally_id)
        scope = self._scope(ping, clear)
        return make_event(
            EventKind.LEFT, ping, scope, platform, None, {rally_id: platform}
        )

    def _scope(self, ping: Ping, clear: dict[str, Any]) -> str:
        scope = self._routes.resolve_scope(ping.route, clear)
        if scope is None:
            raise PingFailed(FailureReason.UNKNOWN_STUDY)
        return scope

    def _deletion_id(self, route: Route, clear: dict[str, Any]) -> dict[str, str]:
        """The deletion id, and what events know it by; nothing where there is none."""
        if route.deletion_id is None:
            return {}
        value = look_up(clear, route.deletion_id)
        if value is None:
            return {}
        deletion_id = canonical_id(value)
        return {deletion_id: self._pseudonyms.of_deletion_id(deletion_id)}

    def _hide_deletion_id(
        self, route: Route, clear: dict[str, Any], deletion: Mapping[str, str]
    ) -> dict[str, str]:
        """Replaces it in a row; the id, and what rows of the namespace know it by."""
        hidden = {
            each: self._own_pseudonym(route, pseudonym)
            for each, pseudonym in deletion.items()
        }
        for pseudonym in hidden.values():
            assert route.deletion_id
            put(clear, route.deletion_id, pseudonym)
        return hidden

    def _own_pseudonym(self, route: Route, platform: str) -> str:
        """What rows of the namespace know a person, or a deletion id, by."""
        if route.study.kind is Kind.PLATFORM:
            return platform
        return self._pseudonyms.of_study(route.study.namespace, platform)


def _look_up(ping: Ping, person: Person | None, joined: Event | None) -> Verdict:
    """What the withdrawal list says of a row; an enrolment counts for itself.

    Of who never joined its scope nothing is parked while a request is held: no decision
    would make their rows stay, and a purge takes them as all that nobody enrolled.
    """
    if person is None:
        return Verdict.KEPT
    study = ping.route.study
    scope = RALLY if study.kind is Kind.PLATFORM else study.namespace
    about: frozenset[str] = frozenset()
    before = person.joined
    if joined is not None:
        person = person.joining(joined.scope, ping.micros, joined.document_id)
        about = frozenset((joined.scope,)) - {RALLY}
    told = about if scope == RALLY else frozenset[str]()
    was_there = not before.keys().isdisjoint({scope, *told})
    verdict = judge_row(person, scope, ping.micros, told).verdict
    return Verdict.KEPT if verdict is Verdict.HELD and not was_there else verdict


def _without_row(label: Label, event: Event | None, verdict: Verdict) -> Outcome:
    """Refused; or parked, while an enrolment or a decision may yet save it."""
    if verdict is Verdict.WITHDRAWN:
        return Outcome(label, event=event, refusal=RefusalReason.WITHDRAWN)
    return Outcome(label, event=event, failure=FailureReason.LEFT)
