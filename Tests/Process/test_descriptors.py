# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A process that may open no more files."""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

from service import HOST, TIMEOUT, ServiceCase

CONNECT = bytes([0x10, 15, 0, 4]) + b"MQTT" + bytes([5, 2, 0, 0, 0, 0, 2]) + b"me"


def processor_time(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Descriptors(ServiceCase):
    """The limit on open files."""

    def test_no_room_for_connections(self) -> None:
        """It says so, does not spin, and serves who has waited once there is room"""
        broker = self.start()
        _, most = resource.prlimit(broker.pid, resource.RLIMIT_NOFILE)
        before = resource.prlimit(broker.pid, resource.RLIMIT_NOFILE, (3, most))
        with socket.create_connection((HOST, self.port), timeout=TIMEOUT) as waiting:
            waiting.sendall(CONNECT)
            line = self.expect_output(broker, "cannot accept: too many open files")
            self.assertIn("listener=tcp:default", line)
            used = processor_time(broker.pid)
            waiting.settimeout(2)  # Nothing is to come: there is no event to wait for.
            with self.assertRaises(TimeoutError):
                waiting.recv(1)
            self.assertLess(processor_time(broker.pid) - used, 0.2)
            resource.prlimit(broker.pid, resource.RLIMIT_NOFILE, before)
            waiting.settimeout(TIMEOUT)
            self.assertEqual(waiting.recv(1), b"\x20")
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
