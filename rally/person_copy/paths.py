"""Names the files of a person's copy."""

INDEX, ABOUT, MANIFEST = "index.html", "about.json", "manifest.json"
PARTICIPATION, CONSENTS = "participation.json", "consents.json"


def csv_path(study: str, document: str) -> str:
    """Returns the path of a document's rows as CSV."""
    return f"data/{study}/{document}.csv"


def json_lines_path(study: str, document: str) -> str:
    """Returns the path of a document's rows as JSON lines."""
    return f"data/{study}/{document}.jsonl"


def schema_path(study: str, document: str) -> str:
    """Returns the path of a document's fields in words."""
    return f"schemas/{study}/{document}.json"


def receipt_path(number: int) -> str:
    """Returns the path of what a receipt says of the person."""
    return f"receipts/{number}.json"
