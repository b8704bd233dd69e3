from datetime import date

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.glean.definitions import Extra, ExtraType, MetricType, Node, NodeKind
from rally.glean.reading import read_definitions
from rally.glean.yaml_limits import MAX_BYTES
from tests.rally.glean.conftest import definitions_of

SAYS = """
    bugs: [https://bugs.example.org/1]
    data_reviews: [https://bugs.example.org/2]
    notification_emails: [lab@example.org]
"""
METRICS = "$schema: moz://mozilla.org/schemas/glean/metrics/2-0-0\n"
PINGS = "$schema: moz://mozilla.org/schemas/glean/pings/2-0-0\n"
ID = f"""
rally:
  id:
    type: uuid
    lifetime: user
    description: Whose it is
    send_in_pings: [visit]
    expires: never{SAYS}"""
VISIT = f"""
visit:
    description: Sent when a page is left
    include_client_id: false{SAYS}"""


OCCASIONS = f"""
visit:
    description: Sent when a page is left
    include_client_id: false
    send_if_empty: true
    metadata: {{ping_schedule: [baseline]}}
    reasons:
      left: The page was left.
      closed: 'The browser, or "it": ended # at last'{SAYS}"""
SENT = (
    'with each baseline ping; closed (The browser, or "it": ended # at last); left'
    " (The page was left); also with nothing new in it"
)


def metric(name="depth", more="", **values):
    values = {
        "type": "boolean",
        "description": "How far",
        "send_in_pings": "[visit]",
        "expires": "never",
    } | values
    lines = "".join(f"\n    {key}: {value}" for key, value in values.items())
    return f"\n  {name}:{lines}{SAYS}{more}"


def page(*metrics):
    return f"{ID}\npage:{''.join(metrics)}"


def read(tmp_path, metrics, pings=VISIT, head=METRICS, pings_head=PINGS):
    paths = [tmp_path / "metrics.yaml", tmp_path / "pings.yaml"]
    texts = (f"{head}{metrics}", f"{pings_head}{pings}")
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_definitions([str(paths[0])], [str(paths[1])])


def faults(tmp_path, *args, **more):
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, *args, **more)
    return [each.replace(f"{tmp_path}/", "") for each in faults_of(refused.value)]


def test_occasions_on_which_a_ping_is_sent_become_words(tmp_path):
    (ping,) = read(tmp_path, page(metric()), OCCASIONS).pings
    assert ping.sent == SENT


def test_definitions_are_read_as_written():
    lab = definitions_of("lab")
    assert [ping.name for ping in lab.pings] == [
        *("deletion-request", "measurements", "page-visit", "study-enrollment")
    ]
    assert [ping.reasons for ping in lab.pings] == [
        *(("at_init", "set_upload_enabled"), ("scheduled", "shutdown"), (), ())
    ]
    assert [ping.has_client_id for ping in lab.pings] == [True, False, False, False]
    assert [ping.sent for ping in lab.pings] == [
        "when somebody ends the collection of data",
        "scheduled (It was time); shutdown (The browser ends)",
        *("", ""),
    ]
    by_id = {metric.id: metric for metric in lab.metrics}
    assert list(by_id) == sorted(by_id)
    clicks = by_id["lab.clicks_by_kind"]
    assert clicks.type is MetricType.LABELED_COUNTER
    assert clicks.labels == ("link", "ad")
    assert clicks.category == 2
    assert clicks.purpose == "Whether people who click more read less"
    assert clicks.expires == date(2026, 12, 31)  # clients stop on the day after
    where = str(clicks.place.error("x"))
    assert where.endswith("lab/metrics.yaml: line 41: lab.clicks_by_kind: x")
    page_id = by_id["lab.page_id"]
    assert page_id.description == "Which visit to a page it was, at random."
    assert (page_id.category, page_id.identifier) == (None, True)
    assert by_id["lab.page_text"].category == 4
    assert by_id["lab.tab_count"].description.endswith("(unit: tabs)")
    assert by_id["lab.link_click"].extras == (
        Extra("ad", ExtraType.BOOLEAN, "Whether it is an advertisement."),
        Extra("href", ExtraType.STRING, "Where the link leads."),
        Extra("pos", ExtraType.QUANTITY, "Where the link is on the page."),
    )
    kinds = {metric.id: metric for metric in definitions_of("kinds").metrics}
    assert {metric.type for metric in kinds.values()} == set(MetricType)
    assert kinds["all.kinds.list"].structure == Node(
        NodeKind.ARRAY,
        items=Node(NodeKind.ONE_OF, kinds=(NodeKind.NUMBER, NodeKind.STRING)),
    )


