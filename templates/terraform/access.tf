# Who may do what in a bucket: its whole policy, so that a right which somebody gives by
# hand is gone with the next `terraform apply`, and no project-wide role reaches in by
# being a bucket's default.
locals {
  places = ["store", "platform", "keys", "platform_keys", "releases"]

  roles = {
    reads   = google_project_iam_custom_role.reader.id
    creates = google_project_iam_custom_role.creator.id
    deletes = google_project_iam_custom_role.deleter.id
  }

  # {place: [{what, under, account}]}, one of each right in accounts.tf
  rights = {
    for place in local.places : place => flatten([
      [
        for name, account in local.accounts : [
          [for each in account.reads : { what = "reads", under = "", account = name } if each == place],
          [
            for under in try(account.creates[place], []) : { what = "creates", under = under, account = name }
            if !(local.is_over && contains(local.stopped, name) && !contains(local.lasting, under))
          ],
          [for under in try(account.deletes[place], []) : { what = "deletes", under = under, account = name }],
        ]
      ],
      [for under in local.is_over ? try(local.end.creates[place], []) : [] : { what = "creates", under = under, account = "purge" }],
      [for under in local.is_over ? try(local.end.deletes[place], []) : [] : { what = "deletes", under = under, account = "purge" }],
    ])
  }

  buckets = merge(
    {
      for study, bucket in google_storage_bucket.study : "store ${study}" => {
        name = bucket.name
        rights = [
          for right in local.rights.store : right
          # Nothing of a concluded study comes back.
          if !(contains(local.concluded, study) && right.what == "creates" && right.under == "data/" && local.accounts[right.account].opens_pings)
        ]
        readers   = [for each in var.access : each if each.study == study]
        backed_up = false
      }
    },
    {
      platform = {
        name      = google_storage_bucket.platform.name
        rights    = local.rights.platform
        readers   = []
        backed_up = true
      }
      releases = {
        name      = google_storage_bucket.releases.name
        rights    = local.rights.releases
        readers   = []
        backed_up = false
      }
    },
    {
      for place, bucket in google_storage_bucket.keys : place => {
        name = bucket.name
        rights = concat(local.rights[place], [
          for study in local.is_over ? [] : local.concluded : {
            what    = "deletes"
            under   = place == "keys" ? "${study}." : "pseudonym.${study}."
            account = "purge"
          }
        ])
        readers   = []
        backed_up = true
      }
    },
  )

  # {bucket: {"what under": [accounts]}}: one binding for all who have the same right
  bindings = {
    for key, bucket in local.buckets : key => {
      for right in bucket.rights : "${right.what} ${right.under}" => right.account...
    }
  }
}

data "google_iam_policy" "bucket" {
  for_each = local.buckets

  dynamic "binding" {
    for_each = local.bindings[each.key]

    content {
      role    = local.roles[split(" ", binding.key)[0]]
      members = [for name in binding.value : google_service_account.account[name].member]

      dynamic "condition" {
        for_each = compact([split(" ", binding.key)[1]])

        content {
          title      = "below ${condition.value}"
          expression = "resource.name.startsWith(\"projects/_/buckets/${each.value.name}/objects/${condition.value}\")"
        }
      }
    }
  }

  # Researchers, as study.yaml says, from and until when. Outside of the perimeter this
  # opens nothing.
  dynamic "binding" {
    for_each = each.value.readers

    content {
      role    = "roles/storage.objectViewer"
      members = ["group:${binding.value.group}"]

      condition {
        title      = "${binding.value.from} to ${binding.value.until}"
        expression = "request.time >= timestamp(\"${binding.value.from}\") && request.time < timestamp(\"${binding.value.until}\")"
      }
    }
  }

  dynamic "binding" {
    for_each = each.value.backed_up ? ["roles/storage.legacyBucketReader", "roles/storage.objectViewer"] : []

    content {
      role    = binding.value
      members = [local.agents.transfer]
    }
  }
}

resource "google_storage_bucket_iam_policy" "bucket" {
  for_each = local.buckets

  bucket      = each.value.name
  policy_data = data.google_iam_policy.bucket[each.key].policy_data

  depends_on = [google_project_iam_binding.buckets]
}

data "google_iam_policy" "temp" {
  for_each = local.jobs

  dynamic "binding" {
    for_each = local.roles

    content {
      role    = binding.value
      members = [google_service_account.account[each.key].member]
    }
  }
}

resource "google_storage_bucket_iam_policy" "temp" {
  for_each = local.jobs

  bucket      = google_storage_bucket.temp[each.key].name
  policy_data = data.google_iam_policy.temp[each.key].policy_data

  depends_on = [google_project_iam_binding.buckets]
}

data "google_iam_policy" "templates" {
  binding {
    role = local.roles.reads
    members = concat(
      [google_service_account.launch.member],
      [for job in local.jobs : google_service_account.account[job].member],
      var.builders,
    )
  }

  dynamic "binding" {
    for_each = length(var.builders) > 0 ? [local.roles.creates] : []

    content {
      role    = binding.value
      members = var.builders
    }
  }
}

resource "google_storage_bucket_iam_policy" "templates" {
  bucket      = google_storage_bucket.templates.name
  policy_data = data.google_iam_policy.templates.policy_data

  depends_on = [google_project_iam_binding.buckets]
}

resource "google_artifact_registry_repository_iam_binding" "readers" {
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  members    = [for job in local.jobs : google_service_account.account[job].member]
}

resource "google_artifact_registry_repository_iam_binding" "writers" {
  count = length(var.builders) > 0 ? 1 : 0

  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  members    = var.builders
}
