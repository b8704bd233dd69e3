"""Prices: the default, what a file changes of it, and files that are none."""

import json
from dataclasses import asdict, replace

import pytest

from rally.capacity.estimate import make_estimate
from rally.capacity.model import Inputs
from rally.capacity.prices import Prices, read_prices
from rally.errors import ConfigurationError

PLATFORM = Inputs(10**7, 10**5, 3, leavers_per_day=100)


@pytest.fixture
def file(tmp_path):
    """Writes a file of prices; returns its path."""

    def write(text):
        path = tmp_path / "prices.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_file_changes_what_it_names_and_nothing_else(file):
    text = "currency: EUR\nstorage_gib_month: 1\nas_of: 2030-01-31\n"
    changed = replace(
        Prices(), currency="EUR", storage_gib_month=1.0, as_of="2030-01-31"
    )

    assert read_prices(file(text)) == changed
    assert read_prices(file(json.dumps(asdict(changed)))) == changed
    assert read_prices(None) == Prices()


def test_every_price_counts():
    named = asdict(Prices()).items()
    free = {name: 0.0 for name, price in named if isinstance(price, float)}
    nothing = replace(Prices(), **free)
    assert make_estimate(PLATFORM, nothing).total == 0

    for name in free:
        if name != "pubsub_free_gib":
            paid = replace(nothing, **{name: 1.0})
            assert make_estimate(PLATFORM, paid).total > 0, name
    message = replace(nothing, pubsub_tib=1.0)
    some_free = replace(message, pubsub_free_gib=1.0)
    assert (
        make_estimate(PLATFORM, some_free).total
        < make_estimate(PLATFORM, message).total
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gold: 1", "names what is no price; known are currency, region,"),
        ("class_a_1000: cheap", "class_a_1000 must be a number"),
        ("class_a_1000: true", "class_a_1000 must be a number"),
        ("class_a_1000: -1", "class_a_1000 must be 0 or more"),
        ("class_a_1000: .nan", "class_a_1000 must be 0 or more"),
        ("1: 2", "names what is no price"),
        ("[1]", "must hold names and prices"),
        ("", "must hold names and prices"),
        ("region: 0x" + 5000 * "f", "region must be words; put them in quotes"),
        ("currency: [a]", "currency must be words"),
        ("a: [", "is no YAML or JSON"),
        (20_000 * "[", "is no YAML or JSON"),
        ("as_of: 2026-13-45", "is no YAML or JSON"),
        ("storage_gib_month: 0b_", "is no YAML or JSON"),
        (b"\xff\xfe\x00", "is no YAML or JSON"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_file_that_holds_something_else_is_refused(file, text, why):
    with pytest.raises(ConfigurationError, match=f"^--prices: .*{why}"):
        read_prices(file(text))


def test_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read \(No such file"):
        read_prices(str(tmp_path / "none"))
