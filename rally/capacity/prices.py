"""Reads unit prices: an input of the estimate, whatever they are when you read this.

The default is what was known of published list prices when it was written. Discounts,
free tiers but Pub/Sub's, taxes and support are not in it.
"""

from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from rally.errors import ConfigurationError

_MOST = 1e9


@dataclass(frozen=True, slots=True)
class Prices:
    """List prices in one currency and region.

    Seen, in stored copies that bear no date, of pages named "Cloud Storage pricing"
    with its "Pricing examples", and "Pub/Sub pricing": storage, operations, messages.
    Seen at second hand: keys. From memory, and unsure: all others.

    Attributes:
        currency: currency of all prices.
        region: region where they hold.
        as_of: date on which they were looked up.
        stream_vcpu_hour: core of a Dataflow streaming worker; unsure.
        batch_vcpu_hour: core of a Dataflow batch worker; unsure.
        memory_gib_hour: memory of either worker; unsure.
        stream_gib: data that Streaming Engine processes; unsure.
        storage_gib_month: data on Cloud Storage, Standard.
        class_a_1000: requests that write or list.
        class_b_1000: requests that read.
        pubsub_tib: data published, or delivered.
        pubsub_free_gib: part of that which is free in a month.
        pubsub_retained_gib_month: acknowledged messages that a topic keeps; unsure.
        key_version_month: version of a key in Cloud KMS, software.
        key_operations_10000: operations with such a key.
    """

    currency: str = "USD"
    region: str = "us-central1"
    as_of: str = "2026-11-27, from undated copies"
    stream_vcpu_hour: float = 0.069
    batch_vcpu_hour: float = 0.056
    memory_gib_hour: float = 0.003557
    stream_gib: float = 0.018
    storage_gib_month: float = 0.020
    class_a_1000: float = 0.005
    class_b_1000: float = 0.0004
    pubsub_tib: float = 40.0
    pubsub_free_gib: float = 10.0
    pubsub_retained_gib_month: float = 0.27
    key_version_month: float = 0.06
    key_operations_10000: float = 0.03


def read_prices(path: str | None) -> Prices:
    """Reads the default prices, with those of a YAML or JSON file in their place.

    Args:
        path: path of the file; None is the default alone.

    Raises:
        ConfigurationError: the file cannot be read, or holds something else.
    """
    if path is None:
        return Prices()
    try:
        content = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise ConfigurationError(
            f"--prices: {path} cannot be read ({error.strerror})"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):  # a date of month 13, say
        raise ConfigurationError(f"--prices: {path} is no YAML or JSON") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"--prices: {path} must hold names and prices")
    given: dict[str, Any] = {
        name: _checked(path, name, value) for name, value in content.items()
    }
    return replace(Prices(), **given)


def _checked(path: str, name: Any, value: Any) -> str | float:
    kinds = {field.name: type(field.default) for field in fields(Prices)}
    if name not in kinds:
        raise ConfigurationError(
            f"--prices: {path} names what is no price; known are {', '.join(kinds)}"
        )
    if kinds[name] is str:
        if not isinstance(value, str | date):
            raise ConfigurationError(
                f"--prices: {path}: {name} must be words; put them in quotes"
            )
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"--prices: {path}: {name} must be a number")
    if not 0 <= value <= _MOST:  # which no NaN is
        raise ConfigurationError(f"--prices: {path}: {name} must be 0 or more")
    return float(value)
