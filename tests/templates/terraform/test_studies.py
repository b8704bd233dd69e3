"""The registry is where studies are named, and Terraform's variables follow from it."""

import json

from rally.studies.infrastructure import infrastructure
from rally.studies.registry import SHIPPED, Registry
from tests.templates.terraform.module import FOLDER, VARIABLES, load


def test_the_variables_are_what_the_command_prints(capsys):
    from pipelines import cli

    assert cli.main(["studies", "infrastructure"]) == 0
    assert capsys.readouterr().out == (FOLDER / VARIABLES).read_text()


def test_they_are_the_variables_of_the_module(module):
    values = infrastructure(Registry.load(SHIPPED), None)
    assert values.keys() == {"studies", "access"}
    for name in values:
        assert "default" not in module.variables[name]
    named = module.variables["studies"]["type"]
    for study in values["studies"].values():
        assert all(f"{key} = " in named for key in study)


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
    committed = json.loads((FOLDER / VARIABLES).read_text())
    assert committed["studies"].keys() == Registry.load(SHIPPED).studies.keys()
