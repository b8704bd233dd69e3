# The services that are used here, and all of them stand behind the perimeter.
locals {
  services = toset([
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "dataflow.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "storage.googleapis.com",
    "storagetransfer.googleapis.com",
  ])

  # Google's own accounts that work for this project.
  agents = {
    compute   = "serviceAccount:service-${data.google_project.this.number}@compute-system.iam.gserviceaccount.com"
    dataflow  = "serviceAccount:service-${data.google_project.this.number}@dataflow-service-producer-prod.iam.gserviceaccount.com"
    pubsub    = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    artifacts = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    storage   = "serviceAccount:service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
    transfer  = "serviceAccount:${data.google_storage_transfer_project_service_account.this.email}"
  }
}

data "google_project" "this" {}

data "google_storage_transfer_project_service_account" "this" {}

resource "google_project_service" "used" {
  for_each = local.services

  service = each.key
  # Who takes a line out of the list must not stop what other projects share.
  disable_on_destroy = false
}
