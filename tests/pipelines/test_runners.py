"""A runner is the same however it is spelt."""

import sys

import pytest
from apache_beam.options.pipeline_options import StandardOptions

from pipelines import cli
from pipelines.ingest import JOB
from pipelines.ingest_options import check_source, has_own_source
from pipelines.options import parse_options
from pipelines.runners import LOCAL_RUNNER, is_local

HERE = ".".join(map(str, sys.version_info[:2]))
SUBSCRIPTION = "--subscription=projects/p/subscriptions/s"


def parse(*argv):
    return parse_options(JOB, ["--store=store", "--keys=keys", *argv])


def runner_of(*argv):
    return parse(*argv).view_as(StandardOptions).runner


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--runner=DirectRunner"],
        ["--runner=directrunner"],
        ["--runner=DIRECTRUNNER"],
        ["--runner=direct"],
        ["--runner=SwitchingDirectRunner"],
        ["--runner=switchingdirectrunner"],
        ["--runner=FnApiRunner"],
        ["--runner=fnApiRunner"],
        ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"],
        ["--runner=apache_beam.runners.direct.direct_runner.DirectRunner"],
        [f"--runner={LOCAL_RUNNER}"],
    ],
    ids=str,
)
def test_local_runner_is_one_however_it_is_spelt(argv):
    options = parse(*argv, SUBSCRIPTION)
    check_source(options)

    assert runner_of(*argv) == LOCAL_RUNNER
    assert (is_local(options), has_own_source(options)) == (True, False)
    assert options.view_as(StandardOptions).streaming is False


@pytest.mark.parametrize(
    ("given", "runner"),
    [
        ("DataflowRunner", "DataflowRunner"),
        ("dataflowrunner", "DataflowRunner"),
        ("DATAFLOWRUNNER", "DataflowRunner"),
        ("dataflow", "DataflowRunner"),
        (
            "apache_beam.runners.dataflow.dataflow_runner.DataflowRunner",
            "DataflowRunner",
        ),
        ("TestDataflowRunner", "TestDataflowRunner"),
        ("testdataflowrunner", "TestDataflowRunner"),
    ],
)
def test_dataflow_reads_by_itself_however_it_is_spelt(given, runner):
    options = parse(f"--runner={given}", SUBSCRIPTION)
    check_source(options)

    assert options.view_as(StandardOptions).runner == runner
    assert (is_local(options), has_own_source(options)) == (False, True)
    assert options.view_as(StandardOptions).streaming is True


@pytest.mark.parametrize("given", ["FlinkRunner", "PortableRunner", "my.Runner"])
def test_other_runner_is_left_as_it_is_and_uses_our_reader(given):
    options = parse(f"--runner={given}", "--job_endpoint=h:8099", SUBSCRIPTION)
    check_source(options)

    assert options.view_as(StandardOptions).runner == given
    assert (is_local(options), has_own_source(options)) == (False, False)


@pytest.mark.parametrize(
    "argv",
    [
        ["--runner=DataflowRunner"],
        ["--runner=dataflow", "--dry_run=True"],
        ["--runner=FlinkRunner"],
        ["--runner=FlinkRunner", "--environment_type=DOCKER"],
        ["--runner=PortableRunner", "--job_endpoint=127.0.0.1:1"],
        [
            *("--runner=PortableRunner", "--environment_type=beam:env:docker:v1"),
            "--job_endpoint=127.0.0.1:1",
        ],
    ],
    ids=" ".join,
)
def test_launch_from_another_python_than_the_images_is_one_line(
    argv, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("pipelines.runners.WORKERS_PYTHON", (3, 99))
    monkeypatch.chdir(tmp_path)

    given = ["--store=store", "--keys=keys", SUBSCRIPTION, *argv]
    assert cli.main(["ingest", *given]) == 2

    assert capsys.readouterr() == (
        "",
        f"rally: --runner: the workers' image has Python 3.99, and this is {HERE};"
        " launch from the image, or from an environment of Python 3.99\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--runner=DirectRunner"],
        ["--runner=FlinkRunner", "--environment_type=PROCESS"],
        ["--runner=PortableRunner", "--environment_type=LOOPBACK"],
        ["--runner=my.Runner"],
    ],
    ids=str,
)
def test_workers_of_no_image_are_asked_for_no_version(argv, monkeypatch):
    monkeypatch.setattr("pipelines.runners.WORKERS_PYTHON", (3, 99))
    parse(*argv, "--job_endpoint=h:8099")


@pytest.mark.parametrize("number", ["-1", "1001", "9" * 20])
def test_number_of_workers_that_no_machine_has_is_one_line(number, capsys):
    words = ["ingest", "--store=s", "--keys=k", f"--direct_num_workers={number}"]
    assert cli.main(words) == 2
    assert capsys.readouterr() == (
        "",
        "rally: --direct_num_workers: must be a whole number from 0 to 1,000;"
        " 0 is one for each core\n",
    )
