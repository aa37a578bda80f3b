# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The base of all tests of what a broker keeps: a folder, and brokers that are gone afterwards."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
import unittest
from pathlib import Path
from typing import ClassVar, Iterable, Optional

import packets
from brokers import DurableBroker, broker_class
from packets import V5, Prop, Properties, Text, Type
from parser import Packet
from wire import DEFAULT_TIMEOUT, Client


class KeepingClient(Client):
    """A client of a broker that writes things down before it sends them."""

    PAUSE = 0.15

    def fence(self, timeout: float = DEFAULT_TIMEOUT) -> list[Packet]:
        """Everything that comes for this client. PINGRESP does not wait for the disk, other packets do."""
        found = super().fence(timeout)
        while True:
            time.sleep(self.PAUSE)
            more = super().fence(timeout)
            if not more:
                return found
            found += more


    def subscribe(
        self, *filters: Text, options: int = 0, properties: Optional[Properties] = None, expect: Optional[int] = None
    ) -> Packet:
        """SUBACK waits for the disk; messages may come before it (3.8.4), and stay for later."""
        packet_id = self.next_id()
        pairs = [(topic_filter, options) for topic_filter in filters]
        self.send(packets.subscribe(packet_id, pairs, self.version, properties))
        suback = self.expect_among(Type.SUBACK, packet_id)
        wanted = [options & 3 if expect is None else expect] * len(filters)
        if suback.reasons != wanted:
            raise AssertionError(f"expected SUBACK with {wanted}, got {suback}")
        return suback


class KeepingCase(unittest.TestCase):
    """A test with a directory of its own. The directory of one that failed stays if `keeps` says so."""

    maxDiff = 1000
    executable: ClassVar[Path]
    seed: ClassVar[int] = 1
    kills: ClassVar[int] = 10
    minutes: ClassVar[float] = 0
    long: ClassVar[bool] = False
    """Whether tests that take very long run too."""
    keeps: ClassVar[bool] = False

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="nanomq-ledger-"))
        self.addCleanup(self._clean)
        self.clients: list[Client] = []

    def _clean(self) -> None:
        if not self.keeps:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def trace(self) -> Optional[Path]:
        """Where every packet is written down, if somebody wants to look."""
        return self.folder / "trace" if self.keeps else None

    def broker(self, name: str = "broker", **fields: object) -> DurableBroker:
        """A broker that has not been started, with a directory of its own."""
        folder = self.folder / name
        folder.mkdir()
        broker = broker_class(self.executable)(self.executable, folder, **fields)
        self.addCleanup(broker.discard)
        return broker

    def client(
        self, broker: DurableBroker, client_id: str, version: int = V5, expiry: int = 3600, **fields: object
    ) -> Client:
        """A connected client with a session that is kept; before v5 there is no expiry."""
        client = self.open(broker, version)
        client.connect(client_id, **{**session(version, expiry), **fields})
        return client

    def resume(self, broker: DurableBroker, client_id: str, version: int = V5, **fields: object) -> Client:
        """The same, and the broker must know its session."""
        client = self.open(broker, version)
        connack = client.connect(client_id, **{**session(version, 3600), **fields})
        self.assertTrue(connack.session_present, f"the session of {client_id} is gone")
        return client

    def expect_gone(self, broker: DurableBroker, client_id: str, version: int = V5) -> None:
        """The broker must not know this session."""
        client = self.open(broker, version)
        connack = client.connect(client_id, **session(version, 3600))
        self.assertFalse(connack.session_present, f"the session of {client_id} is there")
        client.close()

    def open(self, broker: DurableBroker, version: int = V5) -> Client:
        """A connection on which nothing has been sent."""
        client = KeepingClient(broker.address, version)
        self.clients.append(client)
        self.addCleanup(client.close)
        return client

    def tell(self, broker: DurableBroker) -> None:
        """Ends the broker with SIGTERM; the clients go as they hear of it, so that it need not wait for them."""

        def hang_up() -> None:
            # What the broker has to say it says at once.
            time.sleep(0.1)
            while self.clients:
                self.clients.pop().close()

        code = broker.stop(hang_up)
        self.assertEqual(code, 0, broker.tail())

    def settle(self, broker: DurableBroker) -> None:
        """Returns when what happened before is on disk: what is not acknowledged itself, such as a DISCONNECT.

        The store writes in order, so the acknowledgement of a later message tells.
        """
        time.sleep(0.1)
        client = self.client(broker, f"settle-{time.monotonic_ns()}", expiry=60)
        client.subscribe("settle", options=1)
        client.expect_among(Type.PUBACK, client.send_publish("settle", "x", qos=1))
        client.close()


def session(version: int, expiry: int) -> dict[str, object]:
    """The fields of CONNECT for a session that is kept."""
    return {"clean": False, "properties": [(Prop.SESSION_EXPIRY, expiry)] if version == V5 else None}


def flood(client: Client, topic: str, payloads: Iterable[Text], qos: int = 1, window: int = 500) -> None:
    """Publishes many, a window at a time, and expects each acknowledgement in order."""
    iterator = iter(payloads)
    while batch := list(itertools.islice(iterator, window)):
        identifiers = range(1, len(batch) + 1)
        client.send(
            *(
                packets.publish(topic, data, qos, identifier, version=client.version)
                for identifier, data in zip(identifiers, batch)
            )
        )
        for identifier in identifiers:
            client.expect(Type.PUBACK if qos == 1 else Type.PUBREC, timeout=30, packet_id=identifier, reason=0)
        if qos == 2:
            client.send(*(packets.acknowledgement(Type.PUBREL, identifier) for identifier in identifiers))
            for identifier in identifiers:
                client.expect(Type.PUBCOMP, timeout=30, packet_id=identifier)
