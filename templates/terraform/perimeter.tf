# One closed perimeter around workers, stores and researchers' workspaces. There are no
# egress policies: nothing goes out through a service. There is one way in, for pings:
# the edge may publish, which reads nothing.
resource "google_access_context_manager_service_perimeter" "rally" {
  parent         = "accessPolicies/${var.access_policy}"
  name           = "accessPolicies/${var.access_policy}/servicePerimeters/rally"
  title          = "rally"
  perimeter_type = "PERIMETER_TYPE_REGULAR"

  status {
    resources = [
      for number in concat([data.google_project.this.number], var.workspaces) : "projects/${number}"
    ]
    restricted_services = local.services

    vpc_accessible_services {
      enable_restriction = true
      allowed_services   = ["RESTRICTED-SERVICES"]
    }

    ingress_policies {
      title = "The edge publishes pings"

      ingress_from {
        identities = [for email in var.edge_accounts : "serviceAccount:${email}"]

        sources {
          resource = "projects/${var.edge_project}"
        }
      }

      ingress_to {
        resources = ["projects/${data.google_project.this.number}"]

        operations {
          service_name = "pubsub.googleapis.com"

          method_selectors {
            method = "Publisher.Publish"
          }
        }
      }
    }
  }

  depends_on = [google_project_service.used]
}
