# What somebody is woken for. Every job ends with one line of JSON, in which there is no
# id: {"event": "job_ended", "job": "purge", "status": 0, …}. Cloud Logging has it as a
# payload of its own, as text, or as the message of a worker that conducted the job; all
# are looked at. This table is the only place here that names what stands in it
# (docs/infrastructure.md). Of an ingest that was launched there is none at Dataflow:
# it tells what it does by its counters.
#   jobs   what the entry's `job` is, as a regular expression
#   found  the numbers in the entry's `field`, as a comparison
#   text   the same as a regular expression, where the entry is text
locals {
  events = {
    late_withdrawals = {
      jobs  = "delete"
      field = "late_withdrawals"
      found = ">0"
      text  = "[1-9]"
      title = "A withdrawal is past its deadline"
      says  = "Somebody left and is not deleted in time. See `rally withdrawals`, and docs/operations.md."
    }
    audit_broken = {
      jobs  = "audit"
      field = "broken"
      found = ">0"
      text  = "[1-9]"
      title = "The audit found a broken promise"
      says  = "The audit's report in the job's log names the promise. See docs/audit.md and docs/operations.md."
    }
    approvals_ending = {
      jobs  = "audit"
      field = "approvals_ending"
      found = ">0"
      text  = "[1-9]"
      title = "A data review ends soon"
      says  = "In 30, in 14 or in at most 5 days something is collected no more, unless its owner acts. `rally studies due` lists what, and whose: docs/studies.md."
    }
    cases_overdue = {
      jobs  = "audit"
      field = "cases_overdue"
      found = ">0"
      text  = "[1-9]"
      title = "Somebody waits for a copy of their data"
      says  = "A request is open for more than 20 days, and is to be answered within 30. `rally person cases` says what it waits for: docs/people.md."
    }
    dead_letters = {
      jobs  = "replay"
      field = "dead_letters"
      found = ">0"
      text  = "[1-9]"
      title = "Dead letters failed once more"
      says  = "They are sealed and kept for 30 days. Mend the cause, and run `rally replay` again: docs/operations.md."
    }
    not_as_promised = {
      jobs  = "[a-z]+"
      field = "status"
      found = ">0"
      text  = "[1-9]"
      title = "A job ended with something not as promised"
      says  = "Exit status 1: something is not as promised; 2: wrong options or configuration; 70: a crash, of which there is an alert of its own. The job's log says what."
    }
    crashed = {
      jobs  = "[a-z]+"
      field = "status"
      found = "=70"
      text  = "70[,}]"
      title = "A job crashed"
      says  = "Exit status 70 is a bug of ours: the job's log names its place. Run it again once, and tell the developers: docs/operations.md."
    }
  }

  ended = <<-EOT
    resource.type="dataflow_step" AND (
      jsonPayload.event="job_ended"
      OR textPayload=~"\"event\": ?\"job_ended\""
      OR jsonPayload.message=~"\"event\": ?\"job_ended\""
    )
  EOT
}

# Every end of a job, good or bad: a job that does not run tells nothing.
resource "google_logging_metric" "ended" {
  name   = "rally/job_ended"
  filter = local.ended

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key        = "job"
      value_type = "STRING"
    }
  }

  label_extractors = {
    job = "EXTRACT(resource.labels.job_name)"
  }

  depends_on = [google_project_service.used]
}

# An entry itself is what somebody is woken for, without a metric of it: of one that was
# made just now an alert cannot be made for ten minutes, and the first apply would fail.
resource "google_monitoring_alert_policy" "event" {
  for_each = local.events

  display_name          = "Rally: ${each.value.title}"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter = <<-EOT
        ${local.ended} AND (
          (jsonPayload.job=~"^(${each.value.jobs})$" AND jsonPayload.${each.value.field}${each.value.found})
          OR (textPayload=~"\"job\": ?\"(${each.value.jobs})\"" AND textPayload=~"\"${each.value.field}\": ?${each.value.text}")
          OR (jsonPayload.message=~"\"job\": ?\"(${each.value.jobs})\"" AND jsonPayload.message=~"\"${each.value.field}\": ?${each.value.text}")
        )
      EOT

      label_extractors = {
        job = "EXTRACT(resource.labels.job_name)"
      }
    }
  }

  # Required of such an alert.
  alert_strategy {
    notification_rate_limit {
      period = "300s"
    }
  }

  documentation {
    content   = each.value.says
    mime_type = "text/markdown"
  }

  depends_on = [google_project_service.used]
}

