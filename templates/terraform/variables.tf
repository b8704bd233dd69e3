variable "project" {
  type        = string
  description = "The project of workers and stores, which exists and does nothing else."
}

variable "region" {
  type        = string
  description = "Where everything is: jobs, stores, keys and messages."
}

variable "backup_region" {
  type        = string
  description = "Where the platform's backup is. Another one survives the loss of the first."
}

variable "prefix" {
  type        = string
  description = "Begins the name of every bucket; these are unique in the world."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.prefix))
    error_message = "Give 3 to 16 small letters, digits and hyphens."
  }
}

variable "release" {
  type        = string
  description = "The version whose templates are launched: a folder of the templates' bucket."

  validation {
    condition     = var.release != "latest"
    error_message = "Name one release: what runs at night must be what was tested."
  }
}

variable "access_policy" {
  type        = string
  description = "Number of the organisation's access policy, in which the perimeter is made."
}

variable "workspaces" {
  type        = list(string)
  default     = []
  description = "Numbers of the projects in which researchers work: inside the perimeter. Their networks are closed by whoever makes them (docs/infrastructure.md)."
}

variable "edge_project" {
  type        = string
  description = "Number of the project whose edge servers publish pings: outside of the perimeter."
}

variable "edge_accounts" {
  type        = list(string)
  description = "E-mail addresses of the edge servers' service accounts, which may publish."

  validation {
    condition     = length(var.edge_accounts) > 0
    error_message = "Without one no ping comes in; an empty list would let anybody publish."
  }
}

variable "administrators" {
  type        = list(string)
  description = "Who runs Terraform, such as serviceAccount:terraform@…: from outside of the perimeter."

  validation {
    condition     = length(var.administrators) > 0 && alltrue([for each in var.administrators : can(regex("^(user|serviceAccount|group):[^:@]+@[^:@]+$", each))])
    error_message = "Name the account that runs this, such as serviceAccount:terraform@…, or the perimeter locks it out."
  }
}

variable "operators" {
  type        = list(string)
  default     = []
  description = "Who may act as `desk` and as `launch`, such as group:on-call@example.org."
}

variable "key_keepers" {
  type        = list(string)
  default     = []
  description = "Who may act as `keeper` and make keys. Empty it when they have made them."
}

variable "placers" {
  type        = list(string)
  default     = []
  description = "Who may act as `release`, to place a file that no recipe made. Empty it when it is placed."
}

variable "publishers" {
  type        = list(string)
  default     = []
  description = "Who may act as `publish` and fetch results from outside of the perimeter."
}

variable "builders" {
  type        = list(string)
  default     = []
  description = "Who pushes images and stages templates: the build's service account."
}

variable "notification_channels" {
  type        = list(string)
  default     = []
  description = "Who is told by alerts: names of Cloud Monitoring's notification channels."
}

variable "subnet_range" {
  type        = string
  default     = "10.10.0.0/20"
  description = "Addresses of workers."
}

variable "machine_type" {
  type        = string
  default     = "n2-standard-8"
  description = "The machine of a scheduled job, which one worker does with all its cores."
}

variable "first_time" {
  type        = bool
  default     = false
  description = "There is no platform's log yet, so no study is concluded. Say it on the command line, in no file."
}

# The two below are what `rally studies infrastructure --platform …` prints, into
# studies.auto.tfvars.json. studies.example.tfvars.json shows them, and is not applied.

variable "studies" {
  type = map(object({
    kind      = string
    concluded = bool
  }))
  description = "Every namespace of the registry. What nobody knows to be concluded is null."

  validation {
    condition     = var.first_time || alltrue([for study in var.studies : study.concluded != null])
    error_message = "It is not known which studies are concluded. Run `rally studies infrastructure` with --platform; before rally init has run, give -var=first_time=true here."
  }

  validation {
    condition     = alltrue([for name in keys(var.studies) : length("${var.prefix}-study-${name}") <= 63])
    error_message = "A bucket's name has at most 63 characters; give a shorter prefix."
  }
}

variable "access" {
  type = list(object({
    study = string
    group = string
    from  = string
    until = string
  }))
  description = "Which group of researchers reads which study, from and until when (RFC 3339)."

  validation {
    condition     = alltrue([for each in var.access : can(var.studies[each.study]) && !try(var.studies[each.study].concluded, true)])
    error_message = "Only studies of the registry that are not concluded have researchers."
  }
}
