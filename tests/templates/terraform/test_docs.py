"""docs/infrastructure.md says what the module does."""

import re

from tests.templates.terraform.module import FOLDER, ROOT, items
from tests.templates.terraform.test_accounts import TABLE

PAGE = (ROOT / "docs" / "infrastructure.md").read_text()


def rows(head):
    """The cells of the table whose head begins so."""
    lines = PAGE[PAGE.index(f"| {head} |") :].splitlines()[2:]
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def listed(cell):
    return sorted(filter(None, cell.split(", ")))


def folders(account, what):
    """Those of the platform's, without what is only probed."""
    below = TABLE[account][what].get("platform", ())
    return sorted(each.rstrip("/") for each in below if not each.startswith("."))


def test_the_table_of_accounts_is_that_of_the_module():
    told = {cells[0].strip("`"): cells[1:] for cells in rows("account")}
    assert told.pop("launch") == [""] * 6
    assert told.pop("keeper") == ["seals and opens"] * 2 + [""] * 4
    assert told.keys() == TABLE.keys() - {"keeper"}
    for name, (pings, opens, writes, deletes, creates, removes) in told.items():
        account = TABLE[name]
        assert (pings == "yes") == account["opens_pings"], name
        assert listed(opens) == sorted(account["opens"]), name
        for cell, what in ((writes, "creates"), (deletes, "deletes")):
            rows_of = "data/" in account[what].get("store", ())
            assert (cell == "yes") == rows_of, name
        assert listed(creates) == folders(name, "creates"), name
        assert listed(removes) == folders(name, "deletes"), name


def test_the_table_of_the_night_is_the_schedule(module):
    told = [(cells[0], cells[1]) for cells in rows("time")]
    hours = {
        (f"{int(each['schedule'].split()[1]):02}:00", each["job"])
        for each in module.locals["schedules"].values()
    }
    (schedule,) = module.one("google_storage_transfer_job", "backup")["schedule"]
    (start,) = schedule["start_time_of_day"]
    assert told == [*sorted(hours), (f"{start['hours']}:00", "backup")]


FOUND = {">0": "above 0", "=70": "70"}


def test_the_table_of_alerts_is_the_modules(module):
    told = {tuple(cells[:2]): cells[2] for cells in rows("field")}
    del told["no line for 25 hours", "every nightly job"]
    jobs = items(module.locals["jobs"])
    assert told == {
        (
            f"`{each['field']}` {FOUND[each['found']]}",
            each["jobs"] if each["jobs"] in jobs else "every job",
        ): each["title"][0].lower() + each["title"][1:]
        for each in module.locals["events"].values()
    }


def test_the_table_of_ways_in_is_the_modules(module):
    told = {cells[0]: cells[1] for cells in rows("who")}
    ways = module.locals["ways_in"]
    assert told == {
        "`edge_accounts`": "`edge_project`",
        "`administrators`": "anywhere",
        "`operators`, `key_keepers`, `placers`, `publishers`": "anywhere",
        "`keeper`": "anywhere",
        "`publish`": "anywhere",
        "`launch`": "anywhere",
        "`builders`": "anywhere",
    }
    assert len(told) == len(ways)
    for who, way in zip(told, ways.values(), strict=True):
        assert all(each in way["identities"] for each in re.findall(r"`(\w+)`", who))


def test_the_page_names_the_rights_of_whoever_runs_terraform(module):
    role = module.one("google_project_iam_custom_role", "buckets")
    (told,) = re.findall(rf"`{role['role_id']}`: (.*?), and nothing of objects",
                         PAGE, re.DOTALL)  # fmt: skip
    verbs = [each.rpartition(".")[2] for each in re.findall(r"`([\w.]+)`", told)]
    assert verbs == [each.rpartition(".")[2] for each in role["permissions"]]
    assert "`administrators` is one service account" in PAGE


def test_a_concluded_study_leaves_the_image_before_its_bucket_goes():
    """Until then every launch would be refused: there is no such bucket."""
    steps = ("Take it out of the registry", "make a release", "Set `release`, apply",
             "storage buckets delete", "terraform state rm",
             "`rally studies infrastructure --platform …` by that release")  # fmt: skip
    after = PAGE[PAGE.index("**A concluded study**") :]
    places = [after.index(each) for each in steps]
    assert places == sorted(places)


def test_every_file_is_in_the_page():
    table = re.findall(r"`(\w+\.tf)`", "".join(map(str, rows("file"))))
    there = {path.name for path in FOLDER.glob("*.tf")} - {"versions.tf"}
    assert sorted(table) == sorted(there)
