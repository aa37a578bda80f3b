//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The rim's end of a connection: what the core can ask of a socket.
///
/// Called on the connection's event loop only. The core forgets a transport in the very call in which it closes the
/// connection or hears that it has closed, so nothing is ever sent to one that is gone.
package protocol ConnectionTransport: AnyObject {
    /// Whether the socket takes more bytes now. When this turns true again, ``Shard/becameWritable(_:)`` is due.
    var isWritable: Bool { get }

    /// Sends all of a batch. May call ``Shard/closed(_:)`` before it returns.
    func send(_ output: OutputBatch)

    /// Stops or goes on with reading.
    func setReading(_ isReading: Bool)

    /// Closes once everything sent before has left, so that the peer sees it.
    func closeAfterSending()
}
