# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of tests over WebSocket: a broker of their own which listens for it, beside TCP."""

from __future__ import annotations

import unittest

from broker import Broker
from case import SHARED, ConformanceCase


class WebSocketCase(ConformanceCase):
    """A test against a broker with a `websocket_address`."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        executable = SHARED["broker"].executable
        if executable is None:
            raise unittest.SkipTest("needs a listener for WebSocket, which an external broker does not tell")
        cls.broker = Broker.start(executable, cls.settings, websocket=True)
        cls.addClassCleanup(cls._stop_own_broker)
