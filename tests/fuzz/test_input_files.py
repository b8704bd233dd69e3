"""Whatever a file holds: every message of a whole one, and no more than may pass."""

import base64
import contextlib
import gzip
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decryption.inflate import most_inflated
from rally.envelope import make_envelope
from rally.errors import ConfigurationError
from rally.sources.inputs import InputRange
from rally.sources.lines import Malformed
from rally.sources.messages import read_messages
from tests.fuzz.generators import json_values, mostly, texts
from tests.support.message_files import MARK, SCHEMA, avro_record, make_blocks_file

ADDRESS = "203.0.113.7"
"""Of whoever sent it: the edge's attributes have it, and no envelope."""

kept = st.fixed_dictionaries(
    {"uri": st.just("/u")},
    optional={"dnt": texts, "x_debug_id": texts, "submission_timestamp": texts},
)
messages = st.lists(st.tuples(st.binary(max_size=40), kept), min_size=1, max_size=5)
of_nobody = st.dictionaries(
    st.sampled_from(["user_agent", "content_length", "proxy\ud83c", "host"]),
    json_values | st.just(ADDRESS),
    max_size=3,
)


@st.composite
def json_messages(draw, made):
    """The same messages, as different tools of JSON write them."""
    body, attributes = made
    text = base64.b64encode(body).decode()
    text = draw(st.sampled_from([text, base64.urlsafe_b64encode(body).decode()]))
    text = draw(st.sampled_from([text, text.rstrip("="), f"{text}\n"]))
    names = draw(st.sampled_from([("attributes", "data"), ("attributeMap", "payload")]))
    both = {**draw(of_nobody), "remote_addr": ADDRESS, **attributes}
    message = dict(zip(names, (both, text), strict=True))
    message |= draw(st.dictionaries(st.just("note"), json_values, max_size=1))
    return draw(st.sampled_from([message, {"ackId": "x", "message": message}]))


@st.composite
def text_files(draw, made):
    """A file of lines or a document, with or without a mark, packed or not."""
    written = [draw(json_messages(each)) for each in made]
    indent = draw(st.sampled_from([None, 1]))
    line_ends = draw(st.sampled_from(["\n", "\r\n", "\n\n \n"]))
    text = draw(
        st.sampled_from(
            [
                line_ends.join(map(json.dumps, written)),
                json.dumps(written, indent=indent),
                json.dumps({"receivedMessages": written}, indent=1),
            ]
        )
    )
    data = draw(st.sampled_from([b"", MARK])) + text.encode()
    return draw(st.sampled_from([data, gzip.compress(data, mtime=0)]))


@st.composite
def avro_files(draw, made):
    """A file of any codec, cut into blocks anywhere, its fields in any order."""
    codec = draw(
        st.sampled_from(["null", "deflate", "bzip2", "xz", "snappy", "zstandard"])
    )
    fields = draw(st.permutations(SCHEMA["fields"]))
    records = [
        {**avro_record(body), "attributes": {"remote_addr": ADDRESS, **attributes}}
        for body, attributes in made
    ]
    cut = draw(st.integers(0, len(records)))
    blocks = [records[:cut], records[cut:]]
    return make_blocks_file(codec, blocks, {**SCHEMA, "fields": fields})


def any_file(made):
    """Messages in a file of any form."""
    return st.one_of(text_files(made), avro_files(made))


@st.composite
def damaged(draw, data):
    """A file that something happened to."""
    at, to = sorted(draw(st.integers(0, len(data))) for _ in range(2))
    noise = draw(st.binary(max_size=8))
    return draw(
        st.sampled_from(
            [
                data[:at],
                data[at:],
                data[:at] + noise + data[to:],
                data[:at] + noise + data[at:],
                data[:to] + data[at:],
                data * 2,
            ]
        )
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "input"


def read(path, data):
    path.write_bytes(data)
    return list(read_messages(InputRange(str(path), 0, len(data)), None))


@given(data=st.data())
def test_whole_file_of_any_form_has_every_message_once(data, path):
    made = data.draw(messages)
    found = read(path, data.draw(any_file(made)))
    assert found == [make_envelope(*each, None) for each in made]


@given(data=st.data())
def test_damaged_file_of_any_form_is_read_in_part_or_refused_in_one_line(data, path):
    spoilt = data.draw(damaged(data.draw(any_file(data.draw(messages)))))
    try:
        found = read(path, spoilt)
    except ConfigurationError as error:
        found, shown = [], str(error)
    else:
        shown = repr([each.origin for each in found if isinstance(each, Malformed)])
    payloads = [each.payload for each in found if not isinstance(each, Malformed)]
    assert sum(map(len, payloads)) <= most_inflated(len(spoilt))
    assert ADDRESS not in shown
    assert len(shown.splitlines()) == 1
    runs = [isinstance(each, Malformed) for each in found]
    assert (True, True) not in itertools.pairwise(runs)


hostile_files = st.one_of(
    st.binary(max_size=80),
    st.binary(max_size=80).map(lambda data: b"Obj\x01" + data),
    st.binary(max_size=80).map(gzip.compress),
    st.binary(max_size=80).map(lambda data: b"[" + data),
    json_values.map(lambda value: json.dumps(value).encode()),
    json_values.map(
        lambda schema: make_blocks_file("null", [], json.dumps(schema).encode())
    ),
    mostly("null", texts, 3).map(lambda codec: make_blocks_file(codec, [])),
)


@given(hostile_files)
def test_file_of_nobody_is_read_or_refused_in_one_line(path, data):
    with contextlib.suppress(ConfigurationError):
        assert len(read(path, data)) <= len(data)
