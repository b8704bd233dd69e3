"""The commands from outside: what they print, and with which status they end."""

import shlex
import subprocess
import sys

import pytest

from pipelines import cli
from pipelines.beam_names import FLAGS, OPTIONAL, VALUES, names_of_beam
from pipelines.command_line import read_words
from rally.options import FLAG
from rally.outcomes import FailureReason
from tests.support.world import AS_OF, write_lines

HEAVY = {"apache_beam", "fastavro", "tink", "cryptography", "grpc", "numpy", "requests"}
LOADED = f"""
import sys
from pipelines.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(sorted(sys.modules.keys() & {HEAVY!r}), file=sys.stderr)
"""


def run_command(*argv):
    """A command in a process of its own: status, output, errors."""
    done = subprocess.run([sys.executable, *argv], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def pings(world, tmp_path):
    return write_lines(tmp_path / "in.ndjson", [world.visit(1, 1), world.visit(2, 2)])


TWO_STORED = """\
STUDY         DOCUMENT  OUTCOME  PINGS
rally-garden  visit.1   stored       2
"""


@pytest.mark.slow("processes")
def test_ingest_as_a_module_prints_a_summary_and_nothing_else(world, store, pings):
    argv = ["-m", "pipelines.ingest", f"--input={pings}", *world.options(store)]

    assert run_command(*argv) == (0, TWO_STORED, "")


def test_ingest_as_a_command_prints_a_summary_and_nothing_else(
    world, store, pings, capsys
):
    argv = ["ingest", f"--input={pings}", *world.options(store)]

    assert (cli.main(argv), *capsys.readouterr()) == (0, TWO_STORED, "")


@pytest.mark.slow("processes")
def test_job_as_a_module_ends_with_what_is_wrong_and_status_2():
    expected = (
        "rally: --nope: no such option; see --help\n"
        "rally: --store is required; see --help\n"
        "rally: --keys is required; see --help\n"
    )

    assert run_command("-m", "pipelines.replay", "--nope=1") == (2, "", expected)


@pytest.mark.parametrize("text", ["", "\n", " \n\n"], ids=["no byte", "line", "lines"])
def test_empty_input_is_no_pings(text, world, store, tmp_path, capsys):
    (tmp_path / "empty").write_text(text)

    status = cli.main(["ingest", f"--input={tmp_path}/empty", *world.options(store)])

    assert (status, *capsys.readouterr()) == (0, "no pings\n", "")


def test_replay_without_dead_letters_says_so(world, store, capsys):
    assert cli.main(["replay", *world.options(store)]) == 0
    assert capsys.readouterr() == ("no dead letters\n", "")


A_MOMENT = "must be a number above 0 and at most 86,400; see --help"
NO_TIME = (
    "is no time from 2000-01-01 to 2199-12-31; write 2026-01-31 or 2026-01-31T12:00:00Z"
)
WRONG = {
    "unknown option": (["--nope=1"], "--nope: no such option; see --help"),
    "abbreviated option": (
        ["--stor=x"],
        "--stor: no such option; did you mean --store?",
    ),
    "another job's option": (
        ["--reason=no_key"],
        "--reason: no such option; see --help",
    ),
    "stray word": (["stray"], "stray: no such option; see --help"),
    "option without value": (
        ["--as_of"],
        "--as_of: expected one argument; see --help",
    ),
    "no store": (["--store="], "--store is required; see --help"),
    "no keys": (["--keys="], "--keys is required; see --help"),
    "no source": (["--input="], "give either --input or --subscription"),
    "two sources": (
        ["--subscription=projects/p/subscriptions/s"],
        "give either --input or --subscription",
    ),
    "subscription path": (
        ["--input=", "--subscription=projects/p/topics/t"],
        "--subscription projects/p/topics/t: must be"
        " projects/<project>/subscriptions/<name>",
    ),
    "flush beyond every deadline": (
        [
            "--input=",
            "--subscription=projects/p/subscriptions/s",
            "--flush_seconds=600",
        ],
        "--ack_deadline_seconds must be longer than --flush_seconds, and at most 600",
    ),
    "deadline before flush": (
        [
            "--input=",
            "--subscription=projects/p/subscriptions/s",
            "--flush_seconds=20",
            "--ack_deadline_seconds=20",
        ],
        "--ack_deadline_seconds must be longer than --flush_seconds, and at most 600",
    ),
    **{
        f"stream on {' '.join(engine)}": (
            ["--input=", "--subscription=projects/p/subscriptions/s", *engine],
            "a stream needs a job server: give --job_endpoint, the address of one that"
            " runs",
        )
        for engine in (
            ["--runner=FlinkRunner"],
            ["--runner=FlinkRunner", "--flink_master=h:8081"],
            ["--runner=apache_beam.runners.portability.flink_runner.FlinkRunner"],
            ["--runner=PortableRunner", "--job_endpoint=embed"],
        )
    },
    "no time to gather": (["--flush_seconds=0"], f"--flush_seconds: {A_MOMENT}"),
    "not a number": (["--flush_seconds=nan"], f"--flush_seconds: {A_MOMENT}"),
    "no time to look again": (
        ["--reload_seconds=0"],
        f"--reload_seconds: {A_MOMENT}",
    ),
    "time without end": (
        ["--reload_seconds=inf"],
        f"--reload_seconds: {A_MOMENT}",
    ),
    "no size": (
        ["--split_bytes=0"],
        "--split_bytes: must be a whole number from 1 to 1,000,000,000,000; see --help",
    ),
    "glob without match": (
        ["--input={root}/none*"],
        "--input {root}/none*: matches no file",
    ),
    "one of two globs": (
        ["--input={pings},{root}/none*"],
        "--input {root}/none*: matches no file",
    ),
    "clock": (
        ["--as_of=yesterday"],
        f"--as_of yesterday: {NO_TIME}",
    ),
    "clock at the end of time": (
        ["--as_of=9999-12-31T23:59:59-01:00"],
        f"--as_of 9999-12-31T23:59:59-01:00: {NO_TIME}",
    ),
    "line break": (
        ["--as_of=a\nb\rc"],
        f"--as_of a b c: {NO_TIME}",
    ),
    "key folder missing": (
        ["--keys={root}/nowhere"],
        "{root}/nowhere/platform/pseudonym.platform.keyset.json: is missing; is this"
        " the key folder? If it is, restore the key: a new one does not know what this"
        " one made"
        "\nrally: {root}/nowhere/platform/kek.json: is missing; is this the key folder?"
        " See `rally keys create --help`"
        "\nrally: {root}/nowhere/kek.json: is missing; is this the key folder? See"
        " `rally keys create --help`",
    ),
    "key folder is a file": (
        ["--keys={pings}"],
        "{pings}/platform/pseudonym.platform.keyset.json: is missing; is this the key"
        " folder? If it is, restore the key: a new one does not know what this one"
        " made"
        "\nrally: {pings}/platform/kek.json: is missing; is this the key folder? See"
        " `rally keys create --help`"
        "\nrally: {pings}/kek.json: is missing; is this the key folder? See"
        " `rally keys create --help`",
    ),
    "store is a file": (
        ["--store={pings}"],
        "{pings}/platform: is not a platform: it has no rally-store.json; is it"
        " mounted? Correct --platform, or make it one by `rally init`"
        "\nrally: {pings}: is not a store: it has no rally-store.json; is it mounted?"
        " Correct --store, or make it one by `rally init`",
    ),
    "store of another scheme": (
        ["--store=s3://bucket"],
        "s3://bucket/platform: only local folders and gs:// are stores; give one of"
        " these",
    ),
    "store by study without platform": (
        ["--store={root}/{{study}}"],
        "--store has {{study}} in it; say with --platform where the platform's own"
        " records go",
    ),
    "registry missing": (
        ["--studies={root}/nowhere"],
        "{root}/nowhere: holds no study; give the folder of the registry",
    ),
    "engine of no address": (
        ["--runner=PortableRunner"],
        "--job_endpoint is required with --runner=PortableRunner: the address of a job"
        " server that runs",
    ),
    "runner of no module": (["--runner=no.Runner"], "No module named 'no'"),
    "runner": (["--runner=No"], "Unexpected pipeline runner: No. Valid values are "),
}


@pytest.mark.parametrize(("more", "message"), WRONG.values(), ids=WRONG)
def test_wrong_option_is_a_line_for_each_fault_and_status_2(
    more, message, world, store, pings, tmp_path, capsys
):
    names = {"root": tmp_path, "pings": pings}
    wrong = [option.format(**names) for option in more]

    status = cli.main(["ingest", f"--input={pings}", *world.options(store), *wrong])

    out, errors = capsys.readouterr()
    assert (status, out) == (2, "")
    assert errors.count("\n") == message.count("\n") + 1
    assert errors.startswith(f"rally: {message.format(**names)}")
    assert message.endswith(" ") or errors == f"rally: {message.format(**names)}\n"


def test_unknown_reason_of_replay_is_one_line_and_status_2(world, store, capsys):
    assert cli.main(["replay", *world.options(store), "--reason=bad luck"]) == 2
    out, errors = capsys.readouterr()
    reasons = ", ".join(f"'{reason}'" for reason in FailureReason)
    expected = f"--reason: invalid choice: 'bad luck' (choose from {reasons})"
    assert (out, errors) == ("", f"rally: {expected}; see --help\n")


def test_wrong_option_of_the_demo_is_one_line_and_status_2(capsys):
    assert cli.main(["demo", "--bogus"]) == 2
    expected = "rally: --bogus: no such option; see --help\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize(
    ("below", "reason"),
    [("", "File exists"), ("/folder", "Not a directory")],
    ids=["a file", "below a file"],
)
def test_demo_in_a_file_is_one_line_and_status_2(below, reason, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    out = f"{tmp_path}/file{below}"

    assert cli.main(["demo", f"--out={out}"]) == 2

    assert capsys.readouterr() == (
        "",
        f"rally: --out {out}: is no folder to write in ({reason}); name a new folder\n",
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_names_of_beam_are_those_of_the_beam_that_is_installed():
    assert names_of_beam() == {"VALUES": VALUES, "OPTIONAL": OPTIONAL, "FLAGS": FLAGS}
    assert "dry_run" in VALUES  # else we looked at nothing


@pytest.mark.parametrize("job", cli.JOBS, ids=lambda job: job.name)
def test_no_option_of_ours_has_a_name_that_beam_has(job):
    assert not {each.name for each in job.options} & (VALUES | OPTIONAL | FLAGS)


@pytest.mark.parametrize("job", cli.JOBS, ids=lambda job: job.name)
def test_help_lists_every_option_with_a_text(job, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([job.name, "--help"])

    out, errors = capsys.readouterr()
    assert (stopped.value.code, errors) == (0, "")
    shown = " ".join(out.split())
    for option in job.options:
        value = f"[{FLAG}]" if option.is_flag else option.metavar
        assert f"  --{option.name} {value}" in out
        assert " ".join(option.text.split()[:3]) in shown
    assert "--runner" in out  # where to look for Beam's own
    assert f"Example:\n  rally {job.name} {job.example}\n" in out


@pytest.mark.parametrize("job", cli.JOBS, ids=lambda job: job.name)
def test_example_of_help_is_a_command_line(job):
    assert read_words(job, shlex.split(job.example))


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["nonsense"],
        ["keys", "--help"],
        ["keys", "create", "--help"],
        *([job.name, word] for job in cli.JOBS for word in ("--help", "--sotre=x")),
        *([job.name] for job in cli.JOBS),
    ],
    ids=" ".join,
)
def test_answer_without_a_job_imports_nothing_that_is_slow(argv):
    status, out, errors = run_command("-c", LOADED, *argv)

    assert (status, errors.splitlines()[-1]) == (0, "[]")
    assert out or len(errors.splitlines()) > 1


def test_command_that_is_no_job_works_without_beam():
    words = ["studies", "list", f"--as_of={AS_OF}"]
    status, out, errors = run_command("-c", LOADED, *words)

    assert (status, out[:9]) == (0, "NAMESPACE")
    assert "apache_beam" not in errors


@pytest.mark.parametrize("words", [["--help"], ["--sotre=x"]], ids=" ".join)
@pytest.mark.parametrize("job", cli.JOBS, ids=lambda job: job.name)
def test_module_of_a_job_answers_without_beam(job, words):
    look = ["-X", "importtime", "-m", f"pipelines.{job.name}", *words]

    status, out, errors = run_command(*look)

    assert status == (0 if out else 2)
    imported = {line.rpartition("|")[2].strip() for line in errors.splitlines()}
    assert "pipelines.starting" in imported  # else we looked at nothing
    assert not HEAVY & imported


def test_what_is_slow_is_found_where_it_is_imported():
    command = ("-c", LOADED.replace("main(sys.argv[1:])", "import apache_beam"))
    assert "apache_beam" in run_command(*command)[2].splitlines()[-1]
