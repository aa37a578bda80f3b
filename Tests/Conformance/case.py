# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of all conformance tests: clients that are closed afterwards, names that no other test uses, versions."""

from __future__ import annotations

import functools
import unittest
from contextlib import ExitStack
from typing import Callable, ClassVar, Mapping, Optional, TypeVar

import packets
from broker import Broker
from packets import V5, V311, Prop, Text, Type
from wire import Client

Method = TypeVar("Method", bound=Callable[..., None])
SHARED: dict[str, Broker] = {}
"""The broker that run.py started, under the key "broker"."""


class ConformanceCase(unittest.TestCase):
    """A test against a broker. Client ids and topics made here begin with the test's own name."""

    maxDiff = None
    settings: ClassVar[Optional[Mapping[str, str]]] = None
    """Configuration keys of a broker of this class's own; without them the shared broker is used."""
    broker: ClassVar[Broker]

    @classmethod
    def setUpClass(cls) -> None:
        shared = SHARED["broker"]
        if cls.settings is None:
            cls.broker = shared
            return
        if shared.executable is None:
            raise unittest.SkipTest("needs a configuration of its own, which an external broker does not give")
        cls.broker = Broker.start(shared.executable, cls.settings)
        cls.addClassCleanup(cls._stop_own_broker)

    @classmethod
    def _stop_own_broker(cls) -> None:
        alive, tail = cls.broker.alive, cls.broker.log_tail()
        code = cls.broker.stop()
        if not alive or code != 0:
            raise AssertionError(f"the broker of {cls.__name__} {'ended with' if alive else 'died:'} {code}\n{tail}")

    def setUp(self) -> None:
        self._clients = ExitStack()
        self.addCleanup(self._clients.close)
        self._names = 0
        self._prefix = f"{type(self).__name__}.{self._testMethodName}"

    def unique(self, stem: str = "c") -> str:
        """A client id (or other name) that no other test uses."""
        self._names += 1
        return f"{self._prefix}-{stem}{self._names}"

    def topic(self, suffix: str = "t") -> str:
        """A topic (or, by its suffix, a filter) below a level that this subtest has for itself."""
        return f"{self._prefix}/{suffix}"

    def open(self, version: int = V5) -> Client:
        """A network connection on which nothing has been sent."""
        client = Client(self.broker.address, version)
        self._clients.callback(client.close)
        return client

    def client(self, version: int = V5, client_id: Optional[Text] = None, **fields: object) -> Client:
        """A connected client; fields are those of CONNECT."""
        client = self.open(version)
        client.connect(self.unique() if client_id is None else client_id, **fields)
        return client

    def subscriber(self, *filters: Text, version: int = V5, options: int = 0, **fields: object) -> Client:
        """A connected client with these subscriptions."""
        client = self.client(version, **fields)
        client.subscribe(*filters, options=options)
        return client

    def elapse(self, seconds: int) -> None:
        """Returns when the broker's own clock has gone on by this much: it waits for a will with that delay."""
        topic = self.topic(self.unique("clock"))
        listener = self.subscriber(topic)
        clock = self.client(
            properties=[(Prop.SESSION_EXPIRY, seconds + 60)],
            will_topic=topic,
            will_properties=[(Prop.WILL_DELAY, seconds)],
        )
        clock.close()
        listener.expect_message("", timeout=seconds + 5)
        listener.close()

    def expect_refused_connect(
        self, *reasons: int, version: int = V5, data: Optional[bytes] = None, **fields: object
    ) -> None:
        """A CONNECT with these fields (or bytes) must fail: by the close in v3, in v5 by CONNACK and the close."""
        client = self.open(version)
        client.send(packets.connect(self.unique(), version=version, **fields) if data is None else data)
        if version == V5:
            connack = client.expect(Type.CONNACK)
            self.assertIn(connack.reason, reasons)
        client.expect_closed()

    def end_sub_test(self) -> None:
        """Closes the clients of a subtest."""
        self._clients.close()


def versions(*chosen: int) -> Callable[[Method], Method]:
    """Runs a test method once for each version, as a subtest; the method takes the version as its argument."""

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def run(self: ConformanceCase) -> None:
            base = self._prefix
            for version in chosen:
                self._prefix = f"{base}.v{version}"
                with self.subTest(version=version):
                    method(self, version)
                self.end_sub_test()
            self._prefix = base

        return run  # type: ignore[return-value]

    return decorate


both = versions(V311, V5)
