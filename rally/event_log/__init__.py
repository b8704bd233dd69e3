"""The event log as delete keeps it: sorted, indexed and signed files, by bucket."""
