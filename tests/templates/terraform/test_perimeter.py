"""The perimeter is closed: no way out, and ways in that read no data."""

import re

from tests.templates.terraform.module import items, needed, references

SERVICES = {
    "access_context_manager": None,  # of the organisation, above every perimeter
    "artifact_registry": "artifactregistry",
    "cloud_scheduler": "cloudscheduler",
    "compute": "compute",
    "dns": "dns",
    "kms": "cloudkms",
    "logging": "logging",
    "monitoring": "monitoring",
    "project": None,
    "pubsub": "pubsub",
    "service_account": "iam",
    "storage": "storage",
    "storage_transfer": "storagetransfer",
}
BY_OTHER_MEANS = {
    "bigquery",  # by researchers
    "dataflow",  # by the schedule
    "iamcredentials",  # by people who act as an account
}


def perimeter(module):
    (found,) = module.of("google_access_context_manager_service_perimeter")
    (status,) = found.body["status"]
    return found.body, status


def service_of(type):
    """The service that a resource of this type is made with."""
    name = type.removeprefix("google_")
    fits = [each for each in SERVICES if re.match(rf"{each}(_|$)", name)]
    return SERVICES[max(fits, key=len)]


def test_nothing_goes_out(module):
    body, status = perimeter(module)
    assert "egress_policies" not in status
    assert "spec" not in body  # a dry run would forbid nothing
    assert "use_explicit_dry_run_spec" not in body
    assert body["perimeter_type"] == "PERIMETER_TYPE_REGULAR"
    assert "access_levels" not in status  # would let people in from outside, to read
    bridges = "google_access_context_manager_service_perimeter_"
    assert [e for e in module.resources if e.type.startswith(bridges)] == []


def test_a_way_in_is_what_the_table_says(module):
    _, status = perimeter(module)
    (dynamic,) = status["dynamic"]
    ways = dynamic["ingress_policies"]
    assert ways["for_each"] == (
        "${{for name, way in local.ways_in :"
        " name => way if length(way.identities) > 0}}"
    )
    (content,) = ways["content"]
    (to,), (source,) = content["ingress_to"], content["ingress_from"]
    assert source["identities"] == "${ingress_policies.value.identities}"
    assert "identity_type" not in source
    assert source["sources"] == [
        {
            "resource": "${ingress_policies.value.project}",
            "access_level": '${ingress_policies.value.project == null ? "*" : null}',
        }
    ]
    assert to["resources"] == ["projects/${data.google_project.this.number}"]
    operations = to["dynamic"][0]["operations"]
    assert operations["for_each"] == "${ingress_policies.value.operations}"
    (operation,) = operations["content"]
    assert operation["service_name"] == "${operations.key}"
    selectors = operation["dynamic"][0]["method_selectors"]
    assert selectors["for_each"] == "${operations.value}"
    assert selectors["content"] == [{"method": "${method_selectors.value}"}]


def test_the_ways_in_are_these_peoples(module):
    who = {
        name: (references(way["identities"]), way["project"])
        for name, way in module.locals["ways_in"].items()
    }
    assert who == {
        "pings": ({"var.edge_accounts"}, "projects/${var.edge_project}"),
        "terraform": ({"var.administrators"}, None),
        "people": (
            {"var.operators", "var.key_keepers", "var.placers", "var.publishers"},
            None,
        ),
        "keys": ({"google_service_account.account", "var.key_keepers"}, None),
        "results": (
            {"google_service_account.account", "var.publishers"},
            None,
        ),
        "launches": ({"google_service_account.launch", "var.operators"}, None),
        "builds": ({"var.builders"}, None),
    }


def test_whoever_makes_topics_and_buckets_reads_no_message_and_no_object(module):
    for name, services in (("of_topics", "IAMPolicy|Publisher|Subscriber"),
                           ("of_buckets", r"google\.storage\.buckets")):  # fmt: skip
        for method in module.locals[name]:
            assert re.match(rf"({services})\.", method), method
            assert not re.search("Publish$|Pull|Acknowledge|Seek|Snapshot", method)


def test_results_are_fetched_by_who_reads_nothing_else(module):
    """An account of its own: researchers' would read their study's rows, too."""
    way = module.locals["ways_in"]["results"]
    assert 'google_service_account.account["publish"]' in way["identities"]
    assert way["operations"] == {
        "storage.googleapis.com": [
            "google.storage.objects.get", "google.storage.objects.list",
        ]
    }  # fmt: skip


TOLD = ("google_monitoring_", "google_logging_metric.")
"""What alerts are made of, which Cloud may refuse at first."""


def test_the_perimeter_is_made_last_and_waits_for_no_alert(module):
    """Or the rest of the first apply would be refused, or the perimeter be missing."""
    body, _ = perimeter(module)
    before = needed(module, body)
    made = {each.address for each in module.resources}
    alerts = {each for each in made if each.startswith(TOLD)}
    others = {each for each in made if not each.endswith("service_perimeter.rally")}
    assert others - alerts - before == set()
    assert alerts & before == set()
    assert len(alerts) == 6


