//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Everything a broker is told by its configuration file, typed and checked.
///
/// The initialiser gives the defaults; ``load(hocon:)`` gives what a file says. What each property means in full, with
/// its key in the file, is in ``ConfigurationKey/all`` and, made from that, in `docs/configuration.md`.
public struct NanoConfiguration: Sendable, Equatable {
    /// Where the broker listens. Empty if the file has a `listeners` block which enables none.
    public var listeners: [Listener] = [.standard]

    /// The process: block `system`.
    public var system = System()

    /// The protocol and its queues: block `mqtt`.
    public var mqtt = MQTT()

    /// What the broker allows itself and its clients: block `limits`.
    public var limits = Limits()

    /// The topics below `$SYS`: block `sys`.
    public var sys = SystemTopics()

    /// The log: block `log`.
    public var log = Log()

    /// Who may connect, and do what: block `auth`.
    public var auth = Access()

    /// What is kept on disk: block `sqlite`; `nil` if nothing is.
    public var sqlite: SQLite?

    /// The defaults.
    public init() {}
}

/// A value that is one of a few words.
public protocol ConfigurationChoice: RawRepresentable<String>, CaseIterable, Sendable, Equatable {}
