//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// The process.
    public struct System: Sendable, Equatable {
        /// The number of event loop threads; `nil` leaves it to the broker.
        public var threads: Int?
        /// Whether `start` leaves the broker running in the background.
        public var daemon = false
        /// The file which says which process runs, and is locked while it does; `nil` for none.
        public var pidFile: String? = "/tmp/nanomq/nanomq.pid"
        /// Where `reload` and `status` reach the running broker.
        public var controlSocket: ControlSocket = .besidePIDFile

        /// The defaults.
        public init() {}

        /// The path of the control socket; `nil` for none.
        public var controlSocketPath: String? {
            switch controlSocket {
            case .none: nil
            case .path(let path): path
            case .besidePIDFile: pidFile.map(Self.socketPath)
            }
        }

        private static func socketPath(pidFile: String) -> String {
            let name = pidFile.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            // A dot in front hides a file: it is no extension.
            guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return pidFile + ".sock" }
            return pidFile.dropLast(name[dot...].count) + ".sock"
        }
    }

    /// Where `reload` and `status` reach the running broker.
    public enum ControlSocket: Sendable, Equatable {
        /// A Unix socket beside the PID file, with the extension `.sock`; none if there is no PID file.
        case besidePIDFile
        /// A Unix socket at a path.
        case path(String)
        /// Nowhere.
        case none
    }

    /// What the broker allows itself and its clients. `nil` means unlimited.
    public struct Limits: Sendable, Equatable {
        /// Connections at one time.
        public var maximumConnections: Int?
        /// New connections per second.
        public var connectRate: Int?
        /// Sessions kept for clients that are away.
        public var maximumSessions: Int? = 100_000
        /// The time from the connection to the end of the CONNECT packet.
        public var connectTimeout: Duration = .seconds(15)
        /// Bytes accepted from a connection before its CONNECT packet is complete.
        public var maximumConnectSize = 64 << 10
        /// Bytes waiting to be written to one connection.
        public var maximumOutboundBytes = 8 << 20
        /// The time a connection may read nothing while bytes wait for it.
        public var stuckReaderTimeout: Duration? = .seconds(60)
        /// Retained messages altogether.
        public var maximumRetainedMessages: Int? = 1_000_000
        /// Bytes of retained messages altogether.
        public var maximumRetainedBytes: Int? = 256 << 20
        /// The time that connections get to end when the broker stops.
        public var shutdownTimeout: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }

    /// The topics below `$SYS`.
    public struct SystemTopics: Sendable, Equatable {
        /// The time between two publications of the statistics; zero switches them off.
        public var interval: Duration = .seconds(60)
        /// Whether clients which come and go are published.
        public var presence = true
        /// The name of this broker in the topics.
        public var node = "nanomq"
        /// Whether clients may publish below `$SYS`.
        public var allowPublish = false

        /// The defaults.
        public init() {}
    }
}
