# What runs by itself, in the order of a day: who left is deleted first, so that nothing
# of them is compacted; then what waited for an enrolment is taken in; what is new is
# sorted; what has had its time goes; and what is left is proven. Times are UTC. Where one
# takes longer than its hour, and `rally estimate` says when, give those behind it later ones:
# leases keep the jobs apart, and who comes too early ends with status 1 for want of them.
locals {
  where = {
    store         = local.store
    platform      = "gs://${google_storage_bucket.platform.name}"
    platform_keys = "gs://${google_storage_bucket.keys["platform_keys"].name}"
  }
  releases        = { releases = "gs://${google_storage_bucket.releases.name}" }
  where_with_keys = merge(local.where, { keys = "gs://${google_storage_bucket.keys["keys"].name}" })

  schedules = {
    delete = {
      job        = "delete"
      schedule   = "0 1 * * *"
      parameters = local.where
    }
    replay = {
      job        = "replay"
      schedule   = "0 2 * * *"
      parameters = merge(local.where_with_keys, { reason = "left" })
    }
    compact = {
      job        = "compact"
      schedule   = "0 3 * * *"
      parameters = local.where
    }
    purge = {
      job        = "purge"
      schedule   = "0 4 * * *"
      parameters = local.where_with_keys
    }
    # Other files each day, and all of them once a week.
    audit = {
      job        = "audit"
      schedule   = "0 5 * * 1-6"
      parameters = merge(local.where_with_keys, local.releases, { sample = "0.1" })
    }
    audit-whole = {
      job        = "audit"
      schedule   = "0 5 * * 0"
      parameters = merge(local.where_with_keys, local.releases)
    }
  }
}

# Of a platform that is concluded what is left goes, and is proven to be gone.
locals {
  scheduled = {
    for name, each in local.schedules : name => each
    if !(local.is_over && contains(local.stopped, each.job))
  }
}

resource "google_cloud_scheduler_job" "nightly" {
  for_each = local.scheduled

  name             = "rally-${each.key}"
  region           = var.region
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "180s"

  retry_config {
    retry_count = 3
  }

  http_target {
    http_method = "POST"
    uri         = "https://dataflow.googleapis.com/v1b3/projects/${var.project}/locations/${var.region}/flexTemplates:launch"
    headers     = { "Content-Type" = "application/json" }

    # One name a job: while it runs, Dataflow refuses a second one.
    body = base64encode(jsonencode({
      launchParameter = {
        jobName              = "rally-${each.value.job}"
        containerSpecGcsPath = "gs://${google_storage_bucket.templates.name}/${var.release}/${each.value.job}.json"
        parameters           = each.value.parameters
        environment = {
          serviceAccountEmail   = google_service_account.account[each.value.job].email
          subnetwork            = google_compute_subnetwork.workers.self_link
          ipConfiguration       = "WORKER_IP_PRIVATE"
          kmsKeyName            = google_kms_crypto_key.service["jobs"].id
          tempLocation          = "gs://${google_storage_bucket.temp[each.value.job].name}/temp"
          stagingLocation       = "gs://${google_storage_bucket.temp[each.value.job].name}/staging"
          machineType           = var.machine_type
          additionalExperiments = ["use_runner_v2"]
          additionalUserLabels  = { job = each.value.job, release = replace(lower(var.release), "/[^a-z0-9_-]/", "-") }
        }
      }
    }))

    oauth_token {
      service_account_email = google_service_account.launch.email
    }
  }

  depends_on = [google_service_account_iam_binding.run_as]
}
