"""Every name resolves, and nothing is made that nobody uses."""

import re

from tests.templates.terraform.module import references

# These are used by what is outside of the module: people, services, and their state.
_ENDS = re.compile(
    "_iam_|^google_(project_service|storage_transfer_job|cloud_scheduler_job)$"
    "|monitoring_(alert_policy|dashboard)|dns_record_set|compute_(firewall|route)$"
    "|service_perimeter$"
)


def _all(module):
    return (
        *((each.address, each.body) for each in (*module.resources, *module.read)),
        *((f"local.{name}", value) for name, value in module.locals.items()),
        *((f"var.{name}", value) for name, value in module.variables.items()),
        *((f"output.{name}", value) for name, value in module.outputs.items()),
    )


def _used(module):
    """What others refer to."""
    return references(module.providers) | {
        name
        for address, body in _all(module)
        for name in references(body)
        if name != address
    }


def test_every_reference_is_to_something_there(module):
    known = {address for address, _ in _all(module)}
    missing = {
        address: sorted(references(body) - known) for address, body in _all(module)
    }
    assert {address: names for address, names in missing.items() if names} == {}


def test_no_name_is_made_twice(module):
    addresses = [address for address, _ in _all(module)]
    assert len(addresses) == len(set(addresses))


def test_nothing_is_made_for_nobody(module):
    used = _used(module)
    unused = {
        address
        for address, _ in _all(module)
        if address not in used and not address.startswith("output.")
    }
    ends = {each for each in unused if _ENDS.search(each.partition(".")[0])}
    assert unused - ends == set()
