# Three sorts of keys, none of which leaves Cloud KMS:
#   ping      encrypts the file of the key that opens a study's pings (docs/keys.md)
#   purpose   encrypts the files of platform keys, one for each sort of them
#   storage   encrypts the objects of a study's bucket; `rally purge` destroys it at the end
# Nothing rotates by itself: the files are not encrypted anew by it, and a storage key
# whose versions were destroyed would get a new one.
resource "google_kms_key_ring" "rally" {
  name     = "${var.prefix}-rally"
  location = var.region

  depends_on = [google_project_service.used]
}

locals {
  # A version that was destroyed by mistake can be restored for so long.
  key_undo = "604800s"
  # Of everything that is no study's own.
  service_keys = {
    platform = [local.agents.storage]
    keys     = [local.agents.storage]
    releases = [local.agents.storage]
    jobs     = [local.agents.storage, local.agents.dataflow, local.agents.compute]
    messages = [local.agents.pubsub]
    images   = [local.agents.storage, local.agents.artifacts]
  }
}

resource "google_kms_crypto_key" "ping" {
  for_each = var.studies

  name                       = "ping-${each.key}"
  key_ring                   = google_kms_key_ring.rally.id
  destroy_scheduled_duration = local.key_undo

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "purpose" {
  for_each = local.purposes

  name                       = "purpose-${replace(each.key, ".", "-")}"
  key_ring                   = google_kms_key_ring.rally.id
  destroy_scheduled_duration = local.key_undo

  lifecycle {
    prevent_destroy = true
  }
}

# A concluded study keeps its key and its bucket here. `rally purge` destroys the key's
# versions, of which Terraform knows nothing and which it does not make again.
resource "google_kms_crypto_key" "storage" {
  for_each = var.studies

  name                       = "storage-${each.key}"
  key_ring                   = google_kms_key_ring.rally.id
  destroy_scheduled_duration = local.key_undo

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "service" {
  for_each = local.service_keys

  name                       = "service-${each.key}"
  key_ring                   = google_kms_key_ring.rally.id
  destroy_scheduled_duration = local.key_undo

  lifecycle {
    prevent_destroy = true
  }
}

# Who may open what follows from the table in accounts.tf. A concluded study's files may
# be there for a while yet, and a job that cannot open one does not start.
resource "google_kms_crypto_key_iam_binding" "open_ping" {
  for_each = google_kms_crypto_key.ping

  crypto_key_id = each.value.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  members = [
    for name, account in local.accounts : google_service_account.account[name].member if account.opens_pings
  ]
}

resource "google_kms_crypto_key_iam_binding" "open_purpose" {
  for_each = google_kms_crypto_key.purpose

  crypto_key_id = each.value.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  members = [
    for name, account in local.accounts : google_service_account.account[name].member
    if contains(account.opens, each.key) || (local.is_over && name == "purge" && contains(local.end.opens, each.key))
  ]
}

# Who makes a key seals its file, and opens it once to be sure.
resource "google_kms_crypto_key_iam_binding" "make" {
  for_each = merge(
    { for name, key in google_kms_crypto_key.ping : "ping-${name}" => key.id },
    { for name, key in google_kms_crypto_key.purpose : "purpose-${name}" => key.id },
  )

  crypto_key_id = each.value
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = [google_service_account.account["keeper"].member]
}

resource "google_kms_crypto_key_iam_binding" "storage" {
  for_each = google_kms_crypto_key.storage

  crypto_key_id = each.value.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = [local.agents.storage]
}

resource "google_kms_crypto_key_iam_binding" "service" {
  for_each = local.service_keys

  crypto_key_id = google_kms_crypto_key.service[each.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = each.value
}

# Purge may destroy the storage key of a study that is concluded, and of no other.
resource "google_kms_crypto_key_iam_binding" "destroy" {
  for_each = toset(local.concluded)

  crypto_key_id = google_kms_crypto_key.storage[each.key].id
  role          = google_project_iam_custom_role.key_destroyer.id
  members       = [google_service_account.account["purge"].member]
}
