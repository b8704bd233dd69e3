# Each job has an account of its own, and this table says all that it may do; people act
# as `desk`, `copy` or `keeper`, never as themselves. What is not said here is not allowed.
#   opens        platform keys by their sort, private halves; no KEK is needed for public
#                ones. Nobody opens signing.purge while the platform goes on: who purges
#                receipts is let in by hand
#   opens_pings  keys that open pings
#   reads        places, as a whole
#   creates, deletes   objects below these prefixes of a place; to replace takes both
# What workers answer is their job's alone, below results/<job>/; only purge may delete the
# others', which no launcher took, and none may write them. How its last run went a job
# says in runs/<job>.json, which is its alone, too. Where results leave, `release` alone
# writes, and nobody deletes.
# tests/templates/terraform holds it against what the jobs do.
locals {
  probe  = ".rally-probe-"    # what is written and deleted to see whether a store can be
  marker = "rally-store.json" # what a store says of itself; nobody may delete it
  owner  = "founding.json"    # what stands beside the platform's keys: whose they are

  accounts = {
    ingest = {
      opens       = ["pseudonym"]
      opens_pings = true
      reads       = ["store", "platform", "keys", "platform_keys"]
      creates = {
        store    = ["data/", local.probe]
        platform = ["consents/", "dead-letters/", "events/date=", "runs/ingest.json", local.probe]
      }
      deletes = {
        store    = [local.probe]
        platform = ["runs/ingest.json", local.probe]
      }
    }
    replay = {
      opens       = ["dead-letter.private", "pseudonym"]
      opens_pings = true
      reads       = ["store", "platform", "keys", "platform_keys"]
      creates = {
        store    = ["data/", local.probe]
        platform = ["consents/", "dead-letters/", "events/date=", "runs/replay.json", local.probe]
      }
      deletes = {
        store    = [local.probe]
        platform = ["dead-letters/", "runs/replay.json", local.probe]
      }
    }
    compact = {
      opens       = ["pseudonym"]
      opens_pings = false
      reads       = ["store", "platform", "platform_keys"]
      creates = {
        store    = ["data/", local.probe]
        platform = ["leases/", "results/compact/", "runs/compact.json", local.probe]
      }
      deletes = {
        store    = ["data/", local.probe]
        platform = ["leases/", "results/compact/", "runs/compact.json", local.probe]
      }
    }
    # Receipts are made and never changed: no job may delete one. Of events it makes the
    # log's files, below events/log/, and deletes those that it has merged.
    delete = {
      opens       = ["pseudonym", "signing.delete"]
      opens_pings = false
      reads       = ["store", "platform", "platform_keys"]
      creates = {
        store    = ["data/", "views/"]
        platform = ["events/", "leases/", "plans/", "receipts/", "results/delete/", "runs/delete.json", "withdrawals/"]
      }
      deletes = {
        store    = ["data/", "views/"]
        platform = ["events/", "leases/", "plans/", "results/delete/", "runs/delete.json", "withdrawals/"]
      }
    }
    # The key files of concluded studies, and what `end` says below, come on top of it.
    purge = {
      opens       = ["pseudonym"]
      opens_pings = false
      reads       = ["store", "platform", "keys", "platform_keys"]
      creates = {
        store    = ["data/"]
        platform = ["consents/", "events/date=", "leases/", "plans/", "results/purge/", "runs/purge.json"]
      }
      deletes = {
        store    = ["data/", "views/"]
        platform = ["cases/", "consents/", "dead-letters/", "events/", "leases/", "plans/", "results/", "runs/purge.json"]
      }
    }
    # What its options --html and --json name is below reports/.
    audit = {
      opens       = ["pseudonym"]
      opens_pings = false
      reads       = ["store", "platform", "keys", "platform_keys", "releases"]
      creates     = { platform = ["reports/", "results/audit/", "runs/audit.json"] }
      deletes     = { platform = ["reports/", "results/audit/", "runs/audit.json"] }
    }
    # Sums rows, draws noise, and puts what people signed where it leaves. Ledger and drafts
    # are made and never changed.
    release = {
      opens       = ["pseudonym", "signing.release"]
      opens_pings = false
      reads       = ["store", "platform", "platform_keys", "releases"]
      creates = {
        platform = ["releases/", "results/release/", "runs/release.json"]
        releases = ["study="]
      }
      deletes = { platform = ["results/release/", "runs/release.json"] }
    }
    # People on call: decisions, legal holds, letters of who leaves, receipts. They make
    # what `rally init` makes, too: the markers of stores and platform, whose the keys are,
    # and the first list.
    desk = {
      opens       = ["pseudonym"]
      opens_pings = false
      reads       = ["store", "platform", "keys", "platform_keys", "releases"]
      creates = {
        store         = [local.marker]
        platform      = ["consents/", "decisions/", "events/date=", "withdrawals/", local.marker]
        platform_keys = [local.owner]
        releases      = [local.marker]
      }
      deletes = { platform = ["dead-letters/"] }
    }
    # Whoever makes a person's copy, of a case that two people approved in decisions/: what
    # became of it is signed, and nobody else may write there.
    copy = {
      opens       = ["pseudonym", "signing.copy"]
      opens_pings = false
      reads       = ["store", "platform", "platform_keys"]
      creates     = { platform = ["cases/"] }
      deletes     = { platform = ["cases/"] }
    }
    # Whoever publishes: fetches results, from outside of the perimeter, and sees nothing else.
    publish = {
      opens       = []
      opens_pings = false
      reads       = ["releases"]
      creates     = {}
      deletes     = {}
    }
    # Whoever makes keys: may seal them, see keys.tf, and reads no data.
    keeper = {
      opens       = []
      opens_pings = false
      reads       = ["keys", "platform_keys"]
      creates     = { keys = [""], platform_keys = [""] }
      deletes     = { keys = [""], platform_keys = [""] }
    }
  }

  jobs      = toset(["ingest", "replay", "compact", "delete", "purge", "audit", "release"])
  purposes  = toset(["dead-letter.private", "pseudonym", "signing.copy", "signing.delete", "signing.purge", "signing.release"])
  concluded = [for name, study in var.studies : name if coalesce(study.concluded, false)]

  # The platform's own namespaces are concluded with the platform. Then it takes no records
  # any more, and purge takes those that are there, its own keys last, and signs what went.
  # Decisions guard its end; and what people signed before it may leave until the key of
  # releases is gone. Nothing new does: no job runs, and nobody can sign a result any more.
  is_over = anytrue([for name, study in var.studies : study.kind == "platform" && coalesce(study.concluded, false)])
  stopped = ["ingest", "replay", "compact", "delete", "release", "copy", "desk"]
  lasting = ["decisions/", "releases/", "study="]
  end = {
    opens = ["signing.purge"]
    creates = {
      platform = ["conclusion.json", "receipts/anchor.json"]
    }
    deletes = {
      platform      = ["conclusion.json", "receipts/", "runs/", "withdrawals/"]
      keys          = [for name in keys(var.studies) : "${name}."]
      platform_keys = ["dead-letter.", "pseudonym.", "signing."]
    }
  }
}

