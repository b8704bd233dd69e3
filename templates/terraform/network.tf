# Workers have no address outside, no way out, and reach Google's services alone.
resource "google_compute_network" "workers" {
  name                            = "rally-workers"
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true

  depends_on = [google_project_service.used]
}

resource "google_compute_subnetwork" "workers" {
  name                     = "rally-workers"
  network                  = google_compute_network.workers.id
  region                   = var.region
  ip_cidr_range            = var.subnet_range
  private_ip_google_access = true
}

locals {
  # restricted.googleapis.com: the services that perimeters know, and no others.
  restricted_range     = "199.36.153.4/30"
  restricted_addresses = [for host in range(4) : cidrhost(local.restricted_range, host)]
  # Workers of one job talk to each other on these (Dataflow, "Configure firewall rules").
  worker_ports = ["12345-12346"]
  worker_tags  = ["dataflow"]
}

resource "google_compute_route" "restricted" {
  name             = "rally-restricted-services"
  network          = google_compute_network.workers.id
  dest_range       = local.restricted_range
  next_hop_gateway = "default-internet-gateway"
}

resource "google_compute_firewall" "no_way_out" {
  name               = "rally-no-way-out"
  network            = google_compute_network.workers.id
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }
}

resource "google_compute_firewall" "to_restricted" {
  name               = "rally-to-restricted-services"
  network            = google_compute_network.workers.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [local.restricted_range]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "to_workers" {
  name               = "rally-to-workers"
  network            = google_compute_network.workers.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [var.subnet_range]
  target_tags        = local.worker_tags

  allow {
    protocol = "tcp"
    ports    = local.worker_ports
  }
}

resource "google_compute_firewall" "from_workers" {
  name        = "rally-from-workers"
  network     = google_compute_network.workers.id
  direction   = "INGRESS"
  priority    = 1000
  source_tags = local.worker_tags
  target_tags = local.worker_tags

  allow {
    protocol = "tcp"
    ports    = local.worker_ports
  }
}

# Names of Google's services, and of the two registries that images come from, are names
# of the restricted addresses; what is not there has no address.
locals {
  domains = {
    services = "googleapis.com."
    images   = "pkg.dev."
    dataflow = "gcr.io." # Dataflow's own images
  }
}

resource "google_dns_managed_zone" "google" {
  for_each = local.domains

  name        = "rally-${each.key}"
  dns_name    = each.value
  description = "Google's services by their restricted addresses"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.workers.id
    }
  }
}

resource "google_dns_record_set" "address" {
  for_each = local.domains

  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = each.key == "services" ? "restricted.${each.value}" : each.value
  type         = "A"
  ttl          = 300
  rrdatas      = local.restricted_addresses
}

resource "google_dns_record_set" "all" {
  for_each = local.domains

  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = "*.${each.value}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [google_dns_record_set.address[each.key].name]
}
