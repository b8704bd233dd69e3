# Predefined roles hold more than these jobs need. roles/dataflow.worker, above all, lets
# its holder read and write every object of the project.
resource "google_project_iam_custom_role" "reader" {
  role_id     = "rallyReader"
  title       = "Rally: read objects"
  permissions = ["storage.buckets.get", "storage.objects.get", "storage.objects.list"]

  depends_on = [google_project_service.used]
}

resource "google_project_iam_custom_role" "creator" {
  role_id     = "rallyCreator"
  title       = "Rally: create objects"
  permissions = ["storage.objects.create"]

  depends_on = [google_project_service.used]
}

resource "google_project_iam_custom_role" "deleter" {
  role_id     = "rallyDeleter"
  title       = "Rally: delete objects"
  permissions = ["storage.objects.delete"]

  depends_on = [google_project_service.used]
}

resource "google_project_iam_custom_role" "key_destroyer" {
  role_id = "rallyKeyDestroyer"
  title   = "Rally: destroy a concluded study's storage key"
  permissions = [
    "cloudkms.cryptoKeyVersions.destroy",
    "cloudkms.cryptoKeyVersions.get",
    "cloudkms.cryptoKeyVersions.list",
  ]

  depends_on = [google_project_service.used]
}

# What roles/dataflow.worker has but for objects, and what a template's launcher needs.
resource "google_project_iam_custom_role" "worker" {
  role_id = "rallyWorker"
  title   = "Rally: run as a Dataflow job"
  permissions = [
    "autoscaling.sites.readRecommendations",
    "autoscaling.sites.writeMetrics",
    "autoscaling.sites.writeState",
    "compute.instanceGroupManagers.update",
    "compute.instances.delete",
    "compute.instances.setDiskAutoDelete",
    "dataflow.jobs.create",
    "dataflow.jobs.get",
    "dataflow.jobs.list",
    "dataflow.messages.list",
    "dataflow.metrics.get",
    "dataflow.shuffle.read",
    "dataflow.shuffle.write",
    "dataflow.streamingWorkItems.ImportState",
    "dataflow.streamingWorkItems.commitWork",
    "dataflow.streamingWorkItems.getData",
    "dataflow.streamingWorkItems.getWork",
    "dataflow.streamingWorkItems.getWorkerMetadata",
    "dataflow.workItems.lease",
    "dataflow.workItems.sendMessage",
    "dataflow.workItems.update",
    "logging.logEntries.create",
    "monitoring.timeSeries.create",
  ]

  depends_on = [google_project_service.used]
}

resource "google_project_iam_custom_role" "seeker" {
  role_id     = "rallySeeker"
  title       = "Rally: take the stream back to a time"
  permissions = ["pubsub.subscriptions.consume", "pubsub.subscriptions.get"]

  depends_on = [google_project_service.used]
}

resource "google_project_iam_custom_role" "launcher" {
  role_id = "rallyLauncher"
  title   = "Rally: launch and steer jobs"
  permissions = [
    "dataflow.jobs.cancel",
    "dataflow.jobs.create",
    "dataflow.jobs.get",
    "dataflow.jobs.list",
    "dataflow.jobs.updateContents",
    "dataflow.messages.list",
  ]

  depends_on = [google_project_service.used]
}

# A bucket's whole policy takes away what the project's owners have by default in it, and
# roles/owner alone may not even look at a bucket. So Terraform's rights come from here.
resource "google_project_iam_custom_role" "buckets" {
  role_id = "rallyBuckets"
  title   = "Rally: make buckets, and say who may do what in them"
  permissions = [
    "storage.buckets.create",
    "storage.buckets.delete",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.list",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
  ]

  depends_on = [google_project_service.used]
}

resource "google_project_iam_binding" "buckets" {
  project = var.project
  role    = google_project_iam_custom_role.buckets.id
  members = var.administrators
}

resource "google_project_iam_binding" "worker" {
  project = var.project
  role    = google_project_iam_custom_role.worker.id
  members = [for job in local.jobs : google_service_account.account[job].member]
}

resource "google_project_iam_binding" "launcher" {
  project = var.project
  role    = google_project_iam_custom_role.launcher.id
  members = [google_service_account.launch.member]
}
