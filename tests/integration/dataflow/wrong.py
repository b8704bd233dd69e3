"""Launches that are refused, each with the line that says why."""

from tests.integration.dataflow.conftest import SUBSCRIPTION

BATCH, STREAM = "--input={bucket}/in/*.ndjson", f"--subscription={SUBSCRIPTION}"
FOLDER = "must be gs://<bucket>/<folder>"
NOT_HERE = "has no meaning on this runner; leave it out, or name another --runner"
NO_KEYS = "is missing; is this the key folder? See `rally keys create --help`"
SHARE = "must be a number above 0 and at most 1; see --help"
A_MOMENT = "must be a number above 0 and at most 86,400; see --help"
DAYS = "must be a number from 0 to 36,500; see --help"
NO_DAY = (
    "--as_of 2026-02-31: is no time from 2000-01-01 to 2199-12-31; write 2026-01-31 or"
    " 2026-01-31T12:00:00Z"
)
STREAMS = "this job ends; only `rally ingest --subscription` is a stream"
ELSEWHERE = "workers are in the job's --region, as the buckets are"
NEEDS_PACKAGE = (
    "--sdk_container_image is required on Dataflow: workers need this package, and can"
    " fetch nothing"
)
ONE = "one worker does `rally delete`; give it more cores with --worker_machine_type"

