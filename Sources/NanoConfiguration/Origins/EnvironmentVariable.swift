//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// A variable of the environment which sets something, or is known otherwise. An empty one counts as not set.
struct EnvironmentVariable: Sendable {
    /// How the text of a variable is understood.
    enum Form: Sendable {
        /// As the key's definition reads a text.
        case text
        /// `true` or `yes`, `false` or `no`, in any case.
        case boolean
        /// Words with commas between them.
        case list
        /// A listener's URL.
        case url(Listener.Kind)
    }

    /// What becomes of a variable.
    enum Use: Sendable {
        /// It sets a key.
        case key([String], Form)
        /// It is accepted for the original's sake.
        case nothing(reason: String)
        /// It belongs to a feature that is still to come.
        case future
        /// Something else reads it.
        case elsewhere(String)
    }

    static let prefix = "NANOMQ_"

    let name: String
    let use: Use

    private init(_ name: String, _ key: String, _ form: Form = .text) {
        self.init(name, .key(key.split(separator: ".").map(String.init), form))
    }

    private init(_ name: String, _ use: Use) {
        self.name = Self.prefix + name
        self.use = use
    }

    static let all: [EnvironmentVariable] = [
        EnvironmentVariable("BROKER_URL", "listeners.tcp.bind", .url(.tcp)),
        EnvironmentVariable("TCP_ENABLE", "listeners.tcp.enable", .boolean),
        EnvironmentVariable("TLS_ENABLE", "listeners.ssl.enable", .boolean),
        EnvironmentVariable("TLS_URL", "listeners.ssl.bind", .url(.ssl)),
        EnvironmentVariable("TLS_CA_CERT_PATH", "listeners.ssl.cacertfile"),
        EnvironmentVariable("TLS_CERT_PATH", "listeners.ssl.certfile"),
        EnvironmentVariable("TLS_KEY_PATH", "listeners.ssl.keyfile"),
        EnvironmentVariable("TLS_KEY_PASSWORD", "listeners.ssl.key_password"),
        EnvironmentVariable("TLS_VERIFY_PEER", "listeners.ssl.verify_peer", .boolean),
        EnvironmentVariable("TLS_FAIL_IF_NO_PEER_CERT", "listeners.ssl.fail_if_no_peer_cert", .boolean),
        EnvironmentVariable("WEBSOCKET_ENABLE", "listeners.ws.enable", .boolean),
        EnvironmentVariable("WEBSOCKET_URL", "listeners.ws.bind", .url(.ws)),
        EnvironmentVariable("WEBSOCKET_TLS_ENABLE", "listeners.wss.enable", .boolean),
        EnvironmentVariable("WEBSOCKET_TLS_URL", "listeners.wss.bind", .url(.wss)),
        EnvironmentVariable("DAEMON", "system.daemon", .boolean),
        EnvironmentVariable("PID_FILE", "system.pid_file"),
        EnvironmentVariable("CONTROL_SOCKET", "system.control_socket"),
        EnvironmentVariable("NUM_TASKQ_THREAD", "system.num_taskq_thread"),
        EnvironmentVariable("MAX_TASKQ_THREAD", "system.max_taskq_thread"),
        EnvironmentVariable("PARALLEL", "system.parallel"),
        EnvironmentVariable("PROPERTY_SIZE", "mqtt.property_size"),
        EnvironmentVariable("MAX_PACKET_SIZE", "mqtt.max_packet_size"),
        EnvironmentVariable("CLIENT_MAX_PACKET_SIZE", .nothing(reason: "`mqtt.max_packet_size` is for all")),
        EnvironmentVariable("MSQ_LEN", "mqtt.max_mqueue_len"),
        EnvironmentVariable("QOS_DURATION", "mqtt.retry_interval"),
        EnvironmentVariable("ALLOW_ANONYMOUS", "auth.allow_anonymous", .boolean),
        EnvironmentVariable("LOG_LEVEL", "log.level"),
        EnvironmentVariable("LOG_TO", "log.to", .list),
        EnvironmentVariable("LOG_DIR", "log.dir"),
        EnvironmentVariable("LOG_FILE", "log.file"),
        EnvironmentVariable("LOG_ROTATION_SIZE", "log.rotation.size"),
        EnvironmentVariable("LOG_ROTATION_COUNT", "log.rotation.count"),
        EnvironmentVariable("LOG_UDS_ADDR", .future),
        EnvironmentVariable("HTTP_SERVER_ENABLE", .future),
        EnvironmentVariable("HTTP_SERVER_URL", .future),
        EnvironmentVariable("HTTP_SERVER_PORT", .future),
        EnvironmentVariable("HTTP_SERVER_PARALLEL", .future),
        EnvironmentVariable("HTTP_SERVER_USERNAME", .future),
        EnvironmentVariable("HTTP_SERVER_PASSWORD", .future),
        EnvironmentVariable("HTTP_SERVER_AUTH_TYPE", .future),
        EnvironmentVariable("HTTP_SERVER_JWT_PUBLIC_KEYFILE", .future),
        EnvironmentVariable("HTTP_SERVER_JWT_PRIVATE_KEYFILE", .future),
        EnvironmentVariable("EXCHANGER_URL", .nothing(reason: "the original does not read it either")),
        EnvironmentVariable("MSG_PERSISTENCE", .nothing(reason: "the original does not read it either")),
        EnvironmentVariable("CONF_PATH", .elsewhere("the configuration file")),
        EnvironmentVariable("VIN", .elsewhere("for substitutions in the file, `${NANOMQ_VIN}`")),
    ]
}

