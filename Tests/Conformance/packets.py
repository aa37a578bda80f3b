# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""The names and numbers of MQTT, and builders for every packet a client can send (and some it must not).

The builders do not judge: they build whatever they are told, so that a test can send what no client may send.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Iterable, Optional, Union

PropertyValue = Union[int, str, bytes, tuple[str, str]]
Properties = list[tuple[int, PropertyValue]]
Text = Union[str, bytes]

V31, V311, V5 = 3, 4, 5


class Type(IntEnum):
    """Control packet types (table 2-1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Prop(IntEnum):
    """Property identifiers (table 2-4)."""

    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTH_METHOD = 0x15
    AUTH_DATA = 0x16
    REQUEST_PROBLEM_INFO = 0x17
    WILL_DELAY = 0x18
    REQUEST_RESPONSE_INFO = 0x19
    RESPONSE_INFO = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_AVAILABLE = 0x28
    SUBSCRIPTION_ID_AVAILABLE = 0x29
    SHARED_AVAILABLE = 0x2A


class Reason(IntEnum):
    """Reason codes the tests speak of by name."""

    SUCCESS = 0x00
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    CONTINUE_AUTHENTICATION = 0x18
    REAUTHENTICATE = 0x19
    UNSPECIFIED = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    NOT_AUTHORIZED = 0x87
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTH_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_IN_USE = 0x91
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    PAYLOAD_FORMAT_INVALID = 0x99


BYTE_PROPERTIES = {
    Prop.PAYLOAD_FORMAT,
    Prop.REQUEST_PROBLEM_INFO,
    Prop.REQUEST_RESPONSE_INFO,
    Prop.MAXIMUM_QOS,
    Prop.RETAIN_AVAILABLE,
    Prop.WILDCARD_AVAILABLE,
    Prop.SUBSCRIPTION_ID_AVAILABLE,
    Prop.SHARED_AVAILABLE,
}
SHORT_PROPERTIES = {Prop.SERVER_KEEP_ALIVE, Prop.RECEIVE_MAXIMUM, Prop.TOPIC_ALIAS_MAXIMUM, Prop.TOPIC_ALIAS}
LONG_PROPERTIES = {Prop.MESSAGE_EXPIRY, Prop.SESSION_EXPIRY, Prop.WILL_DELAY, Prop.MAXIMUM_PACKET_SIZE}
BINARY_PROPERTIES = {Prop.CORRELATION_DATA, Prop.AUTH_DATA}


def varint(value: int) -> bytes:
    """A variable byte integer in its shortest form [v5:MQTT-1.5.5-1]."""
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def short(value: int) -> bytes:
    """A two byte integer."""
    return value.to_bytes(2, "big")


def binary(value: Text) -> bytes:
    """Length-prefixed bytes; text is encoded as UTF-8, bytes are taken as they are (also if they are no UTF-8)."""
    data = value.encode() if isinstance(value, str) else value
    return short(len(data)) + data


def encode_property(identifier: int, value: PropertyValue) -> bytes:
    """One property. For an identifier that is not in the standard, `value` must be its raw bytes."""
    head = varint(identifier)
    if identifier == Prop.USER_PROPERTY:
        name, text = value
        return head + binary(name) + binary(text)
    if isinstance(value, str) or identifier in BINARY_PROPERTIES or isinstance(value, bytes):
        raw = isinstance(value, bytes) and identifier not in set(Prop)
        return head + (value if raw else binary(value))
    if identifier in BYTE_PROPERTIES:
        return head + bytes([value])
    if identifier in SHORT_PROPERTIES:
        return head + short(value)
    if identifier in LONG_PROPERTIES:
        return head + value.to_bytes(4, "big")
    return head + varint(value)


def encode_properties(properties: Iterable[tuple[int, PropertyValue]]) -> bytes:
    """A property block with its length in front."""
    block = b"".join(encode_property(identifier, value) for identifier, value in properties)
    return varint(len(block)) + block


def packet(kind: int, flags: int, body: bytes) -> bytes:
    """A whole control packet from type, the four flag bits and the rest."""
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def connect(
    client_id: Text = "",
    version: int = V5,
    clean: bool = True,
    keep_alive: int = 60,
    properties: Optional[Properties] = None,
    will_topic: Optional[Text] = None,
    will_payload: Text = b"",
    will_qos: int = 0,
    will_retain: bool = False,
    will_properties: Optional[Properties] = None,
    username: Optional[Text] = None,
    password: Optional[Text] = None,
    protocol_name: Optional[Text] = None,
    level: Optional[int] = None,
    flags: Optional[int] = None,
    tail: bytes = b"",
) -> bytes:
    """A CONNECT. `protocol_name`, `level` and `flags` override what follows from the other arguments."""
    name = protocol_name if protocol_name is not None else ("MQIsdp" if version == V31 else "MQTT")
    computed = (0x02 if clean else 0) | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    if will_topic is not None:
        computed |= 0x04 | will_qos << 3 | (0x20 if will_retain else 0)
    body = binary(name) + bytes([version if level is None else level, computed if flags is None else flags])
    body += short(keep_alive)
    if version == V5:
        body += encode_properties(properties or [])
    body += binary(client_id)
    if will_topic is not None:
        if version == V5:
            body += encode_properties(will_properties or [])
        body += binary(will_topic) + binary(will_payload)
    if username is not None:
        body += binary(username)
    if password is not None:
        body += binary(password)
    return packet(Type.CONNECT, 0, body + tail)


def publish(
    topic: Text,
    payload: Text = b"",
    qos: int = 0,
    packet_id: Optional[int] = None,
    retain: bool = False,
    dup: bool = False,
    version: int = V5,
    properties: Optional[Properties] = None,
) -> bytes:
    """A PUBLISH; the packet identifier is written if it is given, whatever the QoS."""
    body = binary(topic)
    if packet_id is not None:
        body += short(packet_id)
    if version == V5:
        body += encode_properties(properties or [])
    body += payload.encode() if isinstance(payload, str) else payload
    return packet(Type.PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), body)


def acknowledgement(
    kind: Type,
    packet_id: int,
    reason: Optional[int] = None,
    properties: Optional[Properties] = None,
    flags: Optional[int] = None,
) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP; reason and properties are v5 only and may be left out."""
    body = short(packet_id)
    if reason is not None or properties is not None:
        body += bytes([reason or 0])
    if properties is not None:
        body += encode_properties(properties)
    default = 2 if kind == Type.PUBREL else 0
    return packet(kind, default if flags is None else flags, body)


