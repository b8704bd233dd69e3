# The state names every bucket and binding, and no secret. It lies in a bucket of its own
# that is made by hand, once: `terraform init -backend-config=bucket=<name>`.
terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  backend "gcs" {}
}

provider "google" {
  project = var.project
  region  = var.region
}