extension EnvironmentVariable {
    private static let known: [String: EnvironmentVariable] = Dictionary(all.map { ($0.name, $0) }) { first, _ in first
    }

    /// Lays the variables over a tree.
    static func apply(
        _ environment: [String: String],
        to tree: inout ConfigurationTree
    ) throws(ConfigurationError) -> Findings {
        var findings = Findings()
        let switches = ListenerSwitches(tree)
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(prefix) && !text.isEmpty {
            let source = ConfigurationSource.environment(name)
            switch known[name]?.use {
            case .key(let path, let form):
                let setting = Setting(
                    key: path.joined(separator: "."),
                    value: HOCONValue(.string(text), at: SourceLocation(file: name, line: 0, column: 0)),
                    origins: [path.joined(separator: "."): source]
                )
                tree.set(path, try setting.content(form), source)
            case .nothing: findings.notes.append(ConfigurationWarning(.noEffect, key: "", source: source))
            case .future: findings.warnings.append(ConfigurationWarning(.notSupportedYet, key: "", source: source))
            case .elsewhere: break
            case nil:
                let nearest = NearestKey.find(name, among: all.map(\.name))
                let warning = ConfigurationWarning(.unknownKey(nearest: nearest), key: "", source: source)
                findings.warnings.append(warning)
            }
        }
        switches.settle(&tree)
        return findings
    }
}

extension Setting {
    /// The text of a variable as the tree holds it.
    fileprivate func content(_ form: EnvironmentVariable.Form) throws(ConfigurationError) -> HOCONValue.Content {
        guard case .string(let text) = value.content else { return value.content }
        switch form {
        case .text:
            return value.content
        case .boolean:
            switch text.lowercased() {
            case "true", "yes": return .boolean(true)
            case "false", "no": return .boolean(false)
            default: throw error(.expected("true, yes, false or no"))
            }
        case .list:
            let words = text.split { $0 == "," || $0 == " " }
            return .array(words.map { HOCONValue(.string(String($0)), at: value.location) })
        case .url(let kind):
            guard let url = ListenerURL(text), url.kind == kind else {
                throw error(.expected(ListenerURL.example(kind)))
            }
            return .string(url.address)
        }
    }
}

/// Keeps a listener which the file does not have from being there because somebody said where its certificates are:
/// it takes an address, or the word that it is enabled.
struct ListenerSwitches {
    private let absent: [[String]]

    init(_ tree: ConfigurationTree) {
        self.absent = Listener.Kind.allCases.map { ["listeners", $0.rawValue] }.filter { tree.value(at: $0) == nil }
    }

    func settle(_ tree: inout ConfigurationTree) {
        for path in absent where path.last != Listener.Kind.tcp.rawValue {
            guard tree.value(at: path) != nil, tree.value(at: path + ["enable"]) == nil,
                tree.value(at: path + ["bind"]) == nil
            else { continue }
            tree.set(path + ["enable"], .boolean(false), .standard)
        }
    }
}