def subscribe(
    packet_id: int,
    filters: Iterable[tuple[Text, int]],
    version: int = V5,
    properties: Optional[Properties] = None,
    flags: int = 2,
) -> bytes:
    """A SUBSCRIBE of (filter, options byte) pairs."""
    body = short(packet_id)
    if version == V5:
        body += encode_properties(properties or [])
    for topic_filter, options in filters:
        body += binary(topic_filter) + bytes([options])
    return packet(Type.SUBSCRIBE, flags, body)


def unsubscribe(
    packet_id: int,
    filters: Iterable[Text],
    version: int = V5,
    properties: Optional[Properties] = None,
    flags: int = 2,
) -> bytes:
    """An UNSUBSCRIBE of filters."""
    body = short(packet_id)
    if version == V5:
        body += encode_properties(properties or [])
    return packet(Type.UNSUBSCRIBE, flags, body + b"".join(binary(topic_filter) for topic_filter in filters))


def pingreq() -> bytes:
    """A PINGREQ."""
    return packet(Type.PINGREQ, 0, b"")


def disconnect(
    version: int = V5, reason: Optional[int] = None, properties: Optional[Properties] = None, flags: int = 0
) -> bytes:
    """A DISCONNECT; before v5 it has no body."""
    body = b""
    if version == V5 and (reason is not None or properties is not None):
        body = bytes([reason or 0])
        if properties is not None:
            body += encode_properties(properties)
    return packet(Type.DISCONNECT, flags, body)


def auth(reason: int, properties: Optional[Properties] = None, flags: int = 0) -> bytes:
    """An AUTH (v5)."""
    return packet(Type.AUTH, flags, bytes([reason]) + encode_properties(properties or []))


def options(qos: int = 0, no_local: bool = False, retain_as_published: bool = False, retain_handling: int = 0) -> int:
    """The subscription options byte of v5 (the QoS alone is the one of v3)."""
    return qos | (4 if no_local else 0) | (8 if retain_as_published else 0) | retain_handling << 4