def test_nothing_is_made_before_its_service_is_there(module):
    """In an empty project everything that waits for nothing is made at once."""
    enabled = "google_project_service.used"
    by_hand = ("google_project_service", "google_access_context_manager",
               "data.google_iam_policy", "data.google_project")  # fmt: skip
    early = {
        each.address
        for each in (*module.resources, *module.read)
        if not each.type.startswith(by_hand)
        and enabled not in needed(module, each.body)
    }
    assert early == set()


def test_workers_and_workspaces_are_inside(module):
    _, status = perimeter(module)
    inside = references(status["resources"])
    assert inside == {"data.google_project.this", "var.workspaces"}


def test_every_service_in_use_is_enabled_and_behind_it(module):
    _, status = perimeter(module)
    assert status["restricted_services"] == "${local.restricted}"
    assert module.locals["restricted"] == (
        "${setunion(local.services, local.closed_too)}"
    )
    used = {service_of(each.type) for each in module.resources} - {None}
    wanted = used | BY_OTHER_MEANS
    assert set(items(module.locals["services"])) == names(wanted)
    (enabled,) = module.of("google_project_service")
    assert enabled.body["for_each"] == "${local.services}"
    assert status["vpc_accessible_services"] == [
        {"enable_restriction": True, "allowed_services": ["RESTRICTED-SERVICES"]}
    ]


def names(services):
    return {f"{each}.googleapis.com" for each in services}


def test_what_holds_data_in_a_workspace_is_behind_it_though_unused_here(module):
    closed = items(module.locals["closed_too"])
    assert set(closed) >= names(
        ("aiplatform", "alloydb", "bigquerydatatransfer", "bigtable", "cloudbuild",
         "cloudfunctions", "composer", "container", "dataproc", "datastream", "dlp",
         "file", "firestore", "healthcare", "notebooks", "redis", "run",
         "secretmanager", "spanner", "sqladmin", "workstations")
    )  # fmt: skip
    assert closed == sorted(set(closed))
    assert set(closed).isdisjoint(items(module.locals["services"]))
    bundled = names(("bigquerystorage", "datastore"))  # which cannot be named alone
    assert set(closed).isdisjoint(bundled)


def test_terraform_comes_in_to_what_it_makes_alone(module):
    """And not to what is only closed."""
    assert "closed_too" not in str(module.locals["ways_in"])
    assert "local.restricted" not in references(module.locals["ways_in"])


def test_the_network_has_no_way_out(module):
    network = module.one("google_compute_network", "workers")
    assert network["delete_default_routes_on_create"] is True
    assert network["auto_create_subnetworks"] is False
    (route,) = module.of("google_compute_route")
    assert route.body["dest_range"] == "${local.restricted_range}"
    assert module.locals["restricted_range"] == "199.36.153.4/30"
    kinds = {each.type for each in module.resources}
    ways = ("router", "address", "peering", "vpn", "interconnect", "instance")
    assert [k for k in kinds if k.startswith("google_compute") and
            any(way in k for way in ways)] == []  # fmt: skip


def test_the_subnetwork_reaches_services_privately(module):
    (subnetwork,) = module.of("google_compute_subnetwork")
    assert subnetwork.body["private_ip_google_access"] is True


def test_the_firewall_denies_all_but_services_and_workers(module):
    rules = [each.body for each in module.of("google_compute_firewall")]
    (deny,) = [each for each in rules if "deny" in each]
    assert deny["deny"] == [{"protocol": "all"}]
    assert deny["destination_ranges"] == ["0.0.0.0/0"]
    assert "target_tags" not in deny  # of all machines
    allowed = [each for each in rules if "allow" in each]
    assert all(each["priority"] < deny["priority"] for each in allowed)
    out = {
        each["destination_ranges"][0]: each["allow"][0]["ports"]
        for each in allowed
        if each["direction"] == "EGRESS"
    }
    assert out == {
        "${local.restricted_range}": ["443"],
        "${var.subnet_range}": "${local.worker_ports}",
    }
    assert module.locals["worker_ports"] == ["12345-12346"]
    (into,) = [each for each in allowed if each["direction"] == "INGRESS"]
    assert into["source_tags"] == into["target_tags"] == "${local.worker_tags}"
    assert "source_ranges" not in into


def test_googles_names_are_the_restricted_addresses(module):
    domains = module.locals["domains"]
    assert sorted(domains.values()) == ["gcr.io.", "googleapis.com.", "pkg.dev."]
    zone = module.one("google_dns_managed_zone", "google")
    assert zone["visibility"] == "private"
    address = module.one("google_dns_record_set", "address")
    assert address["rrdatas"] == "${local.restricted_addresses}"
    alias = module.one("google_dns_record_set", "all")
    assert (alias["name"], alias["type"]) == ("*.${each.value}", "CNAME")


def test_pings_wait_a_week_and_have_no_second_copy(module):
    (topic,) = module.of("google_pubsub_topic")
    (subscription,) = module.of("google_pubsub_subscription")
    assert module.locals["message_retention"] == f"{7 * 24 * 3600}s"
    for each in (topic, subscription):
        kept = each.body["message_retention_duration"]
        assert kept == "${local.message_retention}"
    assert subscription.body["expiration_policy"] == [{"ttl": ""}]
    assert "dead_letter_policy" not in subscription.body
    assert subscription.body["retain_acked_messages"] is False
    assert "google_kms_crypto_key.service" in references(topic.body["kms_key_name"])
