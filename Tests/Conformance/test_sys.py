# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""$SYS: presence of clients, statistics, and nobody but the broker may publish there."""

from __future__ import annotations

import json

import packets
from case import ConformanceCase, both, versions
from packets import V5, V31, V311, Prop, Reason, Type, options
from wire import Client

STATISTICS = [
    "version",
    "uptime",
    "stats/connections/count",
    "stats/subscriptions/count",
    "stats/retained/count",
    "metrics/messages/received",
    "metrics/messages/sent",
    "metrics/bytes/received",
    "metrics/bytes/sent",
    "metrics/messages/dropped",
]


class Presence(ConformanceCase):
    """$SYS/brokers/client_status/<clientid>."""

    def watcher(self, client_id: str, version: int = V311) -> Client:
        """A subscriber to the presence of one client."""
        return self.subscriber(f"$SYS/brokers/client_status/{client_id}", version=version, options=1)

    def event(self, watcher: Client, timeout: float = 5) -> dict[str, object]:
        """The next event: QoS 0, not retained, JSON."""
        message = watcher.expect(Type.PUBLISH, timeout, qos=0, retain=False)
        return json.loads(message.payload)

    @versions(V31, V311, V5)
    def test_online_and_offline(self, version: int) -> None:
        """Keys and values of both events"""
        client_id = self.unique()
        watcher = self.watcher(client_id)
        client = self.client(version, client_id, username="somebody", keep_alive=77)
        online = self.event(watcher)
        expected = {
            "status": "online",
            "username": "somebody",
            "proto_name": "MQIsdp" if version == V31 else "MQTT",
            "keepalive": 77,
            "return_code": "0",
            "proto_ver": version,
            "client_id": client_id,
            "clean_start": 1,
            "IPv4": "127.0.0.1",
        }
        self.assertEqual({key: online.get(key) for key in expected}, expected)
        self.assertGreater(int(str(online["ts"])), 1_600_000_000_000)
        client.disconnect()
        offline = self.event(watcher)
        expected = {
            "status": "offline",
            "username": "somebody",
            "reason_code": "0",
            "client_id": client_id,
            "IPv4": "127.0.0.1",
        }
        self.assertEqual({key: offline.get(key) for key in expected}, expected)
        self.assertGreaterEqual(int(str(offline["ts"])), int(str(online["ts"])))

    def test_each_end_has_its_reason(self) -> None:
        """Take-over 8e, keep-alive 8d, protocol error 82, DISCONNECT with will 4; a resumed session is online anew"""
        client_id = self.unique()
        watcher = self.watcher(client_id)
        kept = {"properties": [(Prop.SESSION_EXPIRY, 60)]}
        self.client(client_id=client_id, clean=False, **kept)
        self.assertEqual(self.event(watcher)["clean_start"], 0)
        second = self.client(client_id=client_id, clean=False, keep_alive=1, **kept)
        events = [self.event(watcher), self.event(watcher)]
        self.assertEqual({event["status"] for event in events}, {"online", "offline"})
        self.assertEqual([e["reason_code"] for e in events if e["status"] == "offline"], ["8e"])
        self.assertEqual(self.event(watcher)["reason_code"], "8d")
        second.close()
        third = self.client(client_id=client_id)
        self.event(watcher)
        third.send(packets.connect("again"))
        self.assertEqual(self.event(watcher)["reason_code"], "82")
        fourth = self.client(client_id=client_id)
        self.event(watcher)
        fourth.disconnect(Reason.DISCONNECT_WITH_WILL)
        self.assertEqual(self.event(watcher)["reason_code"], "4")

    def test_names_that_need_escaping(self) -> None:
        """The payload stays JSON whatever the client calls itself"""
        watcher = self.subscriber("$SYS/brokers/client_status/#", version=V311)
        name = self.unique() + ' "quoted" \\ backslash größe'
        self.client(client_id=name, username='a"},{"b":"c')
        while True:
            event = self.event(watcher)
            if str(event.get("client_id", "")).startswith(self._prefix) and event["client_id"] == name:
                break
        self.assertEqual(event["username"], 'a"},{"b":"c')

    def test_a_client_id_with_wildcards_forges_no_topic(self) -> None:
        """A client id with + or # (CVE-2017-7650) never becomes part of a topic name with wildcards: the strict parser
        would refuse it [security:6]"""
        watcher = self.subscriber("$SYS/brokers/client_status/#", version=V5)
        for name in ("#", "+", f"{self.unique()}/+/x", f"{self.unique()}/#"):
            client = self.client(client_id=name)
            client.disconnect()
        watcher.fence()


class Statistics(ConformanceCase):
    """$SYS/brokers/<node>/..., each interval of one second."""

    def test_all_values_come_and_are_retained(self) -> None:
        """Every topic of the list, at once to a late subscriber and again after the interval; numbers are numbers"""
        base = "$SYS/brokers/nanomq/"
        early = self.subscriber(*[base + name for name in STATISTICS], version=V311)
        seen: dict[str, bytes] = {}
        while set(seen) != {base + name for name in STATISTICS}:
            message = early.expect(Type.PUBLISH, timeout=5)
            seen[message.topic] = message.payload
        late = self.subscriber(*[base + name for name in STATISTICS], version=V5)
        retained = {message.topic: message.payload for message in late.fence() if message.retain}
        self.assertEqual(set(retained), set(seen))
        for name in STATISTICS[2:]:
            self.assertRegex(retained[base + name], rb"^[0-9]+$")
        self.assertTrue(retained[base + "version"])
        late.unsubscribe(*[base + name for name in STATISTICS])
        late.fence()
        late.subscribe(base + "stats/connections/count", options=options(retain_handling=2))
        count = late.expect(Type.PUBLISH, timeout=5)
        self.assertGreaterEqual(int(count.payload), 2)

    def test_not_found_by_hash(self) -> None:
        """[v5:MQTT-4.7.2-1] [v3:MQTT-4.7.2-1]"""
        client = self.subscriber("#", version=V5)
        self.elapse(1)
        self.assertFalse([message for message in client.fence() if message.topic.startswith("$")])


class Refused(ConformanceCase):
    """PUBLISH to $SYS by clients."""

    @both
    def test_publish_is_refused_and_the_connection_stays(self, version: int) -> None:
        """v5: 0x87 in PUBACK and PUBREC; v3: acknowledged and dropped; QoS 0 dropped [security:6]
        [v3:MQTT-3.3.5-2]"""
        name = f"$SYS/brokers/client_status/{self.unique()}"
        watcher = self.subscriber(name, version=version, options=2)
        client = self.client(version)
        expected = Reason.NOT_AUTHORIZED if version == V5 else 0
        client.publish(name, "forged")
        for qos in (1, 2):
            self.assertEqual(client.publish(name, "forged", qos, retain=True).reason, expected)
        watcher.expect_nothing()
        self.subscriber(name, version=version).expect_nothing()
