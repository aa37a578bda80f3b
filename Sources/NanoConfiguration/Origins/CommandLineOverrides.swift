//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// What the flags of `nanomq start` say about the configuration; `nil`, or an empty list, where nothing was said.
public struct CommandLineOverrides: Sendable, Equatable {
    /// `--url`: the listeners of each kind that occurs, in place of those of the file.
    public var urls: [ListenerURL] = []
    /// `--threads`: event loop threads.
    public var threads: Int?
    /// `-d`, `--daemon`.
    public var daemon: Bool?
    /// `--pid_file`: a path, or `none`.
    public var pidFile: String?
    /// `--control_socket`: a path, `auto` or `none`.
    public var controlSocket: String?
    /// `-t`, `--tq_thread`: accepted for the original's sake.
    public var taskThreads: Int?
    /// `-T`, `--max_tq_thread`: accepted for the original's sake.
    public var maximumTaskThreads: Int?
    /// `-n`, `--parallel`: accepted for the original's sake.
    public var parallel: Int?
    /// `-s`, `--property_size`.
    public var propertySize: Int?
    /// `-S`, `--msq_len`: messages waiting in one session.
    public var queueLength: Int?
    /// `-D`, `--qos_duration`, in seconds.
    public var qosDuration: Int?
    /// `--cacert`.
    public var authorityFile: String?
    /// `-E`, `--cert`.
    public var certificateFile: String?
    /// `--key`.
    public var keyFile: String?
    /// `--keypass`.
    public var keyPassword: Secret?
    /// `--verify`.
    public var verifyPeer: Bool?
    /// `--fail`.
    public var requirePeerCertificate: Bool?
    /// `--log_level`.
    public var logLevel: LogLevel?
    /// `--log_file`: a path; adds the file to where messages are written.
    public var logFile: String?
    /// `--log_stdout`: whether messages are written to the console.
    public var logToConsole: Bool?
    /// `--log_syslog`: whether messages are written to the system's log.
    public var logToSyslog: Bool?
    /// `--http`: a feature that is still to come.
    public var http: Bool?
    /// `-p`, `--port`, of HTTP: a feature that is still to come.
    public var httpPort: Int?

    /// Nothing said.
    public init() {}
}

extension CommandLineOverrides {
    /// Lays the flags over a tree.
    func apply(to tree: inout ConfigurationTree) -> Findings {
        let switches = ListenerSwitches(tree)
        for (path, flag, content) in keys {
            tree.set(path.split(separator: ".").map(String.init), content, .commandLine(flag))
        }
        applyURLs(to: &tree)
        switches.settle(&tree)
        applyLog(to: &tree)

        var findings = Findings()
        for (flag, isThere) in [("--http", http == true), ("--port", httpPort != nil)] where isThere {
            let source = ConfigurationSource.commandLine(flag)
            findings.warnings.append(ConfigurationWarning(.notSupportedYet, key: "http_server", source: source))
        }
        return findings
    }

    /// The flags which set one key each.
    private var keys: [(path: String, flag: String, content: HOCONValue.Content)] {
        let all: [(String, String, HOCONValue.Content?)] = [
            ("system.threads", "--threads", threads.map(Self.number)),
            ("system.daemon", "--daemon", daemon.map { .boolean($0) }),
            ("system.pid_file", "--pid_file", pidFile.map { .string($0) }),
            ("system.control_socket", "--control_socket", controlSocket.map { .string($0) }),
            ("system.num_taskq_thread", "--tq_thread", taskThreads.map(Self.number)),
            ("system.max_taskq_thread", "--max_tq_thread", maximumTaskThreads.map(Self.number)),
            ("system.parallel", "--parallel", parallel.map(Self.number)),
            ("mqtt.property_size", "--property_size", propertySize.map(Self.number)),
            ("mqtt.max_mqueue_len", "--msq_len", queueLength.map(Self.number)),
            ("mqtt.retry_interval", "--qos_duration", qosDuration.map(Self.number)),
            ("listeners.ssl.cacertfile", "--cacert", authorityFile.map { .string($0) }),
            ("listeners.ssl.certfile", "--cert", certificateFile.map { .string($0) }),
            ("listeners.ssl.keyfile", "--key", keyFile.map { .string($0) }),
            ("listeners.ssl.key_password", "--keypass", keyPassword.map { .string($0.value) }),
            ("listeners.ssl.verify_peer", "--verify", verifyPeer.map { .boolean($0) }),
            ("listeners.ssl.fail_if_no_peer_cert", "--fail", requirePeerCertificate.map { .boolean($0) }),
            ("log.level", "--log_level", logLevel.map { .string($0.rawValue) }),
        ]
        return all.compactMap { path, flag, content in content.map { (path, flag, $0) } }
    }

