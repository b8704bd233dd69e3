"""Ports for the servers of tests."""

import os
import socket
from itertools import count

_FIRST, _OF_A_WORKER = 20_000, 1_000
"""Below those that the kernel gives to clients (32768 and on), of which any may take a
port between the moment it is found free and the moment a server has it."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_numbers = count(_FIRST + _worker * _OF_A_WORKER)


def free_port():
    """One on loopback that is free, and that no other test has been given."""
    for port in _numbers:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError
