"""The registry is where studies are named, and Terraform's variables follow from it."""

import fnmatch
import json

from rally.registry.infrastructure import infrastructure
from rally.registry.registry import SHIPPED, Registry
from tests.templates.terraform.module import EXAMPLE, FOLDER, ROOT, load


def test_the_example_is_what_the_command_prints(capsys):
    from pipelines import cli

    assert cli.main(["studies", "infrastructure"]) == 0
    assert capsys.readouterr().out == (FOLDER / EXAMPLE).read_text()


def test_what_is_applied_is_in_no_commit_and_the_example_is_not_applied():
    """Each release writes the example; production's file is its operator's."""
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    makefile = (ROOT / "Makefile").read_text()
    written = f"studies infrastructure > templates/terraform/{EXAMPLE}\n"
    assert makefile.count("studies infrastructure >") == makefile.count(written) == 1
    applied = ["studies.auto.tfvars.json", "main.auto.tfvars"]
    for name in (*applied, EXAMPLE):
        path = f"/templates/terraform/{name}"
        is_ignored = any(fnmatch.fnmatch(path, each) for each in ignored)
        is_applied = fnmatch.fnmatch(name, "*.auto.tfvars*")
        assert is_ignored == is_applied == (name in applied)


def test_they_are_the_variables_of_the_module(module):
    values = infrastructure(Registry.load(SHIPPED), None)
    assert values.keys() == {"studies", "access"}
    for name in values:
        assert "default" not in module.variables[name]
    named = module.variables["studies"]["type"]
    for study in values["studies"].values():
        assert all(f"{key} = " in named for key in study)


def test_what_nobody_knows_is_refused_but_the_first_time(module):
    known = (
        "${var.first_time || alltrue([for study in var.studies :"
        " study.concluded != null])}"
    )
    conditions = [
        each["condition"] for each in module.variables["studies"]["validation"]
    ]
    assert known in conditions
    assert module.variables["first_time"]["default"] is False


def test_no_study_is_named_elsewhere():
    text = "".join(path.read_text() for path in FOLDER.glob("*.tf"))
    for study in Registry.load(SHIPPED).studies.values():
        assert study.namespace not in text
        assert not any(alias in text for alias in study.aliases)


def test_every_study_has_what_it_needs(module):
    made = {
        each.address for each in load().resources
        if each.body.get("for_each") == "${var.studies}"
    }  # fmt: skip
    assert made == {
        "google_storage_bucket.study",
        "google_kms_crypto_key.ping",
        "google_kms_crypto_key.storage",
    }
    committed = json.loads((FOLDER / EXAMPLE).read_text())
    assert committed["studies"].keys() == Registry.load(SHIPPED).studies.keys()
