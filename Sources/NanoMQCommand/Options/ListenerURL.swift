//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration

/// A listener as the original writes it: `nmq-tcp://host:port` or `broker+tcp://host:port`.
struct ListenerURL: ExpressibleByArgument {
    private static let schemes = [
        "nmq-tcp", "nmq-tcp4", "nmq-tcp6", "broker+tcp", "broker+tcp4", "broker+tcp6",
    ]

    /// As it was given.
    let text: String
    let listener: Listener

    init?(argument: String) {
        let parts = argument.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, Self.schemes.contains(String(parts[0])),
            let listener = Listener(name: "tcp", address: String(parts[1]))
        else { return nil }
        self.text = argument
        self.listener = listener
    }
}
