"""Finds the route of a ping: all that is known of its document before it arrives."""

from collections.abc import Mapping
from dataclasses import dataclass

from rally.decryption.pioneer import DELETION_REQUEST, identifier_name
from rally.envelope import DocumentName
from rally.errors import PingFailed
from rally.events import RALLY
from rally.outcomes import FailureReason
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder
from rally.registry.study import Document, Means, Study, StudyKind
from rally.storage.layout import UNKNOWN
from rally.validation.pointers import Pointer, look_up, parse_pointer

_WITH_ROWS = (Means.DATA, Means.JOINS)
_WITHDRAWAL_TYPES = frozenset(
    {DELETION_REQUEST, "unenrollment", "study-unenrollment", "uninstall-deletion"}
)
"""Document types that are withdrawals in every client generation."""


Encoders = Mapping[str, RowEncoder]
"""Encoders of a document's rows, by the fingerprints of its schemas, newest first."""


@dataclass(frozen=True, slots=True)
class Label:
    """The part of a ping's routing that counters, logs and paths may name.

    Attributes:
        study: namespace of the registry, or `unknown`.
        document: document of the registry, or `unknown`.
        withdrawal: whether the routing says that somebody leaves.
    """

    study: str = UNKNOWN
    document: str = UNKNOWN
    withdrawal: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The way in which pings of one document are opened, validated and stored.

    Attributes:
        study: study of the document.
        document: registry entry of the document.
        label: study and document, for counters and paths.
        encoders: encoders of the document's rows, by the fingerprints of its schemas,
            the newest first; empty where no row is stored.
        participant: place of the rally id in the clear payload, if it has one.
        deletion_id: place of a deletion id, if it has one.
        scope: places that name the study which is joined or left.
        private: place where the payload says that it comes from a private window.
        recipient: place of an age public key, if it has one.
    """

    study: Study
    document: Document
    label: Label
    encoders: Encoders
    participant: Pointer | None
    deletion_id: Pointer | None
    scope: tuple[Pointer, ...]
    private: Pointer | None
    recipient: Pointer | None

    @property
    def leaves_by_envelope(self) -> bool:
        """Whether a Pioneer envelope alone says who leaves, and what."""
        return (
            self.document.means is Means.LEAVES
            and self.participant == (identifier_name(self.study.namespace),)
            and not self.scope
        )


class StudyUnavailable(PingFailed):
    """A ping waits, among the dead letters of a study, for that study to load.

    Attributes:
        namespace: namespace of the study.
    """

    def __init__(self, namespace: str) -> None:
        """Takes a namespace of the registry."""
        super().__init__(FailureReason.STUDY_UNAVAILABLE)
        self.namespace = namespace


class Routes:
    """Finds the route of a ping; each route is compiled once."""

    def __init__(self, registry: Registry, known: "Routes | None" = None) -> None:
        """Compiles every declared document: a bad schema stops the job here.

        Args:
            registry: registry of the documents.
            known: routes of an earlier state of the registry, from which the encoders
                of schemas are taken that have not changed.

        Raises:
            ConfigurationError: a schema cannot be served.
        """
        self._registry = registry
        self._compiled: dict[tuple[str, ...], Encoders] = {}
        self._earlier = known._compiled if known else {}
        self._routes: dict[tuple[DocumentName, bool], Route] = {}
        for study in registry.studies.values():
            for document in study.documents.values():
                self._compile(study, document, pioneer=False)

    def find(self, named: DocumentName, *, pioneer: bool) -> Route | Label:
        """Finds the route of a document, or the label under which its ping fails.

        Args:
            named: name of the document, as the ping gives it.
            pioneer: whether it came in a Pioneer v2 envelope, where aliases count too.
        """
        if route := self._routes.get((named, pioneer)):
            return route
        find = self._registry.resolve if pioneer else self._registry.study
        study = find(named.namespace)
        if study is None:
            namespace = self._unavailable(named.namespace, pioneer=pioneer)
            return Label(
                namespace or UNKNOWN, withdrawal=named.type in _WITHDRAWAL_TYPES
            )
        document = self._registry.document(
            study, named.type, named.version, pioneer=pioneer
        )
        if document is None:
            return Label(study.namespace, withdrawal=_may_withdraw(study, named.type))
        route = self._routes.get((_name_of(document), pioneer))
        return route or self._compile(study, document, pioneer=pioneer)

    def missing(self, label: Label) -> FailureReason:
        """Gives the reason for which a ping with that label has no route."""
        if label.study == UNKNOWN:
            return FailureReason.UNKNOWN_NAMESPACE
        if label.study in self._registry.unavailable:
            return FailureReason.STUDY_UNAVAILABLE
        return FailureReason.UNKNOWN_DOCUMENT

    def resolve_scope(self, route: Route, clear: dict[str, object]) -> str | None:
        """Finds the study, or RALLY, that a ping joins or leaves.

        None where the ping names no study that the registry knows.

        Raises:
            StudyUnavailable: it names one that does not load, and nobody can tell
                whether that is the platform's own.
        """
        if not route.scope:
            return _scope(route.study.namespace, route.study.kind)
        for pointer in route.scope:
            named = look_up(clear, pointer)
            if isinstance(named, str) and (scope := self._resolve(named)):
                return scope
        return None

    def _resolve(self, name: str) -> str | None:
        """Finds the scope of a study that a ping names.

        Raises:
            StudyUnavailable: it does not load, and nobody can tell whether it is the
                platform's own.
        """
        if study := self._registry.resolve(name):
            return _scope(study.namespace, study.kind)
        namespace = self._registry.resolve_unavailable(name)
        return self.scope_of_unavailable(namespace) if namespace else None

    def scope_of_unavailable(self, namespace: str) -> str:
        """Gives the scope of somebody who joins or leaves a study that does not load.

        Raises:
            StudyUnavailable: nobody can tell whether it is the platform's own.
        """
        kind = self._registry.unavailable[namespace].kind
        if kind is None:
            raise StudyUnavailable(namespace)
        return _scope(namespace, kind)

    def _unavailable(self, name: str, *, pioneer: bool) -> str | None:
        """Gives the namespace of a study that a ping names and that does not load."""
        if pioneer:
            return self._registry.resolve_unavailable(name)
        return name if name in self._registry.unavailable else None

    def _compile(self, study: Study, document: Document, *, pioneer: bool) -> Route:
        encoders = self._encoders(document) if document.means in _WITH_ROWS else {}
        route = _make_route(study, document, encoders)
        self._routes[_name_of(document), pioneer] = route
        return route

    def _encoders(self, document: Document) -> Encoders:
        """Compiles the schemas of a document, unless others like them are compiled."""
        key = tuple([schema.fingerprint for schema in document.revisions])
        if key not in self._compiled:
            self._compiled[key] = self._earlier.get(key) or {
                schema.fingerprint: RowEncoder(document, schema)
                for schema in document.revisions
            }
        return self._compiled[key]


def _make_route(study: Study, document: Document, encoders: Encoders) -> Route:
    withdrawal = document.means in (Means.LEAVES, Means.DELETION_ID)
    schema = document.schema
    return Route(
        study,
        document,
        Label(study.namespace, document.name, withdrawal),
        encoders,
        _pointer(schema.participant),
        _pointer(schema.deletion_id),
        tuple(parse_pointer(place) for place in document.scope),
        _pointer(study.policy.private_browsing),
        _pointer(schema.recipient),
    )


def _name_of(document: Document) -> DocumentName:
    return DocumentName(document.namespace, document.type, document.version)


def _scope(namespace: str, kind: StudyKind) -> str:
    """Gives the scope of a study; the platform's own stands for Rally as a whole."""
    return RALLY if kind is StudyKind.PLATFORM else namespace


def _pointer(place: str | None) -> Pointer | None:
    return parse_pointer(place) if place else None


def _may_withdraw(study: Study, document_type: str) -> bool:
    return document_type in _WITHDRAWAL_TYPES or any(
        document.means in (Means.LEAVES, Means.DELETION_ID)
        for document in study.documents.values()
        if document.type == document_type
    )
