"""Names the exit statuses, which are the same for every command.

A schedule, an alert and a person act on them (docs/operations.md, "Exit statuses").
"""

DONE = 0
"""All is as it should be."""

NOT_AS_PROMISED = 1
"""The command ran, and something is not as promised, or a service is away."""

NOT_BEGUN = 2
"""An option, a file or a key is not as it must be; a person has to mend it."""

CRASHED = 70
"""An error that nobody foresaw, which is a bug of ours: EX_SOFTWARE of sysexits.h."""

SIGNALLED = 128
"""Number that a shell adds to that of the signal that ended a command."""

MEANINGS = {
    DONE: "done",
    NOT_AS_PROMISED: "something is not as promised",
    NOT_BEGUN: "wrong options or configuration",
    CRASHED: "a crash, which is a bug",
}
