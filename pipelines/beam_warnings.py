"""Drops one line that Beam logs on import where its Google extra is missing.

Only a job on Dataflow needs the extra; everybody else need not wonder. Whoever imports
Beam first imports this module before it.
"""

import logging


class _NoGoogleExtra(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "apitools not found" not in record.getMessage()


logging.getLogger().addFilter(_NoGoogleExtra())
