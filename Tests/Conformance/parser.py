# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A strict reader of what a server sends. Everything the standard forbids a server to send raises `WireViolation`.

Every test that receives a packet therefore also tests the broker's encoder: reserved flags, known reason codes,
properties allowed in that packet and at most once, shortest variable byte integers, well-formed UTF-8, nothing left
over at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from packets import (
    BINARY_PROPERTIES,
    BYTE_PROPERTIES,
    LONG_PROPERTIES,
    SHORT_PROPERTIES,
    V5,
    Prop,
    Properties,
    PropertyValue,
    Type,
)


class WireViolation(AssertionError):
    """The server sent bytes that the standard does not allow."""


@dataclass
class Packet:
    """A packet from the server; fields that its type does not have keep their defaults."""

    type: Type
    flags: int
    size: int
    packet_id: int = 0
    topic: str = ""
    payload: bytes = b""
    reason: int = 0
    reasons: list[int] = field(default_factory=list)
    session_present: bool = False
    properties: Properties = field(default_factory=list)

    @property
    def qos(self) -> int:
        """QoS of a PUBLISH."""
        return self.flags >> 1 & 3

    @property
    def dup(self) -> bool:
        """DUP flag of a PUBLISH."""
        return bool(self.flags & 8)

    @property
    def retain(self) -> bool:
        """RETAIN flag of a PUBLISH."""
        return bool(self.flags & 1)

    def all(self, identifier: int) -> list[PropertyValue]:
        """All values of one property, in the order in which they came."""
        return [value for found, value in self.properties if found == identifier]

    def get(self, identifier: int) -> PropertyValue | None:
        """The value of a property, or nothing."""
        values = self.all(identifier)
        return values[0] if values else None


_PROBLEM = {Prop.REASON_STRING, Prop.USER_PROPERTY}
ALLOWED_PROPERTIES: dict[Type, set[Prop]] = {
    Type.CONNACK: _PROBLEM
    | {
        Prop.SESSION_EXPIRY,
        Prop.RECEIVE_MAXIMUM,
        Prop.MAXIMUM_QOS,
        Prop.RETAIN_AVAILABLE,
        Prop.MAXIMUM_PACKET_SIZE,
        Prop.ASSIGNED_CLIENT_ID,
        Prop.TOPIC_ALIAS_MAXIMUM,
        Prop.WILDCARD_AVAILABLE,
        Prop.SUBSCRIPTION_ID_AVAILABLE,
        Prop.SHARED_AVAILABLE,
        Prop.SERVER_KEEP_ALIVE,
        Prop.RESPONSE_INFO,
        Prop.SERVER_REFERENCE,
        Prop.AUTH_METHOD,
        Prop.AUTH_DATA,
    },
    Type.PUBLISH: {
        Prop.PAYLOAD_FORMAT,
        Prop.MESSAGE_EXPIRY,
        Prop.TOPIC_ALIAS,
        Prop.RESPONSE_TOPIC,
        Prop.CORRELATION_DATA,
        Prop.USER_PROPERTY,
        Prop.SUBSCRIPTION_ID,
        Prop.CONTENT_TYPE,
    },
    Type.PUBACK: _PROBLEM,
    Type.PUBREC: _PROBLEM,
    Type.PUBREL: _PROBLEM,
    Type.PUBCOMP: _PROBLEM,
    Type.SUBACK: _PROBLEM,
    Type.UNSUBACK: _PROBLEM,
    Type.DISCONNECT: _PROBLEM | {Prop.SERVER_REFERENCE},
    Type.AUTH: _PROBLEM | {Prop.AUTH_METHOD, Prop.AUTH_DATA},
}
_PUBLISH_REFUSALS = {0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}
ALLOWED_REASONS: dict[Type, set[int]] = {
    Type.CONNACK: {0}
    | set(range(0x80, 0x8B))
    | {0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F},
    Type.PUBACK: {0, 0x10} | _PUBLISH_REFUSALS,
    Type.PUBREC: {0, 0x10} | _PUBLISH_REFUSALS,
    Type.PUBREL: {0, 0x92},
    Type.PUBCOMP: {0, 0x92},
    Type.SUBACK: {0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2},
    Type.UNSUBACK: {0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91},
    Type.DISCONNECT: {0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89}
    | {0x8B, 0x8D, 0x8E, 0x8F, 0x90}
    | set(range(0x93, 0xA3)),
    Type.AUTH: {0, 0x18},
}
V3_SUBACK_CODES = {0, 1, 2, 0x80}
ACKNOWLEDGEMENTS = {Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP}


