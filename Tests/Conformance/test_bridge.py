# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The bridge bit: protocol level with 0x80, as older bridges between brokers send it."""

from __future__ import annotations

from case import ConformanceCase
from packets import V5, V31, V311
from wire import Client


class BridgeBit(ConformanceCase):
    """A v3 client that says it is a bridge."""

    def bridge(self, version: int) -> Client:
        """A bridge subscribed to this test's topics."""
        client = self.client(version, level=0x80 | version)
        client.subscribe(self.topic(f"{version}/#"), options=1)
        return client

    def test_no_messages_of_its_own(self) -> None:
        """Levels 0x83 and 0x84 are accepted; what the bridge published does not come back to it"""
        for version in (V31, V311):
            with self.subTest(version=version):
                topic = self.topic(f"{version}/a")
                bridge = self.bridge(version)
                other = self.subscriber(topic, version=V311, options=1)
                bridge.publish(topic, "own", 1)
                other.expect_message("own")
                bridge.expect_nothing()
                self.client(V5).publish(topic, "foreign", 1)
                bridge.expect_message("foreign")

    def test_the_retain_flag_is_kept(self) -> None:
        """Deliveries to a bridge carry the flag as it was published; an ordinary client sees it clear"""
        for version in (V31, V311):
            with self.subTest(version=version):
                topic = self.topic(f"{version}/a")
                bridge, other = self.bridge(version), self.subscriber(topic, version=V311)
                publisher = self.client(V311)
                for retain in (True, False):
                    publisher.publish(topic, "x", 1, retain=retain)
                    bridge.expect_message("x", retain=retain)
                    other.expect_message("x", retain=False)
