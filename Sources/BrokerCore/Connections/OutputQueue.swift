//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// Bytes on their way to one connection: a buffer that small packets are copied into, and large payloads between
/// such buffers, shared and not copied.
///
/// Holds no memory while it is empty.
package struct OutputQueue {
    /// Payloads from this size on are shared: copying them would cost more than a further element of a gathering
    /// write.
    static let sharingThreshold = 4096

    private var segments: [ByteBuffer] = []
    private var tail = ByteBuffer()
    private var segmentBytes = 0
    /// About what the last flushes needed: the next first allocation takes it at once instead of growing to it.
    private var expectedBytes = 64

    /// Bytes in the queue.
    var byteCount: Int { self.segmentBytes &+ self.tail.readableBytes }

    var isEmpty: Bool { self.byteCount == 0 }

    @inline(__always)
    mutating func append(_ bytes: RawSpan) {
        self.prepareTail()
        self.tail.writeBytes(bytes)
    }

    /// Appends a packet's first part, then lays over it what differs from subscriber to subscriber.
    @inline(__always)
    mutating func append(_ bytes: RawSpan, flags: UInt8, packetIdentifier: UInt16, at identifierOffset: Int) {
        self.prepareTail()
        let start = self.tail.writerIndex
        self.tail.writeBytes(bytes)
        self.tail.setInteger(flags, at: start)
        if identifierOffset > 0 {
            self.tail.setInteger(packetIdentifier, at: start &+ identifierOffset)
        }
    }

    /// Appends what `write` encodes.
    mutating func append(_ write: (inout ByteBuffer) -> Void) {
        self.prepareTail()
        write(&self.tail)
    }

    /// Appends a large payload without copying it.
    mutating func appendShared(_ payload: ByteBuffer) {
        if self.tail.readableBytes > 0 {
            self.segmentBytes += self.tail.readableBytes
            self.segments.append(self.tail)
            self.tail = ByteBuffer()
        }
        self.segmentBytes += payload.readableBytes
        self.segments.append(payload)
    }

    @inline(__always)
    private mutating func prepareTail() {
        if self.tail.capacity == 0 { self.tail = ByteBufferAllocator().buffer(capacity: self.expectedBytes) }
    }

    /// Hands every buffer in order to `body` and leaves the queue empty.
    package mutating func drain(_ body: (ByteBuffer) -> Void) {
        let drained = self.tail.readableBytes
        self.expectedBytes = max(64, min(256 * 1024, (self.expectedBytes + drained) / 2 + 64))
        if !self.segments.isEmpty {
            let segments = self.segments
            self.segments = []
            self.segmentBytes = 0
            for segment in segments { body(segment) }
        }
        if drained > 0 {
            let last = self.tail
            self.tail = ByteBuffer()
            body(last)
        }
    }

    mutating func removeAll() {
        self.segments = []
        self.segmentBytes = 0
        self.tail = ByteBuffer()
    }
}
