output "options" {
  description = "Where everything is, as the options of every job and command say it."
  value       = merge(local.where_with_keys, local.releases, { subscription = google_pubsub_subscription.ingest.id })
}

output "keks" {
  description = "For `rally keys create --kek`: the KEK of each study's pings, and of each purpose."
  value = {
    pings    = { for name, key in google_kms_crypto_key.ping : name => "gcp-kms://${key.id}" }
    purposes = { for name, key in google_kms_crypto_key.purpose : name => "gcp-kms://${key.id}" }
  }
}

output "launch" {
  description = "For a job that a person launches, such as the stream."
  value = {
    account    = google_service_account.launch.email
    accounts   = { for job in local.jobs : job => google_service_account.account[job].email }
    subnetwork = google_compute_subnetwork.workers.self_link
    kms_key    = google_kms_crypto_key.service["jobs"].id
    temp       = { for job in local.jobs : job => "gs://${google_storage_bucket.temp[job].name}" }
    templates  = "gs://${google_storage_bucket.templates.name}/${var.release}"
  }
}
