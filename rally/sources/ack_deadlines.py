"""Names the deadlines by which Pub/Sub wants a message acknowledged: numbers alone."""

ACK_DEADLINE_SECONDS = 60
"""Time for which a pulled message is ours: far longer than it takes to store it."""


LONGEST_ACK_DEADLINE_SECONDS = 600
"""Longest deadline that Pub/Sub grants."""
