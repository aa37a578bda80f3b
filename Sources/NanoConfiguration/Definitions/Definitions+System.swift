//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension Definitions {
    static let system: [Definition<NanoConfiguration>] = [
        .integer(
            "system.threads",
            \.system.threads,
            1...1_024,
            or: "auto",
            "Event loop threads; `auto` leaves the number to the broker."
        )
        .needingRestart(),
        .boolean(
            "system.daemon",
            \.system.daemon,
            "Whether `nanomq start` leaves the broker running in the background."
        )
        .needingRestart(),
        .property(
            "system.pid_file",
            \.system.pidFile,
            accepted: "path, or `none`",
            meaning: "The file which names the process, and is locked while it runs: two brokers need two of them.",
            text: { $0.map(Format.string) ?? "none" },
            read: { setting, _ throws(ConfigurationError) in
                let path = try setting.text("a path, or none")
                return path == "none" ? nil : path
            }
        )
        .needingRestart(),
        .property(
            "system.control_socket",
            \.system.controlSocket,
            accepted: "path, `auto` or `none`",
            meaning: """
                The Unix socket through which `nanomq reload` and `nanomq status` reach the broker. `auto` is beside \
                the PID file, with the extension `.sock`; without a PID file, there is none.
                """,
            text: { Format.controlSocket($0) },
            read: { setting, _ throws(ConfigurationError) in
                switch try setting.text("a path, auto or none") {
                case "auto": .besidePIDFile
                case "none": .none
                case let path: .path(path)
                }
            }
        )
        .needingRestart(),
        threadCount("num_taskq_thread"),
        threadCount("max_taskq_thread"),
        threadCount("parallel"),
        .ignored(
            "system.enable_ipc_internal",
            accepted: "boolean",
            "The broker is reached through `system.control_socket`.",
            { setting throws(ConfigurationError) in _ = try setting.boolean() }
        ),
        address("hook_ipc_url"),
        address("cmd_ipc_url"),
    ]

    /// A number of the original's threads. It must not become ours: the original takes twice the number of cores, and
    /// a connection stays on one of our loops.
    private static func threadCount(_ name: String) -> Definition<NanoConfiguration> {
        .ignored("system.\(name)", accepted: "number, 0 to 65535", "The threads are `system.threads`.") {
            setting throws(ConfigurationError) in
            _ = try setting.read("a number, 0 to 65535", in: 0...65_535) { value throws(HOCONError) in
                try value.integer()
            }
        }
    }

    private static func address(_ name: String) -> Definition<NanoConfiguration> {
        .ignored("system.\(name)", accepted: "string", "The broker is reached through `system.control_socket`.") {
            setting throws(ConfigurationError) in
            _ = try setting.text()
        }
    }
}

extension Format {
    fileprivate static func controlSocket(_ socket: NanoConfiguration.ControlSocket) -> String {
        switch socket {
        case .besidePIDFile: "auto"
        case .none: "none"
        case .path(let path): string(path)
        }
    }
}
