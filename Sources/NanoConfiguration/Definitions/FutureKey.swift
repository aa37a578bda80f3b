//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A key or block of the original NanoMQ whose feature is still to come.
///
/// What can be ignored without harm is ignored with a warning. What protects a broker cannot: one that starts without
/// the protection it was told to have is open, and nobody notices.
struct FutureKey {
    /// What is done about the key.
    enum Treatment {
        /// The key is ignored, with a warning.
        case warning
        /// The key is an error, unless it is a block which says `enable = false`.
        case accessControl
    }

    var path: [String]
    var treatment: Treatment

    private init(_ path: String..., treatment: Treatment = .warning) {
        self.path = path
        self.treatment = treatment
    }

    static let all: [FutureKey] = [
        FutureKey("system", "daemon"),
        FutureKey("system", "num_taskq_thread"),
        FutureKey("system", "max_taskq_thread"),
        FutureKey("system", "parallel"),
        FutureKey("system", "enable_ipc_internal"),
        FutureKey("system", "hook_ipc_url"),
        FutureKey("system", "cmd_ipc_url"),
        FutureKey("log", "dir"),
        FutureKey("log", "file"),
        FutureKey("log", "rotation"),
        FutureKey("log", "uds_addr"),
        FutureKey("auth", "password", treatment: .accessControl),
        FutureKey("auth", "acl", treatment: .accessControl),
        FutureKey("auth", "http_auth", treatment: .accessControl),
        FutureKey("auth", "cache"),
        FutureKey("http_server"),
        FutureKey("webhook"),
        FutureKey("bridges"),
        FutureKey("sqlite"),
        FutureKey("rules"),
        FutureKey("plugin"),
        FutureKey("preset"),
        FutureKey("exchange_client"),
        FutureKey("parquet"),
    ]

    /// The kinds of listener that are still to come.
    static let listenerKinds = ["ssl", "ws", "wss"]
}