class _Reader:
    """Reads one packet's body from front to end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise WireViolation(f"a field of {count} bytes where {self.left} are left")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def integer(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def binary(self) -> bytes:
        return self.take(self.integer(2))

    def text(self) -> str:
        data = self.binary()
        try:
            value = data.decode("utf-8", errors="strict")
        except UnicodeDecodeError as error:
            raise WireViolation(f"ill-formed UTF-8 from the server: {data!r}") from error
        if "\0" in value:
            raise WireViolation(f"U+0000 in a string from the server: {value!r}")
        return value

    def varint(self) -> int:
        value = 0
        for position in range(4):
            digit = self.byte()
            value |= (digit & 0x7F) << 7 * position
            if not digit & 0x80:
                if position and digit == 0:
                    raise WireViolation("a variable byte integer longer than it need be")
                return value
        raise WireViolation("a variable byte integer of more than four bytes")

    def properties(self, kind: Type) -> Properties:
        length = self.varint()
        inner = _Reader(self.take(length))
        found: Properties = []
        while inner.left:
            identifier = inner.varint()
            if identifier not in ALLOWED_PROPERTIES[kind]:
                raise WireViolation(f"property 0x{identifier:02x} in a {kind.name} from the server")
            repeatable = identifier == Prop.USER_PROPERTY or identifier == Prop.SUBSCRIPTION_ID
            if not repeatable and any(identifier == earlier for earlier, _ in found):
                raise WireViolation(f"property 0x{identifier:02x} twice in a {kind.name}")
            found.append((identifier, inner.property_value(Prop(identifier))))
        return found

    def property_value(self, identifier: Prop) -> PropertyValue:
        if identifier in BYTE_PROPERTIES:
            return self.byte()
        if identifier in SHORT_PROPERTIES:
            return self.integer(2)
        if identifier in LONG_PROPERTIES:
            return self.integer(4)
        if identifier in BINARY_PROPERTIES:
            return self.binary()
        if identifier == Prop.SUBSCRIPTION_ID:
            return self.varint()
        if identifier == Prop.USER_PROPERTY:
            return (self.text(), self.text())
        return self.text()


def parse(first: int, body: bytes, version: int) -> Packet:
    """Reads a packet from its first byte and its body; raises `WireViolation` where a server may not send it."""
    kind, flags = first >> 4, first & 0x0F
    if kind not in set(Type):
        raise WireViolation(f"packet type {kind} from the server")
    result = Packet(Type(kind), flags, 1 + len(_length_bytes(len(body))) + len(body))
    if kind != Type.PUBLISH and flags != (2 if kind == Type.PUBREL else 0):
        raise WireViolation(f"reserved flags {flags:#x} in a {result.type.name}")
    reader = _Reader(body)
    _READERS.get(result.type, _reject)(reader, result, version)
    if reader.left:
        raise WireViolation(f"{reader.left} bytes left over in a {result.type.name}")
    _check_reasons(result, version)
    return result


def _length_bytes(length: int) -> bytes:
    return b"\0" if length < 128 else b"\0\0" if length < 16384 else b"\0\0\0" if length < 2097152 else b"\0\0\0\0"


def _reject(_: _Reader, result: Packet, __: int) -> None:
    raise WireViolation(f"a server never sends {result.type.name} here")


def _connack(reader: _Reader, result: Packet, version: int) -> None:
    flags = reader.byte()
    if flags & 0xFE:
        raise WireViolation(f"connect acknowledge flags {flags:#x}")
    result.session_present = bool(flags)
    result.reason = reader.byte()
    if version == V5:
        result.properties = reader.properties(result.type)
    if result.reason and result.session_present:
        raise WireViolation("session present in a refusal")


def _publish(reader: _Reader, result: Packet, version: int) -> None:
    if result.qos == 3:
        raise WireViolation("QoS 3 from the server")
    if result.qos == 0 and result.dup:
        raise WireViolation("DUP in a QoS 0 PUBLISH")
    result.topic = reader.text()
    if "+" in result.topic or "#" in result.topic:
        raise WireViolation(f"a wildcard in the topic name {result.topic!r}")
    if result.qos:
        result.packet_id = _packet_id(reader)
    if version == V5:
        result.properties = reader.properties(result.type)
        if result.get(Prop.TOPIC_ALIAS) == 0:
            raise WireViolation("topic alias 0")
        if 0 in result.all(Prop.SUBSCRIPTION_ID):
            raise WireViolation("subscription identifier 0")
        if not result.topic and result.get(Prop.TOPIC_ALIAS) is None:
            raise WireViolation("an empty topic without an alias")
    elif not result.topic:
        raise WireViolation("an empty topic")
    result.payload = reader.take(reader.left)


def _packet_id(reader: _Reader) -> int:
    packet_id = reader.integer(2)
    if not packet_id:
        raise WireViolation("packet identifier 0")
    return packet_id


def _acknowledgement(reader: _Reader, result: Packet, version: int) -> None:
    result.packet_id = _packet_id(reader)
    if version == V5 and reader.left:
        result.reason = reader.byte()
        if reader.left:
            result.properties = reader.properties(result.type)


def _suback(reader: _Reader, result: Packet, version: int) -> None:
    result.packet_id = _packet_id(reader)
    if version == V5:
        result.properties = reader.properties(result.type)
    if version == V5 or result.type == Type.SUBACK:
        result.reasons = list(reader.take(reader.left))
        if not result.reasons:
            raise WireViolation(f"a {result.type.name} without a code")


def _pingresp(_: _Reader, __: Packet, ___: int) -> None:
    """No body."""


def _disconnect(reader: _Reader, result: Packet, version: int) -> None:
    if version != V5:
        raise WireViolation("a server sends no DISCONNECT before v5")
    if reader.left:
        result.reason = reader.byte()
        if reader.left:
            result.properties = reader.properties(result.type)


def _auth(reader: _Reader, result: Packet, version: int) -> None:
    if version != V5:
        raise WireViolation("AUTH before v5")
    if reader.left:
        result.reason = reader.byte()
        result.properties = reader.properties(result.type)


_READERS = {
    Type.CONNACK: _connack,
    Type.PUBLISH: _publish,
    Type.PUBACK: _acknowledgement,
    Type.PUBREC: _acknowledgement,
    Type.PUBREL: _acknowledgement,
    Type.PUBCOMP: _acknowledgement,
    Type.SUBACK: _suback,
    Type.UNSUBACK: _suback,
    Type.PINGRESP: _pingresp,
    Type.DISCONNECT: _disconnect,
    Type.AUTH: _auth,
}


def _check_reasons(result: Packet, version: int) -> None:
    """Only codes of the packet's own table."""
    if version == V5:
        allowed = ALLOWED_REASONS.get(result.type, {0})
    elif result.type == Type.CONNACK:
        allowed = set(range(6))
    else:
        allowed = V3_SUBACK_CODES
    codes = result.reasons if result.type in (Type.SUBACK, Type.UNSUBACK) else [result.reason]
    wrong = [hex(code) for code in codes if code not in allowed]
    if wrong:
        raise WireViolation(f"codes {wrong} in a {result.type.name} of version {version}")
