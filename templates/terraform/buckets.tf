# Every bucket: rights by bucket alone, never public, a key of ours, and no soft delete.
# Soft delete keeps what was deleted for a week by default and cannot be made to forget
# it: who left would still be there, and the purge of a concluded study would wait for it.
locals {
  # Where a study's rows are: rally's --store. Other buckets' names cannot be a study's.
  store = "gs://${var.prefix}-study-{study}"
}

resource "google_storage_bucket" "study" {
  for_each = var.studies

  name                        = trimprefix(replace(local.store, "{study}", each.key), "gs://")
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.storage[each.key].id
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # Parts of a multipart upload (XML) that was broken off hold rows, and no listing of
  # objects shows them. Jobs make none: what they send above 8 MiB is a resumable upload,
  # which ends by itself after seven days, and no rule makes it shorter. Nothing else goes
  # by age: rows go by their day, and a rewrite makes an object young again.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  labels = {
    study = each.key
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_kms_crypto_key_iam_binding.storage]
}

# Events, consents, the withdrawal list, receipts, decisions, and the releases' ledger and
# drafts are the platform's memory: a lost one cannot be made again, so versions are kept for a month, and there is a backup.
# Dead letters, plans, results and leases have limits of their own (docs/retention.md),
# and runs/ is replaced every day: an old version of these goes within a day.
locals {
  undo_days      = 30
  remembered     = ["consents/", "decisions/", "events/", "receipts/", "releases/", "withdrawals/", local.marker]
  not_remembered = ["cases/", "dead-letters/", "leases/", "plans/", "results/", "runs/"]
}

resource "google_storage_bucket" "platform" {
  name                        = "${var.prefix}-platform"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.service["platform"].id
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = local.undo_days
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 1
      with_state                 = "ARCHIVED"
      matches_prefix             = concat(local.not_remembered, [local.probe])
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}

# Where results leave, study=<namespace>/<release>/: nothing else is readable from outside
# of the perimeter. What was published is not taken back, so nothing goes by age.
resource "google_storage_bucket" "releases" {
  name                        = "${var.prefix}-releases"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.service["releases"].id
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}

# Two folders of key files with separate rights: what opens pings, and the platform's.
resource "google_storage_bucket" "keys" {
  for_each = toset(["keys", "platform_keys"])

  name                        = "${var.prefix}-${replace(each.key, "_", "-")}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.service["keys"].id
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = local.undo_days
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}

# What Dataflow keeps of a job while it runs; a bucket each, so that none reads another's.
# A stream's staged files are needed by every worker that joins it, however late.
resource "google_storage_bucket" "temp" {
  for_each = local.jobs

  name                        = "${var.prefix}-temp-${each.key}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.service["jobs"].id
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 3
      matches_prefix = each.key == "ingest" ? ["temp/"] : ["temp/", "staging/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}

# <release>/<job>.json: what is launched. Written once by the build, read by launchers.
resource "google_storage_bucket" "templates" {
  name                        = "${var.prefix}-templates"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.service["images"].id
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}

resource "google_artifact_registry_repository" "images" {
  repository_id = "rally"
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = google_kms_crypto_key.service["images"].id

  # A tag says one image for ever: what was tested is what runs.
  docker_config {
    immutable_tags = true
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}