def test_metadata_says_what_glean_does_not_ask(tmp_path):
    ours = "{purpose: To see, benefit: Shorter pages, identifier: true}"
    both = "[technical, interaction]"
    more = f"    metadata: {{rally: {ours}}}"
    found = read(tmp_path, page(metric(more=more, data_sensitivity=both)))
    depth = found.metrics[0]
    assert (depth.purpose, depth.benefit) == ("To see", "Shorter pages")
    assert (depth.identifier, depth.category) == (True, 2)


def test_disabled_and_expired_metrics_are_left_out_and_noted(tmp_path):
    found = read(
        tmp_path,
        page(
            metric("a", disabled="true"),
            metric("b", expires="expired"),
            metric("c", expires="2020-01-01"),
        ),
    )
    assert [each.id for each in found.metrics] == ["page.c", "rally.id"]
    assert found.metrics[0].expires == date(2019, 12, 31)
    left_out = [each for each in found.notes if "left out" in each]
    assert len(left_out) == 2
    assert "line 15: page.a: is disabled or expired: left out" in left_out[0]


def test_notes_say_what_a_person_should_look_at(tmp_path):
    found = read(
        tmp_path,
        page(
            metric("page_url", type="url", data_sensitivity="[technical]"),
            metric("pageurl", type="string", lifetime="user"),
            metric("visit_id", type="string"),
            metric("closed", type="event", expires="2027-01-01"),
        ),
    )
    notes = "\n".join(found.notes)
    assert "page.page_url: a URL, and its category is 1; browsing is 3" in notes
    assert "page.visit_id: its name ends in id; where it is one, say" in notes
    assert "page.closed: expires, and its name stays; let the document's" in notes
    assert "page.pageurl: its name is nearly that of page.page_url" in notes


