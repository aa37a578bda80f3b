//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore
import Synchronization

/// Where messages go that are subscribed to from inside the process.
final class Sink: Sendable {
    private let messages = Mutex<[String]>([])

    func append(_ message: Message) {
        self.messages.withLock {
            $0.append("\(message.topic) \(String(buffer: message.payload)) \(message.isRetained)")
        }
    }

    /// What has come since the last time, as topic, payload and RETAIN.
    func take() -> [String] {
        self.messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
