//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerNetwork
import Synchronization

extension Broker {
    /// Returns once every event loop has done something that was asked of it now: a sign that none of them hangs.
    ///
    /// - Throws: ``BrokerError`` when the broker does not run.
    public func waitForEventLoops() async throws {
        guard let shards = self.running.withLock({ $0?.shards }) else { throw BrokerError.notRunning }
        for shard in 0..<shards.count {
            try await shards.run(on: shard) { _ in }
        }
    }
}