# A day and an hour without an end of a job that runs daily; of the audit two days, since
# that of Sunday reads all, and may take hours longer than that of the day before.
resource "google_monitoring_alert_policy" "missing" {
  display_name          = "Rally: a nightly job did not end"
  combiner              = "OR"
  notification_channels = var.notification_channels

  dynamic "conditions" {
    for_each = toset([for schedule in local.scheduled : schedule.job])

    content {
      display_name = conditions.value

      condition_prometheus_query_language {
        query               = "(sum(increase(logging_googleapis_com:user_${replace(google_logging_metric.ended.name, "/", "_")}{monitored_resource=\"dataflow_job\", job=\"rally-${conditions.value}\"}[${conditions.value == "audit" ? "49h" : "25h"}])) or vector(0)) < 1"
        duration            = "0s"
        evaluation_interval = "300s"
        # The metric is a minute old at the first apply.
        disable_metric_validation = true
      }
    }
  }

  documentation {
    content   = "Look at the schedule's log, then at Dataflow's. A job that was killed is simply run again."
    mime_type = "text/markdown"
  }
}

# A stream does not end; what it counts is what it tells (docs/metrics.md).
# A counter is there from its first failure on, so what had no value ten minutes ago
# counts as a whole: the first burst is not missed. `left` is no fault: it waits for an
# enrolment, and replay takes it in at night.
locals {
  failures = "dataflow_googleapis_com:job_user_counter{monitored_resource=\"dataflow_job\", metric_name=~\".+/failed/.+\", metric_name!~\".+/failed/left\"}"
}

resource "google_monitoring_alert_policy" "failing_pings" {
  display_name          = "Rally: the stream makes dead letters"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "Pings failed within ten minutes"

    condition_prometheus_query_language {
      query               = "sum((${local.failures} - ${local.failures} offset 10m) or ${local.failures}) > 0"
      duration            = "0s"
      evaluation_interval = "300s"
      # No job has counted anything at the first apply.
      disable_metric_validation = true
    }
  }

  documentation {
    content   = "They are sealed and kept for 30 days. Mend the cause and run `rally replay`: docs/operations.md."
    mime_type = "text/markdown"
  }

  depends_on = [google_project_service.used]
}

# Pings are kept for a week, acknowledged or not; these tell long before one is lost.
locals {
  stream_alerts = {
    oldest_message = {
      title  = "Pings wait too long"
      filter = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.label.subscription_id=\"${google_pubsub_subscription.ingest.name}\""
      above  = 3600
      text   = "The oldest ping that is in no file yet is over an hour old; after a week it is lost. Is the stream running?"
    }
    watermark = {
      title  = "The stream's watermark stands still"
      filter = "metric.type=\"dataflow.googleapis.com/job/data_watermark_age\" AND resource.type=\"dataflow_job\" AND resource.label.job_name=starts_with(\"rally-ingest\")"
      above  = 3600
      text   = "The stream reads, but does not finish what it reads. Look at the job's errors."
    }
    lag = {
      title  = "The stream falls behind"
      filter = "metric.type=\"dataflow.googleapis.com/job/system_lag\" AND resource.type=\"dataflow_job\" AND resource.label.job_name=starts_with(\"rally-ingest\")"
      above  = 600
      text   = "Something has been worked on for ten minutes. Are there enough workers? Does a store refuse?"
    }
    failed = {
      title  = "A job failed"
      filter = "metric.type=\"dataflow.googleapis.com/job/is_failed\" AND resource.type=\"dataflow_job\" AND resource.label.job_name=starts_with(\"rally-\")"
      above  = 0
      text   = "Dataflow gave a job up. Whatever it left, running it again ends in the same state."
      lasts  = "0s"
    }
  }
}

resource "google_monitoring_alert_policy" "stream" {
  for_each = local.stream_alerts

  display_name          = "Rally: ${each.value.title}"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = try(each.value.lasts, "300s")

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content   = each.value.text
    mime_type = "text/markdown"
  }
}

# What the metrics of docs/metrics.md look like over a day.
resource "google_monitoring_dashboard" "rally" {
  dashboard_json = file("${path.module}/dashboard.json")

  depends_on = [google_project_service.used]
}
