//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration

/// A listener as the original writes it, such as `nmq-tcp://host:port`.
struct ListenerArgument: ExpressibleByArgument {
    /// As it was given.
    let text: String
    let listener: ListenerURL

    init?(argument: String) {
        guard let listener = ListenerURL(argument) else { return nil }
        self.text = argument
        self.listener = listener
    }
}
