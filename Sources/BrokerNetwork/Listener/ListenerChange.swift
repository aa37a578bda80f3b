//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// What has become of one listener when others were asked for.
public struct ListenerChange: Sendable, Equatable {
    /// What was to be done.
    public enum Action: String, Sendable {
        /// It accepts clients from now on.
        case added
        /// It accepts nobody any more, and its clients have been disconnected (0x98).
        case removed
        /// It has other limits, certificates or paths for those who come from now on.
        case changed
        /// It is at another address; the clients of the old one have been disconnected (0x98).
        case moved
    }

    /// Transport and name: `tcp:default`.
    public let listener: String
    /// What was to be done.
    public let action: Action
    /// Why it has not been done; then the listener, if there was one, is what it was before.
    public let error: String?

    package init(_ listener: String, _ action: Action, error: ListenerError? = nil) {
        self.listener = listener
        self.action = action
        self.error = error?.description
    }
}

/// A listener as it is now.
public struct ListenerStatus: Sendable {
    /// What it was told last.
    public let settings: ListenerSettings
    /// Where it is bound.
    public let address: SocketAddress?
    /// What it has counted.
    public let metrics: ListenerMetrics
}