WRONG = {
    "no such option": (
        ("ingest", BATCH, "--nonsense=1"),
        "--nonsense: no such option; see --help",
    ),
    "option of another job": (
        ("compact", "--plan_only=true"),
        "--plan_only: no such option; see --help",
    ),
    "no source": (("ingest",), "give either --input or --subscription"),
    "two sources": (("ingest", BATCH, STREAM), "give either --input or --subscription"),
    "no match": (
        ("ingest", "--input={bucket}/none"),
        "--input {bucket}/none: matches no file",
    ),
    "local store": (("delete", "--store=/s"), f"--store /s: {FOLDER}"),
    "local keys": (("ingest", BATCH, "--keys=keys"), f"--keys keys: {FOLDER}"),
    "local studies": (("purge", "--studies=./s"), f"--studies ./s: {FOLDER}"),
    "local platform": (("audit", "--platform=/p"), f"--platform /p: {FOLDER}"),
    "local platform keys": (
        ("compact", "--platform_keys=/k"),
        f"--platform_keys /k: {FOLDER}",
    ),
    "local input": (
        ("ingest", "--input=/in/*"),
        "--input /in/*: must be gs://<bucket>/<files>, or several with commas between",
    ),
    "local page": (
        ("audit", "--html=audit.html"),
        "--html audit.html: must be gs://<bucket>/<file>",
    ),
    "report on nobody's screen": (
        ("audit", "--json=-"),
        "--json -: must be gs://<bucket>/<file>",
    ),
    "local staging": (
        ("replay", "--temp_location=/tmp/t"),
        "/tmp/t: Beam's own files are staged on gs://",
    ),
    "flag": (
        ("delete", "--plan_only=yes"),
        "--plan_only: must be true or false; see --help",
    ),
    "subscription": (
        ("ingest", "--subscription=pings"),
        "--subscription pings: must be projects/<project>/subscriptions/<name>",
    ),
    "time": (
        ("compact", "--as_of=tomorrow"),
        "--as_of tomorrow: must be 2026-01-31, or RFC 3339",
    ),
    "name": (
        ("ingest", STREAM, "--country_attribute=a b"),
        "--country_attribute a b: must be a name without spaces",
    ),
    "share": (("audit", "--sample=2"), f"--sample: {SHARE}"),
    "number": (
        ("ingest", BATCH, "--reload_seconds=soon"),
        f"--reload_seconds: {A_MOMENT}",
    ),
    "ids on standard input": (("audit", "--test_ids"), f"--test_ids: {NOT_HERE}"),
    "stream that ends": (
        ("ingest", STREAM, "--stop_after_idle_seconds=9"),
        f"--stop_after_idle_seconds: {NOT_HERE}",
    ),
    "our own reader's deadline": (
        ("ingest", STREAM, "--ack_deadline_seconds=99"),
        f"--ack_deadline_seconds: {NOT_HERE}",
    ),
    "list made anew": (("delete", "--rebuild_list"), f"--rebuild_list: {NOT_HERE}"),
    "public address": (
        ("ingest", BATCH, "--use_public_ips"),
        "--use_public_ips: workers open pings, and have no public address",
    ),
    "stream of files": (
        ("ingest", BATCH, "--streaming"),
        f"--streaming: {STREAMS}",
    ),
    "job that would never end": (
        ("compact", "--streaming"),
        f"--streaming: {STREAMS}",
    ),
    "batch that is updated": (("ingest", BATCH, "--update"), f"--update: {STREAMS}"),
    "conducted job that is updated": (
        ("compact", "--update"),
        f"--update: {STREAMS}",
    ),
    "workers' region": (
        ("ingest", BATCH, "--worker_region=us-east1"),
        f"--worker_region: {ELSEWHERE}",
    ),
    "workers' region, the old way": (
        ("ingest", BATCH, "--experiments=worker_region=us-east1"),
        f"--experiments=worker_region: {ELSEWHERE}",
    ),
    "workers' zone": (
        ("ingest", STREAM, "--worker_zone=us-east1-b"),
        f"--worker_zone: {ELSEWHERE}",
    ),
    "zone": (("audit", "--zone=us-east1-b"), f"--zone: {ELSEWHERE}"),
    "network": (
        ("delete", "--network=default"),
        "--network: --subnetwork names the closed network",
    ),
    "nothing to read": (
        ("audit", "--sample=0"),
        f"--sample: {SHARE}",
    ),
    "everything told": (
        ("audit", "--threshold=0"),
        "--threshold: must be a whole number from 1 to 1,000,000,000; see --help",
    ),
    "days of an audit": (
        ("audit", "--deadline_days=99999"),
        f"--deadline_days: {DAYS}",
    ),
    "days of a purge": (
        ("purge", "--dead_letter_days=99999"),
        f"--dead_letter_days: {DAYS}",
    ),
    "no window": (
        ("delete", "--hold_window_hours=0"),
        "--hold_window_hours: must be a number above 0 and at most 876,000; see --help",
    ),
    "always anew": (
        ("replay", "--reload_seconds=0"),
        f"--reload_seconds: {A_MOMENT}",
    ),
    "day that is none": (("compact", "--as_of=2026-02-31"), NO_DAY),
    "day that is none, to delete": (("delete", "--as_of=2026-02-31"), NO_DAY),
    "registry that is not there": (
        ("compact", "--studies={bucket}/nowhere"),
        "{bucket}/nowhere: holds no study; give the folder of the registry",
    ),
    "platform for each study": (
        ("compact", "--platform={bucket}/p-{{study}}"),
        "--platform has {{study}} in it; the platform's own records have one place for"
        " all studies",
    ),
    "platform keys that are not there": (
        ("compact", "--platform_keys={bucket}/nowhere"),
        f"{{bucket}}/nowhere/kek.json: {NO_KEYS}",
    ),
    "keys that are not there": (
        ("audit", "--keys={bucket}/no", "--platform_keys={bucket}/keys/platform"),
        f"{{bucket}}/no/kek.json: {NO_KEYS}",
    ),
    "workers": (("delete", "--num_workers=3"), f"--num_workers: {ONE}"),
    "more workers": (("delete", "--max_num_workers=9"), f"--max_num_workers: {ONE}"),
    "setup file": (
        ("ingest", BATCH, "--setup_file=/none/setup.py"),
        "--setup_file /none/setup.py: is no file",
    ),
    "requirements": (
        ("ingest", BATCH, "--requirements_file=/none/r.txt"),
        "--requirements_file /none/r.txt: is no file",
    ),
    "package": (
        ("ingest", BATCH, "--extra_package=/none/p.tar.gz"),
        "--extra_package /none/p.tar.gz: is no file",
    ),
    "old runner": (
        ("ingest", BATCH, "--experiments=disable_runner_v2"),
        "Disabling Dataflow Portable Runner no longer supported using Beam Python"
        " 2.77.0.",
    ),
    "region": (
        ("compact", "--region=europe-west1"),
        "{bucket}: is in US-CENTRAL1, and the job in europe-west1; give a bucket of the"
        " job's --region",
    ),
    "store that is not there": (
        ("purge", "--store=gs://not-{name}/s"),
        "gs://not-{name}: there is no such bucket",
    ),
    "a study's store that is not there": (
        ("compact", "--store=gs://{name}-{{study}}", "--platform={bucket}/platform"),
        "gs://{name}-rally-garden: there is no such bucket",
    ),
    "input that is not there": (
        ("ingest", "--input=gs://not-{name}/in/*"),
        "gs://not-{name}: there is no such bucket",
    ),
    "page that is nowhere": (
        ("audit", "--html=gs://not-{name}/audit.html"),
        "gs://not-{name}: there is no such bucket",
    ),
    "staging that is not there": (
        ("replay", "--staging_location=gs://not-{name}/s"),
        "gs://not-{name}: there is no such bucket",
    ),
}
MISSING = {
    "store": "--store is required; see --help",
    "keys": "--keys is required; see --help",
    "project": "--project is required on Dataflow: which one pays and holds the job",
    "region": "--region is required on Dataflow: where the buckets are",
    "temp_location": "--temp_location is required on Dataflow: a gs:// folder for the"
    " job's own files",
    "service_account_email": "--service_account_email is required on Dataflow: the"
    " job's own account",
    "dataflow_kms_key": "--dataflow_kms_key is required on Dataflow: the key of the"
    " job's state",
    "subnetwork": "--subnetwork is required on Dataflow: the closed network",
    "sdk_container_image": NEEDS_PACKAGE,
}
