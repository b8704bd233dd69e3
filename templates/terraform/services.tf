# The services that are used here, and those that stand behind the perimeter.
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

  # What else holds or moves data, and is known to perimeters. Nothing here uses it, but in
  # a researchers' workspace it would be a way out. Datastore goes with firestore, and
  # BigQuery's Storage API with bigquery: neither can be named alone.
  closed_too = toset([
    "aiplatform.googleapis.com",
    "alloydb.googleapis.com",
    "analyticshub.googleapis.com",
    "batch.googleapis.com",
    "bigquerydatatransfer.googleapis.com",
    "bigtable.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudtasks.googleapis.com",
    "composer.googleapis.com",
    "container.googleapis.com",
    "dataform.googleapis.com",
    "datafusion.googleapis.com",
    "datamigration.googleapis.com",
    "dataplex.googleapis.com",
    "dataproc.googleapis.com",
    "datastream.googleapis.com",
    "dlp.googleapis.com",
    "documentai.googleapis.com",
    "eventarc.googleapis.com",
    "file.googleapis.com",
    "firestore.googleapis.com",
    "healthcare.googleapis.com",
    "language.googleapis.com",
    "memcache.googleapis.com",
    "metastore.googleapis.com",
    "notebooks.googleapis.com",
    "redis.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "spanner.googleapis.com",
    "speech.googleapis.com",
    "sqladmin.googleapis.com",
    "translate.googleapis.com",
    "vision.googleapis.com",
    "workflows.googleapis.com",
    "workstations.googleapis.com",
  ])
  restricted = setunion(local.services, local.closed_too)

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

data "google_storage_transfer_project_service_account" "this" {
  depends_on = [google_project_service.used]
}

resource "google_project_service" "used" {
  for_each = local.services

  service = each.key
  # Who takes a line out of the list must not stop what other projects share.
  disable_on_destroy = false
}
