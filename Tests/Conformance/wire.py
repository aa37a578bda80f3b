# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A small blocking MQTT client on a raw socket. It does nothing by itself: no keep-alive, no acknowledgement, no retry.

Negative expectations never sleep. `fence` sends PINGREQ: whatever the broker had to say to this client before it
answers comes before the PINGRESP.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import Optional

import packets
from packets import V5, Properties, Text, Type
from parser import Packet, parse

Address = tuple[str, int]
DEFAULT_TIMEOUT = 5.0


class Closed(AssertionError):
    """The broker closed the connection where a packet was expected."""


class Client:
    """One network connection to the broker, and the version that is spoken on it."""

    def __init__(self, address: Address, version: int = V5, connection: Optional[socket.socket] = None) -> None:
        """`connection` is one that is there already, as over TLS."""
        self.version = version
        self.socket = connection or socket.create_connection(address, timeout=DEFAULT_TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._held: deque[Packet] = deque()
        self._next_id = 0

    # Bytes

    def send(self, *data: bytes) -> None:
        """Sends packets (or broken bytes) in one write. A peer that has already closed is no error here."""
        try:
            self.socket.settimeout(DEFAULT_TIMEOUT)
            self.socket.sendall(b"".join(data))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def close(self) -> None:
        """Closes the connection without DISCONNECT, as a lost network does."""
        self.socket.close()

    def _fill(self, count: int, deadline: float) -> None:
        """Reads until `count` bytes are buffered."""
        while len(self._buffer) < count:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the broker sent nothing in time")
            self.socket.settimeout(remaining)
            try:
                chunk = self.socket.recv(65536)
            except ConnectionResetError:
                chunk = b""
            except TimeoutError as error:
                raise TimeoutError("the broker sent nothing in time") from error
            if not chunk:
                raise Closed("the broker closed the connection")
            self._buffer += chunk

    def receive(self, timeout: float = DEFAULT_TIMEOUT) -> Packet:
        """The next packet; raises `Closed`, `TimeoutError` or `WireViolation`."""
        if self._held:
            return self._held.popleft()
        deadline = time.monotonic() + timeout
        length, shift, at = 0, 0, 1
        while True:
            self._fill(at + 1, deadline)
            digit = self._buffer[at]
            length |= (digit & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not digit & 0x80:
                break
        self._fill(at + length, deadline)
        first, body = self._buffer[0], bytes(self._buffer[at : at + length])
        del self._buffer[: at + length]
        return parse(first, body, self.version)

    # Expectations

    def expect(self, kind: Type, timeout: float = DEFAULT_TIMEOUT, **fields: object) -> Packet:
        """The next packet must be of this type and have these field values."""
        found = self.expect_any(kind, timeout)
        if found.type != kind:
            raise AssertionError(f"expected {kind.name}, got {found}")
        for name, wanted in fields.items():
            actual = getattr(found, name)
            if actual != wanted:
                raise AssertionError(f"expected {kind.name} with {name}={wanted!r}, got {found}")
        return found

    def expect_among(self, kind: Type, packet_id: int) -> Packet:
        """A packet of this type and identifier, perhaps after others, which stay for later."""
        others: list[Packet] = []
        while True:
            found = self.expect_any(kind)
            if found.type == kind and found.packet_id == packet_id:
                self._held.extendleft(reversed(others))
                return found
            others.append(found)

    def expect_any(self, wanted: Type, timeout: float = DEFAULT_TIMEOUT) -> Packet:
        """The next packet, whatever it is; `wanted` is named where none comes."""
        try:
            return self.receive(timeout)
        except TimeoutError:
            raise AssertionError(f"expected {wanted.name}, nothing came in {timeout} s") from None
        except Closed:
            raise AssertionError(f"expected {wanted.name}, the connection was closed") from None

    def expect_closed(self, timeout: float = DEFAULT_TIMEOUT) -> None:
        """The broker must close, and send nothing more before."""
        try:
            found = self.receive(timeout)
        except Closed:
            return
        except TimeoutError:
            raise AssertionError(f"expected the close, the connection is open after {timeout} s") from None
        raise AssertionError(f"expected the close, got {found}")

    def expect_error(self, *reasons: int, timeout: float = DEFAULT_TIMEOUT) -> None:
        """The broker must end a v5 connection by DISCONNECT with one of these reasons, and a v3 one by the close."""
        if self.version == V5:
            found = self.expect(Type.DISCONNECT, timeout)
            if found.reason not in reasons:
                wanted = ", ".join(f"{reason:#04x}" for reason in reasons)
                raise AssertionError(f"expected DISCONNECT with {wanted}, got {found.reason:#04x}: {found}")
        self.expect_closed(timeout)

    def fence(self, timeout: float = DEFAULT_TIMEOUT) -> list[Packet]:
        """Everything the broker had for this client until now."""
        self.send(packets.pingreq())
        before: list[Packet] = []
        while True:
            try:
                found = self.receive(timeout)
            except Closed:
                raise AssertionError(f"expected PINGRESP, the connection was closed after {before}") from None
            if found.type == Type.PINGRESP:
                return before
            before.append(found)

    def expect_nothing(self) -> None:
        """The broker must have sent nothing, and the connection must be alive."""
        before = self.fence()
        if before:
            raise AssertionError(f"expected nothing, got {before}")

    # Exchanges

    def next_id(self) -> int:
        """A packet identifier that this client has not used yet."""
        self._next_id += 1
        return self._next_id

    def connect(self, client_id: Text = "", expect_reason: Optional[int] = 0, **fields: object) -> Packet:
        """Sends CONNECT and returns the CONNACK, which must carry `expect_reason`."""
        self.send(packets.connect(client_id, version=self.version, **fields))
        connack = self.expect(Type.CONNACK)
        if expect_reason is not None and connack.reason != expect_reason:
            raise AssertionError(f"expected CONNACK with {expect_reason:#04x}, got {connack}")
        return connack

    def subscribe(
        self, *filters: Text, options: int = 0, properties: Optional[Properties] = None, expect: Optional[int] = None
    ) -> Packet:
        """Subscribes with the same options to each filter and returns the SUBACK, which must grant them all.

        `expect` is the code that is expected in place of the granted QoS.
        """
        packet_id = self.next_id()
        pairs = [(topic_filter, options) for topic_filter in filters]
        self.send(packets.subscribe(packet_id, pairs, self.version, properties))
        suback = self.expect(Type.SUBACK, packet_id=packet_id)
        wanted = [options & 3 if expect is None else expect] * len(filters)
        if suback.reasons != wanted:
            raise AssertionError(f"expected SUBACK with {wanted}, got {suback}")
        return suback

    def unsubscribe(self, *filters: Text, properties: Optional[Properties] = None) -> Packet:
        """Unsubscribes and returns the UNSUBACK."""
        packet_id = self.next_id()
        self.send(packets.unsubscribe(packet_id, filters, self.version, properties))
        return self.expect(Type.UNSUBACK, packet_id=packet_id)

    def send_publish(
        self,
        topic: Text,
        payload: Text = b"",
        qos: int = 0,
        packet_id: Optional[int] = None,
        retain: bool = False,
        dup: bool = False,
        properties: Optional[Properties] = None,
    ) -> int:
        """Sends a PUBLISH and returns its packet identifier (0 for QoS 0) without waiting for anything."""
        if qos and packet_id is None:
            packet_id = self.next_id()
        self.send(packets.publish(topic, payload, qos, packet_id, retain, dup, self.version, properties))
        return packet_id or 0

    def publish(
        self,
        topic: Text,
        payload: Text = b"",
        qos: int = 0,
        retain: bool = False,
        properties: Optional[Properties] = None,
    ) -> Packet:
        """Publishes and completes the exchange; QoS 0 is fenced. Returns PUBACK, PUBREC or (QoS 0) PINGRESP."""
        packet_id = self.send_publish(topic, payload, qos, retain=retain, properties=properties)
        if qos == 0:
            self.send(packets.pingreq())
            return self.expect(Type.PINGRESP)
        if qos == 1:
            return self.expect(Type.PUBACK, packet_id=packet_id)
        pubrec = self.expect(Type.PUBREC, packet_id=packet_id)
        if pubrec.reason < 0x80:
            self.send(packets.acknowledgement(Type.PUBREL, packet_id))
            self.expect(Type.PUBCOMP, packet_id=packet_id)
        return pubrec

    def acknowledge(self, message: Packet) -> None:
        """Completes the receiver's side of a PUBLISH of any QoS."""
        if message.qos == 1:
            self.send(packets.acknowledgement(Type.PUBACK, message.packet_id))
        elif message.qos == 2:
            self.send(packets.acknowledgement(Type.PUBREC, message.packet_id))
            self.expect_among(Type.PUBREL, message.packet_id)
            self.send(packets.acknowledgement(Type.PUBCOMP, message.packet_id))

    def expect_message(
        self, payload: Text, timeout: float = DEFAULT_TIMEOUT, acknowledge: bool = True, **fields: object
    ) -> Packet:
        """The next packet must be a PUBLISH with this payload; it is acknowledged unless told otherwise."""
        wanted = payload.encode() if isinstance(payload, str) else payload
        message = self.expect(Type.PUBLISH, timeout, payload=wanted, **fields)
        if acknowledge:
            self.acknowledge(message)
        return message

    def disconnect(self, reason: Optional[int] = None, properties: Optional[Properties] = None) -> None:
        """Sends DISCONNECT and waits for the broker's close, so that the broker has taken notice of it."""
        self.send(packets.disconnect(self.version, reason, properties))
        self.expect_closed()
        self.close()
