"""docs/deploy-dataflow.md names options, parameters and resources that there are.

Nothing of it is sent anywhere: the commands of a cloud are held against the files that
they are about.
"""

import json
import re
import shlex

import pytest
import yaml

from pipelines import cli
from rally.errors import ConfigurationError
from tests.docs.test_streams import slug
from tests.support.named_tests import ROOT, find_missing, find_named
from tests.templates.terraform.module import FOLDER, items, load

PAGE = (ROOT / "docs/deploy-dataflow.md").read_text()
BLOCKS = re.findall(r"^```(?:sh|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
JOINED = [block.replace("\\\n", "") for block in BLOCKS]
RALLY = [
    shlex.split(line.strip().removeprefix("$ "), comments=True)[1:]
    for block in JOINED
    for line in block.splitlines()
    if re.match(r"(\$ )?rally ", line.strip())
]
INFRASTRUCTURE = (ROOT / "docs/infrastructure.md").read_text()
EXAMPLES = {"$PREFIX": "my-rally", "$PROJECT": "my-project", "<release>": "1", "…": "x"}


@pytest.fixture(scope="module")
def module():
    return load()


def block(start):
    (found,) = [each for each in JOINED if start in each]
    return found


def filled(text):
    for name, value in EXAMPLES.items():
        text = text.replace(name, value)
    return text


def parameters(command):
    pairs = re.findall(r'--parameters="([^"]+)"', command)
    return dict(pair.split("=", 1) for part in pairs for pair in part.split(","))


def test_commands_of_rally_are_ones_that_there_are():
    assert len(RALLY) >= 7
    for words in RALLY:
        words = words[: words.index(">")] if ">" in words else words
        cli._parser().parse_args(words)


def test_a_command_that_there_is_not_is_found():
    with pytest.raises(ConfigurationError):
        cli._parser().parse_args(["keys", "create", "--nope"])


def test_the_stream_is_launched_with_what_its_template_takes():
    command = block("gcloud dataflow flex-template run")
    given = parameters(command)
    (name,) = re.findall(r"/([a-z-]+)\.json", command)
    template = json.loads((ROOT / f"templates/{name}.json").read_text())
    known = {each["name"]: each for each in template["parameters"]}

    assert template["streaming"]
    assert {n for n, each in known.items() if not each["isOptional"]} <= set(given)
    for parameter, value in given.items():
        (regex,) = known[parameter]["regexes"]
        assert re.fullmatch(regex, filled(value)), parameter


def test_the_stream_has_the_name_that_alerts_look_for(module):
    (name,) = re.findall(r"flex-template run ([\w-]+)", PAGE)

    assert name == "rally-ingest"
    assert f'"{name}' in (FOLDER / "alerts.tf").read_text().replace("\\", "")


def test_the_build_is_given_what_it_knows_and_all_of_it():
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    (given,) = re.findall(r'--substitutions="([^"]+)"', block("gcloud builds submit"))
    named = {pair.partition("=")[0] for pair in given.split(",")}

    assert named == build["substitutions"].keys() - {"_WORKERS"}


def test_accounts_buckets_and_keys_are_those_of_terraform(module):
    accounts = {f"rally-{name}" for name in module.locals["accounts"]}
    kinds = {"study", "keys", "platform", "platform-keys", "temp", "templates"}
    made = set(re.findall(r"\$PREFIX-([a-z]+(?:-keys)?)", PAGE))

    assert set(re.findall(r"(rally-[a-z]+)@\$PROJECT", PAGE)) <= {
        *accounts,
        "rally-launch",
    }
    assert made == {*kinds, "terraform"}  # the last is for Terraform's own state
    purposes = re.findall(r'"([a-z.-]+)"', module.locals["purposes"])
    named = {purpose.replace(".", "-") for purpose in purposes}
    assert set(re.findall(r"/purpose-([a-z.-]+)", PAGE)) == named


def test_the_jobs_that_are_tried_by_hand_are_the_scheduled_ones(module):
    (jobs,) = re.findall(
        r"for job in ([a-z ]+); do", block("gcloud scheduler jobs run")
    )

    assert {*jobs.split(), "audit-whole"} == module.locals["schedules"].keys()


def test_what_terraform_uses_is_enabled_before_it_runs(module):
    """It reads and makes things while it enables, and they would be refused."""
    block_of_projects = block("gcloud projects create")
    enabled = {
        project: set(re.findall(r"(\w+)\.googleapis\.com", services))
        for project, services in re.findall(
            r'services enable --project="\$(\w+)" (.+)', block_of_projects
        )
    }
    used = {each.partition(".")[0] for each in items(module.locals["services"])}

    assert enabled == {
        "project": used | {"cloudresourcemanager", "serviceusage"},
        "BUILD": {"accesscontextmanager", "cloudbuild"},
    }
    assert 'for project in "$PROJECT" "$BUILD"; do\n  gcloud services' in (
        block_of_projects
    )
    assert block_of_projects.index("services enable") < (
        block_of_projects.index("services identity create")
    )


def test_accounts_have_names_that_iam_takes(module):
    made = re.findall(r"service-accounts create ([\w-]+)", PAGE)
    named = re.findall(
        r"\b([\w-]+)@(?:\$PROJECT|\$BUILD|<project>)", PAGE + INFRASTRUCTURE
    )
    (account,) = [
        each.body["account_id"]
        for each in module.of("google_service_account")
        if each.name == "account"
    ]
    of_terraform = [
        *(account.replace("${each.key}", name) for name in module.locals["accounts"]),
        module.one("google_service_account", "launch")["account_id"],
    ]

    assert sorted(made) == ["builder", "terraform"]
    assert set(named) <= {*made, *of_terraform}
    for name in (*made, *of_terraform):
        assert re.fullmatch("[a-z][a-z0-9-]{4,28}[a-z0-9]", name), name


LOGIN = "gcloud auth application-default login"


def whose(text):
    """Whom `rally` and Terraform act as at the end of these commands."""
    logins = re.findall(rf"^ *{LOGIN}(.*)$", text, re.MULTILINE)
    return (
        re.findall(r"service-account=\S*?(rally-\w+)", logins[-1]) if logins else None
    )


@pytest.mark.parametrize(
    "page", [PAGE, INFRASTRUCTURE], ids=["launch", "infrastructure"]
)
def test_rally_and_terraform_act_as_whom_the_page_says(page):
    """By Application Default Credentials; gcloud's own settings are not theirs."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    blocks = [each.replace("\\\n", "") for each in blocks]
    (keys,) = [each for each in blocks if "rally keys create" in each]
    (first,) = [each for each in blocks if "terraform init" in each]

    assert whose(keys[: keys.index("rally keys")]) == ["rally-keeper"]
    assert whose(first[: first.index("terraform init")]) == []
    assert f"{LOGIN}`" in page or whose(keys) == []
    assert not re.search("auth/impersonate_service_account", "".join(blocks))


def test_variables_that_are_written_are_the_modules(module):
    written = re.findall(r"^(\w+) += ", block("terraform init"), re.MULTILINE)

    assert written
    assert set(written) <= module.variables.keys()
    for name in ("key_keepers", "operators", "builders", "release", "workspaces"):
        assert f"`{name}`" in PAGE or name in block("terraform init")
        assert name in module.variables


def test_every_step_says_how_it_was_checked():
    steps = re.findall(r"^## \d+\. (.+)\n((?:(?!^## ).*\n)*)", PAGE, re.MULTILINE)

    assert len(steps) == 10
    for title, body in steps:
        if "```" in body:
            assert re.search(r"\*\*(run|offline|unchecked)\*\*", body), title


def test_what_it_names_is_there():
    assert len(find_named(PAGE)) >= 5
    assert find_missing(PAGE) == []


def test_links_lead_somewhere():
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", PAGE):
        there = (ROOT / "docs" / (target or "deploy-dataflow.md")).read_text()
        heads = map(slug, re.findall(r"^#+ (.+)$", there, re.MULTILINE))
        assert not anchor or anchor in heads, (target, anchor)
