"""Beam's local runner, mended so that streams of any length run, and jobs end."""

from typing import Any

from apache_beam.metrics import monitoring_infos
from apache_beam.runners.portability import local_job_service
from apache_beam.runners.portability.fn_api_runner import fn_runner, worker_handlers

_Connection = worker_handlers.ControlConnection
_Servicer = worker_handlers.BeamFnControlServicer
_Process = local_job_service.SubprocessSdkWorker


def _consolidated(metrics: Any, key: Any = monitoring_infos.to_key) -> Any:
    return list(monitoring_infos.consolidate(metrics, key))


def _close(connection: Any) -> None:
    with _Connection._lock:
        connection.push(_Servicer._DONE_MARKER)
        has_called = connection._state == _Servicer.STARTED_STATE
        connection._state = _Servicer.DONE_STATE
    if has_called:
        connection._read_thread.join()


class _DeafProcess(_Process):
    """A worker process that does not hear Ctrl-C; the shell that starts it is it."""

    def __init__(self, command: bytes, *more: Any) -> None:
        super().__init__(b"trap '' INT; exec " + command, *more)


class LocalRunner(fn_runner.FnApiRunner):
    """FnApiRunner, but counters are summed up as bundles end, and every worker ends.

    Beam 2.77 lays one lazy sum around the other for each bundle, and a stream has a
    bundle for each flush: memory grows, and after about a thousand the sum is too deep
    to be taken ("maximum recursion depth exceeded" when the stream ends).

    And it tells only those worker processes to end that have called by then. One that
    calls later, where another has failed at once, waits for work for ever, and the
    runner for it.

    And a terminal sends Ctrl-C to worker processes too, which tell of it in many lines.
    Here it is the launcher's alone: they end when it tells them, or is no longer there.
    """

    def run_stages(self, stage_context: Any, stages: Any) -> fn_runner.RunnerResult:
        """Runs the stages with the mended parts in the place of Beam's."""
        fn_runner.consolidate_monitoring_infos = _consolidated
        _Connection.close = _close  # type: ignore[assignment]
        local_job_service.SubprocessSdkWorker = _DeafProcess  # type: ignore
        return super().run_stages(stage_context, stages)
