# Pings come in here. A week is how long the stream may stand still, and how far back it
# can be taken (`seek`); rally delete's --longest_delay_days must be longer.
locals {
  message_retention = "604800s"
}

resource "google_pubsub_topic" "pings" {
  name                       = "rally-pings"
  kms_key_name               = google_kms_crypto_key.service["messages"].id
  message_retention_duration = local.message_retention

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_kms_crypto_key_iam_binding.service]
}

# No dead-letter topic: it would be a second copy of pings outside of every purge. What
# cannot be read becomes a sealed dead letter; what cannot be kept is not acknowledged.
resource "google_pubsub_subscription" "ingest" {
  name                       = "rally-ingest"
  topic                      = google_pubsub_topic.pings.id
  ack_deadline_seconds       = 600
  message_retention_duration = local.message_retention
  retain_acked_messages      = false

  # A stream that is stopped for a month must find its subscription again.
  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_binding" "edge" {
  topic   = google_pubsub_topic.pings.id
  role    = "roles/pubsub.publisher"
  members = [for email in var.edge_accounts : "serviceAccount:${email}"]
}

# Whoever is on call may take the stream back to a time (docs/streams.md). The right to
# seek is also one to read messages, which are sealed to keys that `desk` cannot open.
resource "google_pubsub_subscription_iam_binding" "seek" {
  subscription = google_pubsub_subscription.ingest.id
  role         = google_project_iam_custom_role.seeker.id
  members      = [google_service_account.account["desk"].member]
}

resource "google_pubsub_subscription_iam_binding" "ingest" {
  for_each = toset(["roles/pubsub.subscriber", "roles/pubsub.viewer"])

  subscription = google_pubsub_subscription.ingest.id
  role         = each.key
  members      = [google_service_account.account["ingest"].member]
}
