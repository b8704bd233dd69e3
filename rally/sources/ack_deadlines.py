"""Deadlines by which a Pub/Sub message has to be acknowledged: numbers alone."""

ACK_DEADLINE_SECONDS = 60
"""How long a message is ours: far longer than it takes to have it in a file."""


LONGEST_ACK_DEADLINE_SECONDS = 600
"""What Pub/Sub grants at most."""
