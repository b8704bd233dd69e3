# The platform's memory and the key files, once a day in a second bucket. It follows what
# is deleted, so that a concluded study's events and keys go there, too, and keeps its own
# old versions for as long as the first does. Rows and dead letters are in no backup.
locals {
  backups = {
    platform      = { bucket = google_storage_bucket.platform.name, prefixes = local.remembered }
    keys          = { bucket = google_storage_bucket.keys["keys"].name, prefixes = [] }
    platform_keys = { bucket = google_storage_bucket.keys["platform_keys"].name, prefixes = [] }
  }
}

resource "google_kms_key_ring" "backup" {
  name     = "${var.prefix}-rally-backup"
  location = var.backup_region

  depends_on = [google_project_service.used]
}

resource "google_kms_crypto_key" "backup" {
  name                       = "backup"
  key_ring                   = google_kms_key_ring.backup.id
  destroy_scheduled_duration = local.key_undo

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_binding" "backup" {
  crypto_key_id = google_kms_crypto_key.backup.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = [local.agents.storage]
}

resource "google_storage_bucket" "backup" {
  name                        = "${var.prefix}-backup"
  location                    = var.backup_region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.backup.id
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

  depends_on = [google_kms_crypto_key_iam_binding.backup]
}

# Only the service that copies may touch it; who restores is let in by hand, for that day.
data "google_iam_policy" "backup" {
  dynamic "binding" {
    for_each = ["roles/storage.legacyBucketWriter", "roles/storage.objectUser"]

    content {
      role    = binding.value
      members = [local.agents.transfer]
    }
  }
}

resource "google_storage_bucket_iam_policy" "backup" {
  bucket      = google_storage_bucket.backup.name
  policy_data = data.google_iam_policy.backup.policy_data

  depends_on = [google_project_iam_binding.buckets]
}

resource "google_storage_transfer_job" "backup" {
  for_each = local.backups

  description = "Rally: backup of ${each.key}"

  transfer_spec {
    gcs_data_source {
      bucket_name = each.value.bucket
    }

    gcs_data_sink {
      bucket_name = google_storage_bucket.backup.name
      path        = "${each.key}/"
    }

    object_conditions {
      include_prefixes = each.value.prefixes
    }

    transfer_options {
      delete_objects_unique_in_sink = true
    }
  }

  # After the nightly jobs.
  schedule {
    schedule_start_date {
      year  = 2026
      month = 1
      day   = 1
    }
    start_time_of_day {
      hours   = 12
      minutes = 0
      seconds = 0
      nanos   = 0
    }
  }

  depends_on = [google_storage_bucket_iam_policy.backup, google_storage_bucket_iam_policy.bucket]
}