resource "google_service_account" "account" {
  for_each = local.accounts

  account_id   = "rally-${each.key}"
  display_name = "Rally: ${each.key}"

  depends_on = [google_project_service.used]
}

# Launches jobs from their templates, by the schedule or for a person, and reads no data.
resource "google_service_account" "launch" {
  account_id   = "rally-launch"
  display_name = "Rally: launch"

  depends_on = [google_project_service.used]
}

# Of whom Dataflow makes a job run as such an account: whoever launches it; the account
# itself, since a template's launcher runs as it and hands the job over; of the audit the
# build, too, which tries what it staged.
resource "google_service_account_iam_binding" "run_as" {
  for_each = local.jobs

  service_account_id = google_service_account.account[each.key].name
  role               = "roles/iam.serviceAccountUser"
  members = concat(
    [google_service_account.launch.member, google_service_account.account[each.key].member],
    each.key == "audit" ? var.builders : [],
  )
}

# People act as these for an hour at a time. `release` places what people signed when it
# runs; only a file that no recipe made needs somebody who does it by hand.
locals {
  acted_as = {
    desk    = { account = google_service_account.account["desk"].name, people = var.operators }
    copy    = { account = google_service_account.account["copy"].name, people = var.operators }
    release = { account = google_service_account.account["release"].name, people = var.placers }
    publish = { account = google_service_account.account["publish"].name, people = var.publishers }
    keeper  = { account = google_service_account.account["keeper"].name, people = var.key_keepers }
    launch  = { account = google_service_account.launch.name, people = var.operators }
  }
}

resource "google_service_account_iam_binding" "act_as" {
  for_each = { for name, each in local.acted_as : name => each if length(each.people) > 0 }

  service_account_id = each.value.account
  role               = "roles/iam.serviceAccountTokenCreator"
  members            = each.value.people
}

# Who acted as whom, who opened a file with which key, and what was read by whom, but not
# what jobs read, which is all of it and every night; of one as which people act, that too.
resource "google_project_iam_audit_config" "told" {
  for_each = {
    "iam.googleapis.com"      = []
    "cloudkms.googleapis.com" = []
    "storage.googleapis.com"  = [for job in local.jobs : google_service_account.account[job].member if !contains(keys(local.acted_as), job)]
  }

  project = var.project
  service = each.key

  audit_log_config {
    log_type         = "DATA_READ"
    exempted_members = each.value
  }

  audit_log_config {
    log_type = "ADMIN_READ"
  }
}
