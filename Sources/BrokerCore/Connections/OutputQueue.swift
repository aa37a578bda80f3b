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
    private var expectedBytes: UInt32 = 64

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
        // One access to the buffer for all three: this is done for every copy of every message.
        self.tail.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.byteCount) { target in
            bytes.withUnsafeBytes { target.copyMemory(from: $0) }
            target[0] = flags
            if identifierOffset > 0 {
                target.storeBytes(
                    of: packetIdentifier.bigEndian,
                    toByteOffset: identifierOffset,
                    as: UInt16.self
                )
            }
            return bytes.byteCount
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

    /// Appends everything that another queue holds.
    mutating func append(_ other: OutputQueue) {
        for segment in other.segments { self.appendShared(segment) }
        if other.tail.readableBytes > 0 { self.append(other.tail.readableBytesSpan) }
    }

    @inline(__always)
    private mutating func prepareTail() {
        if self.tail.capacity == 0 { self.tail = ByteBufferAllocator().buffer(capacity: Int(self.expectedBytes)) }
    }

    /// Takes everything out.
    ///
    /// Out first, and only then into the socket: a write may fail on the spot and come back as the end of this very
    /// connection, which finds its queue empty and not in use.
    mutating func take() -> OutputBatch {
        let drained = UInt32(clamping: self.tail.readableBytes)
        self.expectedBytes = max(64, min(256 * 1024, (self.expectedBytes + drained) / 2 + 64))
        let batch = OutputBatch(segments: self.segments, tail: self.tail)
        self.removeAll()
        return batch
    }

    mutating func removeAll() {
        self.segments = []
        self.segmentBytes = 0
        self.tail = ByteBuffer()
    }
}

/// What a connection sends in one go.
package struct OutputBatch {
    fileprivate let segments: [ByteBuffer]
    fileprivate let tail: ByteBuffer

    fileprivate init(segments: [ByteBuffer], tail: ByteBuffer) {
        self.segments = segments
        self.tail = tail
    }

    /// Bytes in it.
    package var byteCount: Int { self.segments.reduce(self.tail.readableBytes) { $0 + $1.readableBytes } }

    /// Hands every buffer to `body`, in order.
    package func forEach(_ body: (ByteBuffer) -> Void) {
        for segment in self.segments { body(segment) }
        if self.tail.readableBytes > 0 { body(self.tail) }
    }
}
