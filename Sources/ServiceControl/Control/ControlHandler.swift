//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Answers what comes over the control socket.
public protocol ControlHandler: Sendable {
    /// Takes over a new configuration, from this file, or from the one the broker was started with.
    ///
    /// - Returns: ``ControlMessage/ok`` or ``ControlMessage/error``, with what has changed and what has not.
    func reload(configuration: String?) async -> ControlMessage

    /// What it is and does: listeners, uptime.
    func status() async -> ControlMessage

    /// The options it was started with, one field `argument` each.
    func arguments() async -> ControlMessage
}

extension ControlHandler {
    /// The reply to a request.
    func reply(to request: ControlMessage) async -> ControlMessage {
        switch request.head {
        case "reload": await self.reload(configuration: request["file"])
        case "status": await self.status()
        case "arguments": await self.arguments()
        default: .failure("unknown command")
        }
    }
}
