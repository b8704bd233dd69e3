"""`rally studies hold` and `release`: legal holds, as counsel has them placed."""

import pytest

from tests.rally.commands.studies_words import AT, FOO, MAY, STORE, refused

HOLD = ("hold", *AT, "--by=stop")
DAYS = ("--from=2021-03-01", "--until=2021-03-31")


def test_hold_is_placed_shown_and_released(rally):
    status, output = rally(*HOLD, *DAYS, MAY, "--note=case 7")
    assert (status, output) == (
        0,
        "rally-study-foo: a legal hold of 2021-03-01 to 2021-03-31 is in force from "
        "2021-05-01T00:00:00Z, as 2\n",
    )
    show = ("show", "rally-study-foo", FOO, STORE)
    _, output = rally(*show, "--as_of=2021-06-01")
    assert output.endswith(
        """
LEGAL HOLD  FROM        UNTIL       SINCE                 BY    NOTE
         2  2021-03-01  2021-03-31  2021-05-01T00:00:00Z  stop  case 7
"""
    )
    assert "LEGAL HOLD" not in rally(*show, "--as_of=2021-04-30")[1]
    release = ("release", *AT, "--by=decide", "--hold=2", "--as_of=2021-07-01")
    assert rally(*release) == (
        0,
        "rally-study-foo: released from 2021-07-01T00:00:00Z\n",
    )
    assert "LEGAL HOLD" not in rally(*show, "--as_of=2021-08-01")[1]
    assert "LEGAL HOLD" in rally(*show, "--as_of=2021-06-30")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*HOLD, DAYS[0]), "--until: is missing; give a submission date"),
        ((*HOLD, DAYS[1]), "--from: is missing; give a submission date"),
        ((*HOLD, DAYS[0], "--until=March"),
         "--until: must be a date such as 2022-03-10, from 2000-01-01 to 2199-12-31"),
        ((*HOLD, "--from=2021-04-01", DAYS[1]),
         "--until: is before --from; correct one of them"),
        ((*HOLD[:-1], *DAYS), "--by: is missing; say who decides"),
        ((*HOLD[:3], *HOLD[4:], *DAYS),
         "--platform: is missing; say where decisions are kept, or give --store"),
        (("release", *HOLD[1:]),
         "--hold: is missing; `rally studies show` lists those in force"),
        (("release", *AT, "--by=decide", "--hold=1"),
         "--hold: no such hold is in force; `rally studies show` lists them"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else value[0],
)  # fmt: skip
def test_wrong_hold_is_one_line(rally, words, message):
    assert refused(rally, *words) == message
