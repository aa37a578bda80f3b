# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""What messages carry: their number, and bytes that follow from topic and number, so that every one is checked."""

from __future__ import annotations

import zlib
from typing import Optional

SIZES = (0, 16, 16, 40, 40, 100, 100, 200, 200, 500, 1_000, 4_000)
LARGE = 60_000
BLOCK = bytes(range(256)) * 256


def build(topic: str, number: int) -> bytes:
    """The payload of a message."""
    head = f"{number}:".encode()
    mark = zlib.crc32(head + topic.encode())
    size = LARGE if mark % 499 == 0 else SIZES[mark % len(SIZES)]
    return head + mark.to_bytes(4, "big") + BLOCK[mark % 251 : mark % 251 + size]


def read(topic: str, payload: bytes) -> Optional[int]:
    """The number of a message; None if this is not what was sent."""
    head, _, _ = payload[:20].partition(b":")
    if not head.isdigit():
        return None
    number = int(head)
    return number if payload == build(topic, number) else None
