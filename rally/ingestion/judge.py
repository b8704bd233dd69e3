"""Decides what becomes of one ping: it is stored, refused or failed, and no fourth."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from rally.decryption.opener import Opener
from rally.decryption.pioneer import DELETION_REQUEST, PioneerEnvelope, identifier_name
from rally.envelope import Address, Envelope, parse_address, parse_timestamp
from rally.errors import PingFailed
from rally.events import Event, EventKind
from rally.ingestion.access_requests import find_recipient, make_asked_event
from rally.ingestion.consents import judge_consents
from rally.ingestion.decisions import Decisions, Withdrawals
from rally.ingestion.identification import identify, identify_as_legible
from rally.ingestion.leavers import find_verdict, make_left_event
from rally.ingestion.outcome import Outcome
from rally.ingestion.ping import (
    OpenedPing,
    Ping,
    Sender,
    check_enrolment,
    hear_without_row,
    make_event,
    make_row,
    unreadable_enrolment,
    without_expunged,
)
from rally.ingestion.routes import Label, Route, Routes, StudyUnavailable
from rally.outcomes import FailureReason, RefusalReason
from rally.registry.approvals import Coverage
from rally.registry.expunges import ExpungeOrder
from rally.registry.policy import (
    refused_by_country,
    refused_by_person,
    refused_by_promise,
    refused_by_tag,
)
from rally.registry.review_judging import LAPSED_FOR
from rally.registry.study import Means
from rally.storage.layout import Partition
from rally.storage.writer import NewRow
from rally.times import to_micros
from rally.validation.ids import canonical_id
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.fold import Leaver, Verdict

_CLOCK_TOLERANCE = timedelta(hours=1)
_UNKNOWN = Label()


class _Refused(Exception):
    """A step refuses the ping, and nothing of the ping is kept."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Judge:
    """Opens, validates and pseudonymises pings, and decides what becomes of each.

    It knows studies, keys and decisions as they were at one moment; of the withdrawal
    list alone it asks for the newest.
    """

    def __init__(
        self,
        routes: Routes,
        opener: Opener,
        pseudonyms: Pseudonyms,
        decisions: Decisions,
        withdrawals: Withdrawals,
        clock: Callable[[], datetime],
    ) -> None:
        """Takes the keys, the schemas and the state of the platform to judge by.

        Args:
            routes: routes of every document in the registry.
            opener: opener of sealed bodies, with the keys.
            pseudonyms: pseudonyms of the platform and of every study.
            decisions: people's decisions on these studies and their reviews.
            withdrawals: withdrawal list, as it is known at the moment.
            clock: the job's clock, UTC.
        """
        self._routes = routes
        self._opener = opener
        self._pseudonyms = pseudonyms
        self._decisions = decisions
        self._withdrawals = withdrawals
        self._clock = clock

    @property
    def counter(self) -> int:
        """The number of the withdrawal list under which the last row was judged."""
        return self._withdrawals.counter

    def judge(self, envelope: Envelope) -> Outcome:
        """Decides what becomes of one ping.

        The steps stand in the order in which their reasons count. A step raises
        PingFailed where it cannot do its part: the ping becomes a dead letter. It
        raises _Refused where nothing of the ping may be kept. Any other error is a bug.
        """
        label = _UNKNOWN
        try:
            # The path names the document; for Pioneer v2 the body does.
            address = parse_address(envelope.uri)
            pioneer = self._read_pioneer(envelope, address)
            route = self._find_route(address, pioneer)
            label = route if isinstance(route, Label) else route.label

            # Of a concluded study nothing is kept any more, not even sealed: its data
            # goes or is gone, and so are its keys.
            self._refuse_concluded(label.study)
            if isinstance(route, Label):
                return self._judge_without_route(label, envelope, address, pioneer)

            # What needs no clear text comes before the ping is opened. The promise
            # stops data here; an enrolment that breaks it is still an event below.
            sent = self._read_timestamp(envelope)
            ping = Ping(route, envelope, address, pioneer, sent)
            _refuse_automation(ping)
            day = sent.date().isoformat()
            orders = self._decisions.expunges.over(label.study, label.document, day)
            broken_promise = self._find_broken_promise(ping, orders)
            if broken_promise and route.document.means is Means.DATA:
                return Outcome(label, refusal=broken_promise)

            # A withdrawal counts whatever the promise says, and leaves no row.
            opened = self._open(ping)
            if label.withdrawal:
                left = make_left_event(opened, self._find_scope, self._pseudonyms)
                return Outcome(label, event=left)
            if route.document.means is Means.CONSENTS:
                study = self._find_scope(opened)
                sender = identify(opened, self._pseudonyms)
                return judge_consents(opened, study, sender, broken_promise)
            if route.document.means is Means.ACCESS_REQUEST:
                sender = identify(opened, self._pseudonyms)
                return Outcome(label, event=make_asked_event(opened, sender))

            _refuse_by_person(opened)
            sender, illegible = identify_as_legible(opened, self._pseudonyms)
            joined = self._make_joined_event(opened, sender)
            if illegible and not (joined and opened.is_bound):
                raise illegible
            if broken_promise and illegible is None:
                check_enrolment(opened, sender)
                return Outcome(label, event=joined, refusal=broken_promise)

            # The withdrawal list decides on the row; the event stays in the log, if the
            # ping is an enrolment: the row would have said so.
            approvals = self._decisions.approvals
            hear = partial(hear_without_row, joined, opened, sender, approvals)
            person = self._withdrawals.people().get(sender.participant)
            if person is not None:
                _refuse_reposted(opened, person)
                verdict = find_verdict(opened, person, joined)
                if verdict is Verdict.WITHDRAWN:
                    refusal = RefusalReason.WITHDRAWN
                    return Outcome(label, event=hear(), refusal=refusal)
                if verdict.condemns or verdict.parks:
                    # An enrolment or a decision may yet save it.
                    return Outcome(label, event=hear(), failure=FailureReason.LEFT)

            # A study may be registered and have no key, as it is not used here.
            if not self._pseudonyms.knows(label.study):
                return Outcome(label, event=hear(), failure=FailureReason.NO_KEY)
            in_study = sender.in_study(route.study, self._pseudonyms)
            try:
                if illegible:
                    raise illegible
                whole = make_row(opened, in_study, approvals)
            except PingFailed as failed:
                # Whoever joins has joined, though their row waits. But what came in a
                # JWE is an enrolment by its schema alone: whoever has seen a sealed
                # ping of data can send it as one, after its sender left.
                came = joined if opened.is_bound else None
                return Outcome(
                    label, event=came, failure=failed.reason, where=failed.where
                )
            made = without_expunged(route, whole, orders)
            if made is None:
                return Outcome(label, event=joined, refusal=RefusalReason.EXPUNGED)
            partition = Partition(label.study, label.document, day)
            return Outcome(
                label,
                NewRow(partition, made.fingerprint, made.row),
                joined,
                failure=opened.failure,
                left_out=made.left_out,
            )
        except StudyUnavailable as unavailable:
            # The ping names another study, and waits among the dead letters of that.
            label = Label(unavailable.namespace, withdrawal=label.withdrawal)
            if self._is_concluded(unavailable.namespace):
                return Outcome(label, refusal=RefusalReason.ENDED)
            return Outcome(label, failure=unavailable.reason)
        except _Refused as refused:
            return Outcome(label, refusal=refused.reason)
        except PingFailed as failed:
            return Outcome(label, failure=failed.reason, where=failed.where)

    def _read_pioneer(
        self, envelope: Envelope, address: Address
    ) -> PioneerEnvelope | None:
        """Reads the inner envelope of Pioneer v2, where the path names no document."""
        if address.document is not None:
            return None
        return self._opener.read_pioneer(envelope.payload)

    def _find_route(
        self, address: Address, pioneer: PioneerEnvelope | None
    ) -> Route | Label:
        """Finds the route of a ping, or the label under which it goes without one.

        Raises:
            PingFailed: the inner envelope is malformed; a withdrawal still counts.
        """
        if pioneer is None:
            assert address.document
            return self._routes.find(address.document, pioneer=False)
        route = self._routes.find(pioneer.document, pioneer=True)
        label = route if isinstance(route, Label) else route.label
        if not pioneer.is_valid and not label.withdrawal:
            raise PingFailed(FailureReason.INVALID_BODY)
        return route

    def _refuse_concluded(self, namespace: str) -> None:
        """Refuses what belongs to, joins or leaves a concluded study."""
        if self._is_concluded(namespace):
            raise _Refused(RefusalReason.ENDED)

    def _is_concluded(self, namespace: str) -> bool:
        return self._decisions.states.is_concluded(namespace, self._clock())

    def _judge_without_route(
        self,
        label: Label,
        envelope: Envelope,
        address: Address,
        pioneer: PioneerEnvelope | None,
    ) -> Outcome:
        """Fails a ping that has no route, unless it is a withdrawal that still counts.

        Of a study that does not load, Pioneer's envelope alone says who leaves without
        the study's schema.
        """
        failure = self._routes.missing(label)
        if failure is not FailureReason.STUDY_UNAVAILABLE or pioneer is None:
            return Outcome(label, failure=failure)
        if pioneer.document.type != DELETION_REQUEST:
            return Outcome(label, failure=failure)
        scope = self._routes.scope_of_unavailable(label.study)
        label = replace(label, document=f"{DELETION_REQUEST}.1")
        rally_id = canonical_id(pioneer.identifier)
        participant = self._pseudonyms.of_platform(rally_id)
        document_id = self._document_id(address, pioneer.jwe)
        event = Event(
            EventKind.LEFT,
            scope,
            participant,
            to_micros(self._read_timestamp(envelope)),
            None,
            participant if document_id == rally_id else document_id,
            f"{label.study}/{label.document}",
        )
        return Outcome(label, event=event)

    def _read_timestamp(self, envelope: Envelope) -> datetime:
        """Reads the submission timestamp; one far ahead is no clock of our edge."""
        sent = parse_timestamp(envelope.submission_timestamp)
        if sent > self._clock() + _CLOCK_TOLERANCE:
            raise PingFailed(FailureReason.INVALID_TIMESTAMP)
        return sent

    def _find_broken_promise(
        self, ping: Ping, orders: Sequence[ExpungeOrder]
    ) -> RefusalReason | None:
        """Finds which of the study's promises keeps the ping out, if one does.

        Raises:
            PingFailed: the approval of data has lapsed; the ping waits for a renewal,
                until it is as old as such a dead letter may be.
        """
        study, document = ping.route.study, ping.route.document
        coverage = self._decisions.approvals.coverage(document, ping.sent)
        refusal = refused_by_promise(
            study,
            document,
            self._decisions.states.at(study, ping.sent),
            coverage,
            ping.envelope,
            ping.sent,
            self._clock(),
        )
        if refusal is None and any(each.field is None for each in orders):
            return RefusalReason.EXPUNGED
        if refusal is None and coverage is Coverage.LAPSED:
            waited = self._clock().date() - ping.sent.date()
            if document.means is Means.DATA and waited <= LAPSED_FOR:
                raise PingFailed(FailureReason.REVIEW_LAPSED)
            return RefusalReason.NOT_APPROVED
        return refusal

    def _open(self, ping: Ping) -> OpenedPing:
        """Decrypts a ping into its clear JSON object."""
        route, namespace = ping.route, ping.route.study.namespace
        if ping.pioneer is None:
            path = ping.address.path
            clear, jwe = self._opener.open(ping.envelope.payload, namespace, path)
            document_id = self._document_id(ping.address, jwe)
            opened = OpenedPing(route, ping.envelope, ping.sent, document_id, clear)
            return opened._replace(is_bound=jwe is None)
        payload, failure = None, None
        try:
            payload = self._opener.open_pioneer(
                ping.pioneer, namespace, any_key=route.label.withdrawal
            )
        except PingFailed:
            if not route.leaves_by_envelope:
                raise
        if payload is None:
            failure = unreadable_enrolment(ping.pioneer)
        clear = {} if payload is None else payload
        clear[identifier_name(namespace)] = ping.pioneer.identifier
        document_id = self._document_id(ping.address, ping.pioneer.jwe)
        return OpenedPing(route, ping.envelope, ping.sent, document_id, clear, failure)

    def _document_id(self, address: Address, jwe: str | None) -> str:
        """Gives the id by which a ping, and each copy of it, is known.

        Anybody who has seen a JWE may submit it to any path, so its bytes count.
        """
        return self._pseudonyms.of_sealed(jwe) if jwe else address.document_id

    def _make_joined_event(self, opened: OpenedPing, sender: Sender) -> Event | None:
        """Makes the event of an enrolment; None where the ping is none."""
        if opened.route.document.means is not Means.JOINS:
            return None
        joined = make_event(
            EventKind.JOINED,
            opened,
            self._find_scope(opened),
            sender.participant,
            sender.deletion_pseudonym,
            sender.pseudonyms(),
        )
        return joined._replace(recipient=find_recipient(opened, sender))

    def _find_scope(self, opened: OpenedPing) -> str:
        """Finds the study, or RALLY, that a ping joins or leaves.

        Raises:
            PingFailed: the ping names no study of the registry.
        """
        scope = self._routes.resolve_scope(opened.route, opened.clear)
        if scope is None:
            raise PingFailed(FailureReason.UNKNOWN_STUDY)
        self._refuse_concluded(scope)
        return scope


def _refuse_automation(ping: Ping) -> None:
    """Refuses data and enrolments that a client marks as no person's."""
    if not ping.route.encoders:  # withdrawals, and consents, of which some count
        return
    if refusal := refused_by_tag(ping.route.study, ping.envelope):
        raise _Refused(refusal)


def _refuse_by_person(opened: OpenedPing) -> None:
    """Refuses private browsing, and enrolments from countries without the study."""
    route = opened.route
    refusal = refused_by_person(route.private, opened.clear)
    if refusal is None and route.document.means is Means.JOINS:
        refusal = refused_by_country(route.study, opened.envelope)
    if refusal:
        raise _Refused(refusal)


def _refuse_reposted(opened: OpenedPing, person: Leaver) -> None:
    """Refuses a later copy of an enrolment, which says nothing new."""
    if person.joined_before(opened.document_id, opened.micros):
        raise _Refused(RefusalReason.REPOSTED)
