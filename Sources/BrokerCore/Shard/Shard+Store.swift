//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension Shard {
    /// The store has something to say.
    func receive(_ report: StoreReport) {}

    /// Takes in a session that the store has kept, before anybody can connect.
    package func restore(_ restored: RestoredSession) {}
}

extension BrokerState {
    /// Takes in a retained message that the store has kept, before anybody can connect.
    ///
    /// - Returns: whether it fits into the limits.
    @discardableResult
    package func restore(retained message: Message) -> Bool {
        if case .stored = self.retained.store(message) { return true }
        return false
    }
}
