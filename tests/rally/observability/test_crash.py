"""What is told of a crash: types and lines of code, and never a word."""

from rally.observability.crash import Crashed, describe_crash


def caught(job):
    try:
        job()
    except BaseException as error:
        return error


def fail(words):
    raise ValueError(words)


def test_each_error_of_a_chain_is_told_once_with_its_places():
    def job():
        try:
            fail("Sabine")
        except ValueError as error:
            raise KeyError("reads") from error

    kinds = [line for line in describe_crash(caught(job)) if ":" not in line]
    places = [line for line in describe_crash(caught(job)) if ":" in line]
    assert kinds == ["builtins.KeyError", "builtins.ValueError"]
    assert [place.rpartition(" in ")[2] for place in places] == [
        *("caught", "job"),
        *("job", "fail"),
    ]


def test_cause_that_is_hidden_stays_so():
    def job():
        try:
            fail("Sabine")
        except ValueError:
            raise KeyError("reads") from None

    assert "builtins.ValueError" not in describe_crash(caught(job))


def test_errors_that_name_each_other_come_to_an_end():
    one, other = ValueError("Sabine"), KeyError("reads")
    one.__cause__, other.__cause__ = other, one
    assert describe_crash(one) == ["builtins.ValueError", "builtins.KeyError"]


def test_deep_crash_is_told_in_few_lines():
    def deeper():
        deeper()

    lines = describe_crash(caught(deeper))
    assert lines[0] == "builtins.RecursionError"
    assert len(lines) < 50


def test_workers_crash_is_told_as_it_was_there():
    lines = describe_crash(caught(lambda: fail("Sabine")))
    crashed = Crashed.of(caught(lambda: fail("Sabine")))
    assert [line.partition(":")[0] for line in describe_crash(crashed)] == [
        line.partition(":")[0] for line in lines
    ]
    assert "Sabine" not in str(crashed)


def test_nothing_is_nothing():
    assert describe_crash(None) == []
