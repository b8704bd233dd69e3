"""Options that say of pings what the edge would say of them in their messages."""

import argparse

from rally.options import WHAT, Option
from rally.registry.study import Document

COUNTRY = "geo_country"
"""Attribute with the sender's country, as the edge of gcp-ingestion names it."""

PING = (
    Option(
        name="country",
        group=WHAT,
        metavar="CC",
        help="country that they come from, two letters",
    ),
    Option(name="dnt", group=WHAT, choices=("0", "1"), help="Do Not Track of theirs"),
    Option(
        name="agent",
        group=WHAT,
        metavar="TEXT",
        help="X-Telemetry-Agent of their client",
    ),
    Option(
        name="tags",
        group=WHAT,
        metavar="TEXT",
        help="X-Source-Tags of their client, such as automation",
    ),
)
NAMES = " ".join(f"--{each.name}" for each in PING)


def top_names(document: Document) -> list[str]:
    """Lists the names at the top of a document's payload."""
    fields = document.schema.json["fields"]
    return [field.get("json", field["name"]) for field in fields]


def attributes_of(args: argparse.Namespace, country_attribute: str) -> dict[str, str]:
    """Reads the attributes that the options give.

    Args:
        args: parsed options, those of PING among them.
        country_attribute: name of the attribute with the country.
    """
    given = {
        country_attribute: args.country,
        "dnt": args.dnt,
        "x_telemetry_agent": args.agent,
        "x_source_tags": args.tags,
    }
    return {name: value for name, value in given.items() if value is not None}
