//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import Persistence

/// Tells the operator what happens to the store.
struct StoreLogger: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func log(_ event: StoreEvent) {
        switch event {
        case .opened(let totals):
            self.logger.info(
                "store is open",
                metadata: [
                    "sessions": "\(totals.sessions)", "messages": "\(totals.messages)", "bytes": "\(totals.bytes)",
                ]
            )
        case .loading(let sessions): self.logger.info("loading", metadata: ["sessions": "\(sessions)"])
        case .unavailable(let error):
            self.logger.error("store cannot be written, nothing that depends on it is acknowledged: \(error)")
        case .available(let duration):
            self.logger.notice("store can be written again", metadata: ["after": "\(duration.milliseconds) ms"])
        case .unreadable(let error): self.logger.error("store cannot be read: \(error)")
        case .readable(let duration):
            self.logger.notice("store can be read again", metadata: ["after": "\(duration.milliseconds) ms"])
        case .unsweepable(let error):
            self.logger.error("messages of ended sessions cannot be removed from the store: \(error)")
        case .sweepable(let duration):
            self.logger.notice(
                "messages of ended sessions can be removed from the store again",
                metadata: ["after": "\(duration.milliseconds) ms"]
            )
        }
    }
}
