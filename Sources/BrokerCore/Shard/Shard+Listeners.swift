//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension Shard {
    /// Closes the connections that came in a certain way; v5 clients are told the reason. Their sessions stay, and
    /// their wills are published.
    package func closeConnections(_ reason: ReasonCode, where isMeant: (ConnectionOrigin) -> Bool) {
        self.readClock()
        for connection in self.connections.all where isMeant(connection.origin) {
            self.close(connection, reason, saying: reason)
        }
        self.endTurn()
    }
}
