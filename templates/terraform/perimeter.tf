# One closed perimeter around workers, stores and researchers' workspaces. There are no
# egress policies: nothing goes out through a service. What comes in stands in this table,
# by who, which service and which method; what an account may do there is IAM's, as for
# everybody. None of it reads a row, a message or the platform's record from outside; of
# what jobs make, results that people signed alone.
#   identities  who; a way without anybody is not made, since it would be everybody's
#   project     where from; null: from anywhere
#   operations  {service: [methods]}
locals {
  ways_in = {
    pings = {
      title      = "The edge publishes pings"
      identities = [for email in var.edge_accounts : "serviceAccount:${email}"]
      project    = "projects/${var.edge_project}"
      operations = { "pubsub.googleapis.com" = ["Publisher.Publish"] }
    }
    terraform = {
      title      = "Terraform makes what is here"
      identities = var.administrators
      project    = null
      operations = merge({ for service in local.services : service => ["*"] if !contains(local.not_made, service) }, {
        "pubsub.googleapis.com"  = local.of_topics
        "storage.googleapis.com" = local.of_buckets
      })
    }
    people = {
      title      = "People act as an account"
      identities = distinct(concat(var.operators, var.key_keepers, var.placers, var.publishers))
      project    = null
      operations = { "iamcredentials.googleapis.com" = ["*"] }
    }
    keys = {
      title      = "The keeper makes keys"
      identities = [for each in [google_service_account.account["keeper"].member] : each if length(var.key_keepers) > 0]
      project    = null
      operations = {
        "cloudkms.googleapis.com" = ["*"]
        "storage.googleapis.com"  = concat(local.of_new_objects, ["google.storage.objects.delete"])
      }
    }
    results = {
      title      = "Signed results are fetched"
      identities = [for each in [google_service_account.account["publish"].member] : each if length(var.publishers) > 0]
      project    = null
      operations = {
        "storage.googleapis.com" = ["google.storage.objects.get", "google.storage.objects.list"]
      }
    }
    launches = {
      title      = "Operators launch jobs"
      identities = [for each in [google_service_account.launch.member] : each if length(var.operators) > 0]
      project    = null
      operations = {
        "dataflow.googleapis.com" = ["*"]
        "storage.googleapis.com"  = ["google.storage.objects.get"] # of templates
      }
    }
    builds = {
      title      = "Builds push images, stage templates and try them"
      identities = var.builders
      project    = null
      operations = {
        "artifactregistry.googleapis.com" = ["*"]
        "dataflow.googleapis.com"         = ["*"]
        "storage.googleapis.com"          = local.of_new_objects
      }
    }
  }

  # No resource here is made with these.
  not_made = ["bigquery.googleapis.com", "dataflow.googleapis.com", "iamcredentials.googleapis.com"]
  of_buckets = [
    "google.storage.buckets.create",
    "google.storage.buckets.delete",
    "google.storage.buckets.get",
    "google.storage.buckets.getIamPolicy",
    "google.storage.buckets.list",
    "google.storage.buckets.setIamPolicy",
    "google.storage.buckets.update",
  ]
  of_topics = [
    "IAMPolicy.GetIamPolicy",
    "IAMPolicy.SetIamPolicy",
    "Publisher.CreateTopic",
    "Publisher.DeleteTopic",
    "Publisher.GetTopic",
    "Publisher.UpdateTopic",
    "Subscriber.CreateSubscription",
    "Subscriber.DeleteSubscription",
    "Subscriber.GetSubscription",
    "Subscriber.UpdateSubscription",
  ]
  of_new_objects = [
    "google.storage.buckets.get",
    "google.storage.objects.create",
    "google.storage.objects.get",
    "google.storage.objects.list",
  ]
}

resource "google_access_context_manager_service_perimeter" "rally" {
  parent         = "accessPolicies/${var.access_policy}"
  name           = "accessPolicies/${var.access_policy}/servicePerimeters/${replace(var.prefix, "-", "_")}"
  title          = var.prefix
  perimeter_type = "PERIMETER_TYPE_REGULAR"

  status {
    resources = [
      for number in concat([data.google_project.this.number], var.workspaces) : "projects/${number}"
    ]
    restricted_services = local.restricted

    vpc_accessible_services {
      enable_restriction = true
      allowed_services   = ["RESTRICTED-SERVICES"]
    }

    dynamic "ingress_policies" {
      for_each = { for name, way in local.ways_in : name => way if length(way.identities) > 0 }

      content {
        title = ingress_policies.value.title

        ingress_from {
          identities = ingress_policies.value.identities

          sources {
            resource     = ingress_policies.value.project
            access_level = ingress_policies.value.project == null ? "*" : null
          }
        }

        ingress_to {
          resources = ["projects/${data.google_project.this.number}"]

          dynamic "operations" {
            for_each = ingress_policies.value.operations

            content {
              service_name = operations.key

              dynamic "method_selectors" {
                for_each = operations.value

                content {
                  method = method_selectors.value
                }
              }
            }
          }
        }
      }
    }
  }

  # Last of all: it takes a while until a way in is open, and nothing is in there yet that
  # it would protect. Only what tells is not waited for: alerts and the dashboard need
  # little and come early, and one that is refused must not keep the perimeter away.
  depends_on = [
    google_artifact_registry_repository_iam_binding.readers,
    google_artifact_registry_repository_iam_binding.writers,
    google_cloud_scheduler_job.nightly,
    google_compute_firewall.from_workers,
    google_compute_firewall.no_way_out,
    google_compute_firewall.to_restricted,
    google_compute_firewall.to_workers,
    google_compute_route.restricted,
    google_dns_record_set.all,
    google_kms_crypto_key_iam_binding.destroy,
    google_kms_crypto_key_iam_binding.make,
    google_kms_crypto_key_iam_binding.open_ping,
    google_kms_crypto_key_iam_binding.open_purpose,
    google_project_iam_audit_config.told,
    google_project_iam_binding.launcher,
    google_project_iam_binding.worker,
    google_pubsub_subscription_iam_binding.ingest,
    google_pubsub_subscription_iam_binding.seek,
    google_pubsub_topic_iam_binding.edge,
    google_service_account_iam_binding.act_as,
    google_storage_bucket_iam_policy.temp,
    google_storage_bucket_iam_policy.templates,
    google_storage_transfer_job.backup,
  ]
}
