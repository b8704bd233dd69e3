"""Beam's local runner, mended so that streams of any length run, and jobs end."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import grpc
from apache_beam.metrics import monitoring_infos
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner import fn_runner, worker_handlers
from apache_beam.runners.portability.local_job_service import SubprocessSdkWorker
from apache_beam.runners.worker.data_plane import BeamFnDataServicer

_Connection = worker_handlers.ControlConnection
_Handler = worker_handlers.SubprocessSdkWorkerHandler
_Servicer = worker_handlers.BeamFnControlServicer
_push_of_beam, _read_of_beam = _Connection.push, _Connection._read
_data_of_beam = BeamFnDataServicer.Data
_DEAF = b"trap '' INT; exec "
"""Before a command: its process hears no Ctrl-C, and no shell tells of its death."""

_DIED = "a worker process died, as when memory runs out"


def _consolidated(metrics: Any, key: Any = monitoring_infos.to_key) -> Any:
    return list(monitoring_infos.consolidate(metrics, key))


def _close(connection: Any) -> None:
    with _Connection._lock:
        connection.push(_Servicer._DONE_MARKER)
        has_called = connection._state == _Servicer.STARTED_STATE
        connection._state = _Servicer.DONE_STATE
    if has_called:
        connection._read_thread.join()


def _start_worker(handler: Any) -> None:
    worker = SubprocessSdkWorker(
        _DEAF + handler._worker_command_line,
        handler.control_address,
        handler.provision_info,
        handler.worker_id,
    )
    handler.worker_thread = threading.Thread(
        name="run_worker", target=_run_worker, args=(worker, handler.control_conn)
    )
    handler.worker_thread.start()


def _run_worker(worker: SubprocessSdkWorker, connection: Any) -> None:
    try:
        with suppress(RuntimeError):  # its status; what matters is that it ended
            worker.run()
    finally:
        connection.has_ended = True
        for future in [*connection._futures_by_id.values()]:
            _abort(future)


def _push(connection: Any, request: Any) -> Any:
    future = _push_of_beam(connection, request)
    if future and getattr(connection, "has_ended", False):
        _abort(future)
    return future


def _abort(future: Any) -> None:
    # Beam's data plane looks at the answer alone.
    future._response = beam_fn_api_pb2.InstructionResponse(error=_DIED)
    future.abort(OSError(_DIED))


def _read(connection: Any) -> None:
    with suppress(grpc.RpcError):  # it died; _run_worker sees to that
        _read_of_beam(connection)


def _data(servicer: Any, elements: Any, context: Any) -> Iterator[Any]:
    yield from _data_of_beam(servicer, _unbroken(elements), context)


def _unbroken(elements: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from elements
    except grpc.RpcError:  # it died: the job ends by that, and this thread with it
        threading.Event().wait()


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

    Nor does it see that a process died: who waits for its answer waits for ever.
    """

    def run_stages(self, stage_context: Any, stages: Any) -> fn_runner.RunnerResult:
        """Runs the stages with the mended parts in the place of Beam's.

        Raises:
            OSError: a worker process died.
        """
        fn_runner.consolidate_monitoring_infos = _consolidated
        _Connection.close = _close  # type: ignore[assignment]
        _Connection.push = _push  # type: ignore[assignment]
        _Connection._read = _read  # type: ignore[assignment]
        BeamFnDataServicer.Data = _data  # type: ignore[assignment, method-assign]
        _Handler.start_worker = _start_worker  # type: ignore[assignment]
        return super().run_stages(stage_context, stages)