AT = "metrics.yaml: line 15: page.depth"
NO_DATE = "must be a date such as 2027-03-31, never or expired; versions have no date"
NO_PARTICIPANT = "has no participant; send the uuid metric rally.id in it"
PARTS = "{type: object, properties: {a-b: {type: string}, a_b: {type: string}}}"
FAULTS = {
    "no-review": (
        page(metric()).replace("[https://bugs.example.org/2]", "[]"),
        [
            f"{AT}.data_reviews: is empty; give the address of its review",
            "metrics.yaml: line 4: rally.id.data_reviews: is empty; give the address of"
            " its review",
        ],
    ),
    "open": (
        page(metric(description="TODO")).replace("https://bugs.example.org/2", "TODO"),
        [
            f"{AT}.data_reviews: 'TODO' is no address of its review",
            f"{AT}.description: is still open; write it",
            "metrics.yaml: line 4: rally.id.data_reviews: 'TODO' is no address of its"
            " review",
        ],
    ),
    "mail": (
        page(metric()).replace("lab@example.org", "the lab", 1),
        ["metrics.yaml: line 4: rally.id.notification_emails: 'the lab' is no e-mail"],
    ),
    "expiry-text": (page(metric(expires="soon")), [f"{AT}.expires: {NO_DATE}"]),
    "expiry-version": (page(metric(expires="11")), [f"{AT}.expires: {NO_DATE}"]),
    "several": (
        page(metric(lifetime="ever"), metric("width", type="quantity")),
        [
            "metrics.yaml: page.depth: 'ever' is not one of ['ping', 'user',"
            " 'application']",
            "metrics.yaml: page.width: Missing required properties: unit",
        ],
    ),
    "jwe": (
        page(metric(type="jwe")),
        [
            "metrics.yaml: page.depth: Missing required properties:"
            " jwe_support_was_removed"
        ],
    ),
    "unknown-ping": (
        page(metric(send_in_pings="[visits]")),
        [f"{AT}: is sent in visits, which no file defines"],
    ),
    "no-ping": (
        page(metric(send_in_pings="[]")),
        [f"{AT}: is sent in no ping; name one"],
    ),
    "default-ping": (
        page(metric(send_in_pings="[default]"), metric("w", send_in_pings="[metrics]")),
        [
            "ping metrics: is the SDK's own, and page.depth and 1 more would be sent in"
            " it"
        ],
    ),
    "events-ping": (
        page(metric(type="event", send_in_pings="[default]")),
        [f"Glean SDK: events: {NO_PARTICIPANT}"],
    ),
    "no-participant": (
        page(metric()).replace("type: uuid", "type: string"),
        [f"pings.yaml: line 3: visit: {NO_PARTICIPANT}"],
    ),
    "names": (
        page(metric("a_b")) + f"\npage.a:{metric('b')}",
        [
            "metrics.yaml: line 15: page.a_b: and page.a.b would be one name in the"
            " table of visit; rename"
        ],
    ),
    "extras": (
        page(
            metric(
                type="event",
                extra_keys="{a-b: {description: x}, A_b: {description: y}}",
            )
        ),
        [f"{AT}: 'A_b' and 'a-b' would be one name; rename one"],
    ),
    "parts": (
        page(metric(type="object", structure=f"{{type: array, items: {PARTS}}}")),
        [f"{AT}: 'a-b' and 'a_b' would be one name; rename one"],
    ),
    "denominator": (
        page(metric(type="rate", denominator_metric="page.visits")),
        [f"{AT}: its denominator page.visits is no counter here"],
    ),
    "metadata": (
        page(metric(more="    metadata: {rally: {purpose: '', reason: x}}")),
        [
            f"{AT}.metadata.rally.purpose: must be text; write some, in quotes where"
            " YAML needs them",
            f"{AT}.metadata.rally.reason: is not known; remove it or correct its name"
            " (benefit, identifier)",
        ],
    ),
    "twice": (
        page(metric(), metric()),
        ["metrics.yaml: line 24: 'depth' stands twice; remove one"],
    ),
    "no-metric": (
        "",
        [
            "metrics.yaml: defines no metric; correct it or leave it out",
            f"pings.yaml: line 3: visit: {NO_PARTICIPANT}",
        ],
    ),
    "reserved": (
        page().replace("\npage:", f"\nglean.page:{metric()}"),
        [
            "metrics.yaml: For category 'glean.page' Categories beginning with 'glean'"
            " are reserved for Glean internal use."
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_line(tmp_path, name):
    metrics, expected = FAULTS[name]
    assert faults(tmp_path, metrics) == expected


FILES = {
    "list": ("- a", "defines no metric; correct it or leave it out"),
    "empty": ("", "'metrics.yaml' file can not be empty."),
    "no-schema": ("page: {}", "glean_parser stops: TypeError: Invalid schema key None"),
    "other-schema": ("$schema: x/y/z", "$schema key must be one of"),
    "yaml": ("a: [", "line 2: is no YAML: did not find expected node content"),
    "no-utf-8": (b"\xff\xfe\x00", "is not YAML in UTF-8; correct it"),
    "deep": ("a: " + "[" * 99 + "]" * 99, "line 1: nests more than 32 deep; flatten"),
    "long": ("a" * (MAX_BYTES + 1), "is longer than 1,048,576 bytes; split it"),
    "bomb": (
        "a0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 24)),
        "line 15: has more than 100,000 values; split the file",
    ),
    "tag": (
        "a: !!python/object:os.system x",
        "could not determine a constructor for the tag",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_definitions_are_told_in_one_line(tmp_path, name):
    text, expected = FILES[name]
    path = tmp_path / "metrics.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "pings.yaml").write_text(PINGS + VISIT)
    with pytest.raises(ConfigurationError) as refused:
        read_definitions([str(path)], [str(tmp_path / "pings.yaml")])
    told = faults_of(refused.value)[0].replace(f"{tmp_path}/", "")
    assert told.startswith(f"metrics.yaml: {expected}")


def test_missing_files_are_all_told(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_definitions([str(tmp_path / "a.yaml")], [str(tmp_path / "b.yaml")])
    assert [each.rpartition("/")[2] for each in faults_of(refused.value)] == [
        *("a.yaml: No such file or directory", "b.yaml: No such file or directory")
    ]
