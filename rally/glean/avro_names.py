"""Makes names that Avro, and the tables of most databases, allow."""

import re

_OTHER = re.compile("[^A-Za-z0-9_]")


def avro_name(name: str) -> str:
    """Gives the name of a field for a name of Glean's: `page.url` becomes `page_url`.

    Different names may become one; rally.glean.checks finds these.
    """
    made = _OTHER.sub("_", name)
    return f"_{made}" if made[:1].isdigit() or not made else made
