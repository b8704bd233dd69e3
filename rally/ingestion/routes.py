"""Routes: all that is known of a document before its first ping arrives."""

from dataclasses import dataclass

from rally.decryption.pioneer import DELETION_REQUEST, identifier_name
from rally.envelope import DocumentName
from rally.errors import PingFailed
from rally.events import RALLY
from rally.outcomes import FailureReason
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder
from rally.registry.study import Document, Kind, Means, Study
from rally.storage.layout import UNKNOWN
from rally.validation.pointers import Pointer, look_up, parse_pointer

_WITHDRAWAL_TYPES = frozenset(
    {DELETION_REQUEST, "unenrollment", "study-unenrollment", "uninstall-deletion"}
)
"""Document types that are withdrawals in every client generation."""


@dataclass(frozen=True, slots=True)
class Label:
    """What may be said of a ping in counters, logs and paths.

    Attributes:
        study: a namespace of the registry, or `unknown`.
        document: a document of the registry, or `unknown`.
        withdrawal: whether the routing says that somebody leaves.
    """

    study: str = UNKNOWN
    document: str = UNKNOWN
    withdrawal: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """How pings of one document are opened, checked and stored.

    Attributes:
        study: it belongs to.
        document: its registry entry.
        label: for counters and paths.
        encoder: of its rows; None where no row is stored.
        participant: where the rally id stands in the clear payload, if it does.
        deletion_id: where a deletion id stands, if it does.
        scope: places that name the study which is joined or left.
        private: where the payload says that it comes from a private window.
    """

    study: Study
    document: Document
    label: Label
    encoder: RowEncoder | None
    participant: Pointer | None
    deletion_id: Pointer | None
    scope: tuple[Pointer, ...]
    private: Pointer | None

    @property
    def leaves_by_envelope(self) -> bool:
        """Whether who leaves, and what, stands outside of a Pioneer ping's payload."""
        return (
            self.document.means is Means.LEAVES
            and self.participant == (identifier_name(self.study.namespace),)
            and not self.scope
        )


class StudyUnavailable(PingFailed):
    """A ping has to wait for a study to load, among whose dead letters it is kept.

    Attributes:
        namespace: of the study.
    """

    def __init__(self, namespace: str) -> None:
        """Takes a namespace of the registry."""
        super().__init__(FailureReason.STUDY_UNAVAILABLE)
        self.namespace = namespace


class Routes:
    """Finds the route of a ping; each is compiled once."""

    def __init__(self, registry: Registry) -> None:
        """Compiles every declared document: a bad schema stops the job here.

        Raises:
            ConfigurationError: a schema cannot be served.
        """
        self._registry = registry
        self._routes: dict[tuple[DocumentName, bool], Route] = {}
        for study in registry.studies.values():
            for document in study.documents.values():
                self._compile(study, document, pioneer=False)

    def find(self, named: DocumentName, *, pioneer: bool) -> Route | Label:
        """The route, or the label under which a ping that has none fails.

        Args:
            named: what the ping says that it is.
            pioneer: it came in a Pioneer v2 envelope, where aliases stand too.
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
        """Why a ping of that label has no route."""
        if label.study == UNKNOWN:
            return FailureReason.UNKNOWN_NAMESPACE
        if label.study in self._registry.unavailable:
            return FailureReason.STUDY_UNAVAILABLE
        return FailureReason.UNKNOWN_DOCUMENT

    def resolve_scope(self, route: Route, clear: dict[str, object]) -> str | None:
        """The study (or Rally) that a joining or leaving ping is about.

        None where the ping names none that the registry knows.

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
        """The scope of a study that a ping names.

        Raises:
            StudyUnavailable: it does not load, and nobody can tell whether it is the
                platform's own.
        """
        if study := self._registry.resolve(name):
            return _scope(study.namespace, study.kind)
        namespace = self._registry.resolve_unavailable(name)
        return self.scope_of_unavailable(namespace) if namespace else None

    def scope_of_unavailable(self, namespace: str) -> str:
        """What is left or joined by who leaves or joins a study that does not load.

        Raises:
            StudyUnavailable: nobody can tell whether it is the platform's own.
        """
        kind = self._registry.unavailable[namespace].kind
        if kind is None:
            raise StudyUnavailable(namespace)
        return _scope(namespace, kind)

    def _unavailable(self, name: str, *, pioneer: bool) -> str | None:
        """The namespace of a study that does not load, which a ping names."""
        if pioneer:
            return self._registry.resolve_unavailable(name)
        return name if name in self._registry.unavailable else None

    def _compile(self, study: Study, document: Document, *, pioneer: bool) -> Route:
        route = _compile(study, document)
        self._routes[_name_of(document), pioneer] = route
        return route


def _compile(study: Study, document: Document) -> Route:
    withdrawal = document.means in (Means.LEAVES, Means.DELETION_ID)
    schema = document.schema
    return Route(
        study,
        document,
        Label(study.namespace, document.name, withdrawal),
        None if withdrawal else RowEncoder(document),
        _pointer(schema.participant),
        _pointer(schema.deletion_id),
        tuple(parse_pointer(place) for place in document.scope),
        _pointer(study.policy.private_browsing),
    )


def _name_of(document: Document) -> DocumentName:
    return DocumentName(document.namespace, document.type, document.version)


def _scope(namespace: str, kind: Kind) -> str:
    """Who joins or leaves the platform joins or leaves Rally."""
    return RALLY if kind is Kind.PLATFORM else namespace


def _pointer(place: str | None) -> Pointer | None:
    return parse_pointer(place) if place else None


def _may_withdraw(study: Study, document_type: str) -> bool:
    return document_type in _WITHDRAWAL_TYPES or any(
        document.means in (Means.LEAVES, Means.DELETION_ID)
        for document in study.documents.values()
        if document.type == document_type
    )