    private static func number(_ value: Int) -> HOCONValue.Content {
        .string("\(value)")
    }

    /// The first URL of a kind takes the place of the listener without a name, with all else that is said of it; the
    /// others are listeners like it; those with names are gone.
    private func applyURLs(to tree: inout ConfigurationTree) {
        let flag = ConfigurationSource.commandLine("--url")
        for kind in Listener.Kind.allCases {
            let addresses = urls.filter { $0.kind == kind }.map(\.address)
            guard !addresses.isEmpty else { continue }
            let path = ["listeners", kind.rawValue]
            var plain: [HOCONObject.Member] = []
            if case .object(let block) = tree.value(at: path)?.content {
                plain = block.members.filter { if case .object = $0.value.content { false } else { true } }
                tree.set(path, .object(HOCONObject(at: block.location)), flag)
            } else if tree.value(at: path) != nil {
                continue
            }
            for (index, address) in addresses.enumerated() {
                let listener = index == 0 ? path : path + ["url_\(index + 1)"]
                for member in plain {
                    let source = tree.origins[(path + [member.key]).joined(separator: ".")]
                    tree.set(listener + [member.key], member.value.content, source ?? .file(member.value.location))
                }
                tree.set(listener + ["bind"], .string(address), flag)
                tree.set(listener + ["enable"], .boolean(true), flag)
            }
        }
    }

    /// The flags which add to where messages are written, or take away from it.
    private func applyLog(to tree: inout ConfigurationTree) {
        let path = ["log", "to"]
        let change: [(flag: String, word: String, isOn: Bool?)] = [
            ("--log_file", "file", logFile.map { _ in true }), ("--log_stdout", "console", logToConsole),
            ("--log_syslog", "syslog", logToSyslog),
        ]
        for (flag, word, isOn) in change {
            guard let isOn, let words = Self.words(tree.value(at: path)) else { continue }
            let location = SourceLocation(file: flag, line: 0, column: 0)
            let changed = words.filter { $0 != word } + (isOn ? [word] : [])
            let values = changed.map { HOCONValue(.string($0), at: location) }
            tree.set(path, .array(values), .commandLine(flag))
        }
        guard let logFile else { return }
        let slash = logFile.lastIndex(of: "/")
        if let slash {
            let directory = slash == logFile.startIndex ? "/" : String(logFile[..<slash])
            tree.set(["log", "dir"], .string(directory), .commandLine("--log_file"))
        }
        let name = slash.map { String(logFile[logFile.index(after: $0)...]) } ?? logFile
        tree.set(["log", "file"], .string(name), .commandLine("--log_file"))
    }

    /// The words of `log.to`; `nil` if it is of a wrong type, which is told when it is read.
    private static func words(_ value: HOCONValue?) -> [String]? {
        guard let value else { return [LogDestination.console.rawValue] }
        if case .string(let word) = value.content { return [word] }
        guard let elements = try? value.array() else { return nil }
        let words = elements.compactMap { try? $0.string() }
        return words.count == elements.count ? words : nil
    }
}
