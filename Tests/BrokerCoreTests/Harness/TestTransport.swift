//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

@testable import BrokerCore

/// The client's end of a connection's socket.
final class TestTransport: ConnectionTransport {
    var isWritable = true
    private(set) var isReading = true
    /// Whether the broker has closed it.
    private(set) var isClosed = false
    /// What the broker has sent and the client has not read.
    var bytes = ByteBuffer()
    /// What came at once with each flush.
    private(set) var flushes: [Int] = []

    func send(_ output: OutputBatch) {
        let before = self.bytes.readableBytes
        output.forEach { self.bytes.writeImmutableBuffer($0) }
        if self.bytes.readableBytes > before { self.flushes.append(self.bytes.readableBytes - before) }
    }

    func setReading(_ isReading: Bool) { self.isReading = isReading }

    func closeAfterSending() { self.isClosed = true }
}
