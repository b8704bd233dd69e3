"""A command's process: what its streams are, and which status it ends with."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RALLY = [str(Path(sys.executable).with_name("rally"))]
LIST = [*RALLY, "studies", "list"]
FULL = "rally: standard output: cannot be written (No space left on device)\n"
PROGRAM = """
import sys
from rally.process import run_as_process
def main():
    {body}
    return 0
run_as_process(main)
"""


def run(*words, shell="", env=None, **more):
    """Runs a command, in a shell where streams are to be closed or redirected."""
    command = ["sh", "-c", f'"$@" {shell}', "sh", *words] if shell else words
    done = subprocess.run(
        command, env=os.environ | (env or {}), capture_output=True, timeout=120, **more
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def program(body, *words, **more):
    text = PROGRAM.format(body="\n    ".join(body.splitlines()))
    return run(sys.executable, "-c", text, *words, **more)


def test_what_is_printed_comes_out():
    assert program("print('Énergie', end='')") == (0, "Énergie", "")
    assert program("return 1") == (1, "", "")
    assert program("return 2") == (2, "", "")


@pytest.mark.slow("processes")
@pytest.mark.parametrize(
    "words",
    [
        LIST,
        [*RALLY, "--help"],
        [*RALLY, "studies", "--help"],
        [*RALLY, "ingest", "--help"],
        [sys.executable, "-m", "pipelines.purge", "--help"],
    ],
    ids=lambda words: " ".join(words[1:]),
)
def test_output_that_is_full_is_one_line_and_status_1(words):
    assert run(*words, shell=">/dev/full") == (1, "", FULL)


def test_output_that_is_full_at_its_first_line_ends_the_command():
    body = "import sys\nprint('x' * 100_000)\nsys.stderr.write('went on')"
    assert program(body, shell=">/dev/full") == (1, "", FULL)


def test_output_that_nobody_reads_is_one_line_and_status_1():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(LIST, stdout=write, stderr=subprocess.PIPE, timeout=120)
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == b"rally: standard output: cannot be written (Broken pipe)\n"


def test_output_that_cannot_be_written_to_is_one_line_and_status_1():
    status, _, errors = run(*LIST, shell="1</dev/null")
    expected = "rally: standard output: cannot be written (Bad file descriptor)\n"
    assert (status, errors) == (1, expected)


@pytest.mark.slow("processes")
@pytest.mark.parametrize("words", [LIST, [sys.executable, "-m", "pipelines.ingest"]])
def test_output_that_is_closed_is_one_line_and_status_2(words):
    expected = "rally: standard output: is closed; name a file for it\n"
    assert run(*words, shell=">&-") == (2, "", expected)


def test_file_that_is_opened_is_no_standard_stream(tmp_path):
    """A library that writes to standard error by number would write into a store."""
    body = f"import os\nfile = open({str(tmp_path / 'row')!r}, 'w')\nos.write(2, b'x')"
    assert program(body, shell="<&- 2>&-") == (0, "", "")
    assert (tmp_path / "row").read_text() == ""


def test_name_with_a_line_break_is_told_in_one_line():
    body = "from rally.process import say\nreturn say('a\\nrally: Ё\\x1b\\udcff.json')"
    told = "rally: a\\nrally: Ё\\x1b\\udcff.json\n"
    assert program(body, env={"PYTHONIOENCODING": "utf-8"}) == (1, "", told)


@pytest.mark.slow("processes")
@pytest.mark.parametrize("job", ["ingest", "audit", "delete"])
def test_help_is_there_for_every_encoding(job):
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    status, told, wrong = run(*RALLY, job, "--help", env=plain)
    assert (status, wrong) == (0, "")
    assert "--direct_num_workers" in told


def test_error_output_that_is_broken_changes_no_status():
    for shell in ("2>&-", "2>/dev/full"):
        assert run(*LIST, "--bogus", shell=shell)[0] == 2
        assert program("raise KeyError", shell=shell)[0] == 70


def test_input_that_is_closed_is_empty():
    assert (
        program("import sys\nprint(repr(sys.stdin.read()))", shell="<&-")[1] == "''\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1", "cp1252"])
def test_encoding_that_lacks_a_character_is_one_line_and_status_1(encoding):
    body = "print('Énergie, Ёлка')"
    assert program(body, env={"PYTHONIOENCODING": encoding}) == (
        1,
        "",
        f"rally: standard output: its encoding, {encoding}, lacks a character of what"
        " is printed; set PYTHONIOENCODING=utf-8\n",
    )


def test_locale_without_characters_prints_them():
    plain = {"LC_ALL": "C", "LANG": "C"}
    assert program("print('Énergie')", env=plain) == (0, "Énergie\n", "")


def test_bad_character_elsewhere_is_a_bug_and_not_the_outputs():
    status, _, errors = program("'\\ud83c'.encode()")
    assert (status, errors.partition("\n")[0]) == (
        70,
        "rally: a bug stopped this command: builtins.UnicodeEncodeError",
    )


@pytest.mark.parametrize(
    ("word", "where"),
    [(b"--store=/a\xff", "--store"), (b"\xff", "argument 4"), (b"-\xff", "argument 4")],
)
def test_argument_that_is_no_text_is_one_line_and_status_2(word, where):
    expected = f"rally: {where}: is not text in UTF-8; rename what it names\n"
    assert run(*LIST, "--studies", word) == (2, "", expected)


@pytest.mark.parametrize(
    "error",
    ["KeyError('Sabine')", "MemoryError('Sabine')", "RecursionError('Sabine')",
     "AssertionError('Sabine')", "StopIteration('Sabine')"],
)  # fmt: skip
def test_crash_has_a_status_of_its_own_and_no_words(error):
    status, out, errors = program(f"raise {error}")
    assert (status, out) == (70, "")
    name = error.partition("(")[0]
    assert errors.startswith(f"rally: a bug stopped this command: builtins.{name}\n")
    assert re.search(r"\n    .*rally/process\.py:\d+ in ", errors)
    assert "Sabine" not in errors


def test_crash_in_a_thread_is_told_without_its_words():
    body = """import threading
def work(): raise KeyError('Sabine')
thread = threading.Thread(target=work)
thread.start()
thread.join()"""
    status, _, errors = program(body)
    assert (status, "Sabine" in errors) == (0, False)
    assert errors.startswith("rally: a bug stopped a thread: builtins.KeyError\n")


def test_ctrl_c_is_one_line_and_the_status_of_a_shell():
    body = """import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests may ignore it
os.kill(os.getpid(), signal.SIGINT)"""
    assert program(body) == (128 + signal.SIGINT, "", "rally: stopped\n")


def test_exit_of_a_library_keeps_its_status():
    assert program("import sys\nprint('all')\nsys.exit(3)") == (3, "all\n", "")
