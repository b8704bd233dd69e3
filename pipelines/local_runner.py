"""Beam's local runner, mended so that a stream of any length runs and ends in it."""

from typing import Any

from apache_beam.metrics import monitoring_infos
from apache_beam.runners.portability.fn_api_runner import fn_runner


def _consolidated(metrics: Any, key: Any = monitoring_infos.to_key) -> Any:
    return list(monitoring_infos.consolidate(metrics, key))


class LocalRunner(fn_runner.FnApiRunner):
    """FnApiRunner, but counters are summed up as bundles end.

    Beam 2.77 lays one lazy sum around the other for each bundle, and a stream has a
    bundle for each flush: memory grows, and after about a thousand the sum is too deep
    to be taken ("maximum recursion depth exceeded" when the stream ends).
    """

    def run_stages(self, stage_context: Any, stages: Any) -> fn_runner.RunnerResult:
        """Runs the stages with the eager sum in the place of the lazy one."""
        fn_runner.consolidate_monitoring_infos = _consolidated
        return super().run_stages(stage_context, stages)
