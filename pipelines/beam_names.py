"""Names of Beam's own options, so that a mistyped one is found before Beam is imported.

    python -m pipelines.beam_names

prints them for the Beam that is installed; a test holds this file against it.
"""

import argparse
import textwrap

from rally.process import run_as_process

_VALUES = """\
application_id artifact_endpoint artifact_port artifacts_dir autoscaling_algorithm
azure_connection_string azure_managed_identity_client_id beam_plugin beam_plugins
beam_services blob_service_endpoint bootstrap_servers cloud_build_machine_type
create_from_snapshot dataflow_endpoint dataflow_job_file dataflow_kms_key
dataflow_service_option dataflow_service_options default_sdk_harness_log_level
direct_num_workers direct_runner_bundle_repeat direct_running_mode
direct_test_splits disk_provisioned_iops disk_provisioned_throughput_mibps
disk_size_gb disk_type docker_registry_push_url dry_run
element_processing_timeout_minutes environment_cache_millis environment_config
environment_option environment_options environment_type expansion_port experiment
experiments extra_package extra_packages file_to_stage files_to_stage flexrs_goal
flink_job_server_jar flink_master flink_version gbek gcp_oauth_scope
gcp_oauth_scopes gcs_custom_audit_entries gcs_custom_audit_entry hdfs_host hdfs_port
hdfs_user impersonate_service_account jar_cache_dir job-server-timeout job_endpoint
job_name job_port job_server_java_launcher job_server_jvm_properties
job_server_jvm_property job_server_timeout kafka_streams_job_server_jar label labels
machine_type maven_repository_url max_cache_memory_usage_mb max_num_workers
max_parallelism min_cpu_platform network num_workers
number_of_worker_harness_threads on_success_matcher output_executable_path
parallelism pickle_library prebuild_sdk_container_base_image
prebuild_sdk_container_engine prism_beam_version_override prism_location
prism_log_kind prism_log_level profile_location profile_postprocess_interval_sec
profile_sample_rate profile_temp_location profile_upload_interval_sec profiler_agent
profiler_extra_arg profiler_extra_args profiler_extra_env_var
profiler_extra_env_vars profiler_stop_after_sec project pubsub_root_url region
requirements_cache requirements_file resource_hint resource_hints runner
s3_access_key_id s3_api_version s3_endpoint_url s3_region_name s3_secret_access_key
s3_session_token s3_verify sdk_container_image sdk_harness_container_image_overrides
sdk_harness_log_level_overrides sdk_location sdk_worker_parallelism
service_account_email setup_file spark_job_server_jar spark_master_url
spark_rest_url spark_version staging_location subnetwork temp_location
template_location transform_name_mapping type_check_additional type_check_strictness
user_agent wait_until_finish_duration worker_disk_type
worker_harness_container_image worker_machine_type worker_region worker_zone zone
"""
_OPTIONAL = """\
update_compatibility_version
"""
_FLAGS = """\
allow_non_deterministic_key_coders allow_unsafe_triggers auto_unique_labels
direct_embed_docker_python disable_beartype enable_artifact_caching
enable_bucket_read_metric_counter enable_bucket_write_metric_counter
enable_gcsio_blob_generation enable_hot_key_logging enable_streaming_engine
exclude_infer_dataclass_field_type flink_submit_uber_jar
force_cloudpickle_deterministic_coders hdfs_full_urls no_auth
no_direct_runner_use_stacked_bundle no_gcsio_throttling_counter
no_pipeline_type_check no_save_main_session no_use_public_ips no_wait_until_finish
performance_runtime_type_check profile_cpu profile_memory profiler_stop_after_crash
requirements_cache_only_sources runtime_type_check s3_disable_ssl save_main_session
spark_submit_uber_jar streaming update use_public_ips use_transform_service
"""

VALUES = frozenset(_VALUES.split())
OPTIONAL = frozenset(_OPTIONAL.split())
FLAGS = frozenset(_FLAGS.split())


def parser_of_beam() -> argparse.ArgumentParser:
    """Makes a parser of all options that Beam declares; imports Beam."""
    from apache_beam.options.pipeline_options import (
        PipelineOptions,
        _BeamArgumentParser,
    )

    parser = _BeamArgumentParser(add_help=False)
    for group in PipelineOptions.__subclasses__():
        if group.__module__.startswith("apache_beam."):
            group._add_argparse_args(parser)
    return parser


def names_of_beam() -> dict[str, frozenset[str]]:
    """The names that Beam declares, as VALUES, OPTIONAL and FLAGS have them."""
    found: dict[str, set[str]] = {"VALUES": set(), "OPTIONAL": set(), "FLAGS": set()}
    for action in parser_of_beam()._actions:
        kind = {0: "FLAGS", "?": "OPTIONAL"}.get(action.nargs or 0, "VALUES")
        kind = "VALUES" if action.nargs is None else kind
        found[kind].update(each.removeprefix("--") for each in action.option_strings)
    return {kind: frozenset(names) for kind, names in found.items()}


def main() -> int:
    """Prints what belongs into this file."""
    from rally.printing import print_lines

    for kind, names in names_of_beam().items():
        lines = textwrap.wrap(" ".join(sorted(names)), 88, break_on_hyphens=False)
        print_lines(f"{kind}:", *lines, "")
    return 0


if __name__ == "__main__":
    run_as_process(main)
