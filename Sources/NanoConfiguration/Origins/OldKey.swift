//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// The keys of the original's flat form, with what they are called in HOCON.
enum OldKey {
    /// How a value is written.
    enum Form {
        /// As in HOCON.
        case text
        /// `true` or `false`.
        case boolean
        /// Words with commas between them.
        case list
        /// A number of kilobytes.
        case kilobytes
        /// Thousandths.
        case thousandths
        /// A listener's URL.
        case url(Listener.Kind)
    }

    enum Target {
        /// A key of the tree.
        case key(String, Form)
        /// Whether the list of users is asked.
        case passwords
        /// Whether there is a WebSocket over TLS.
        case webSocketTLS
        /// Accepted, without effect.
        case noEffect
    }

    /// What the keys of features still to come begin with, and the features' names in HOCON.
    static let future: [(prefix: String, name: String)] = [
        ("http_server.", "http_server"), ("web.hook.", "webhook"), ("webhook.", "webhook"), ("bridge.", "bridges"),
        ("aws.bridge.", "bridges"), ("rule.", "rules"), ("rule_option", "rules"),
        ("log.uds_addr", "log.uds_addr"),
    ]

    static let known: [String: Target] = [
        "url": .key("listeners.tcp.bind", .url(.tcp)),
        "enable": .key("listeners.tcp.enable", .boolean),
        "daemon": .key("system.daemon", .boolean),
        "num_taskq_thread": .key("system.num_taskq_thread", .text),
        "max_taskq_thread": .key("system.max_taskq_thread", .text),
        "parallel": .key("system.parallel", .text),
        "enable_ipc_internal": .key("system.enable_ipc_internal", .boolean),
        "hook_ipc_url": .key("system.hook_ipc_url", .text),
        "cmd_ipc_url": .key("system.cmd_ipc_url", .text),
        "property_size": .key("mqtt.property_size", .text),
        "keepalive_backoff": .key("mqtt.keepalive_multiplier", .thousandths),
        "max_packet_size": .key("mqtt.max_packet_size", .kilobytes),
        "client_max_packet_size": .noEffect,
        "msq_len": .key("mqtt.max_mqueue_len", .text),
        "qos_duration": .key("mqtt.retry_interval", .text),
        "allow_anonymous": .key("auth.allow_anonymous", .boolean),
        "auth_enable": .passwords,
        "acl_enable": .key("auth.acl.enable", .boolean),
        "acl_nomatch": .key("auth.no_match", .text),
        "acl_deny_action": .key("auth.deny_action", .text),
        "enable_acl_cache": .noEffect,
        "acl_cache_max_size": .noEffect,
        "acl_cache_ttl": .noEffect,
        "websocket.enable": .key("listeners.ws.enable", .boolean),
        "websocket.url": .key("listeners.ws.bind", .url(.ws)),
        "websocket.tls_enable": .webSocketTLS,
        "websocket.tls_url": .key("listeners.wss.bind", .url(.wss)),
        "tls.enable": .key("listeners.ssl.enable", .boolean),
        "tls.url": .key("listeners.ssl.bind", .url(.ssl)),
        "tls.key_password": .key("listeners.ssl.key_password", .text),
        "tls.keyfile": .key("listeners.ssl.keyfile", .text),
        "tls.certfile": .key("listeners.ssl.certfile", .text),
        "tls.cacertfile": .key("listeners.ssl.cacertfile", .text),
        "tls.verify_peer": .key("listeners.ssl.verify_peer", .boolean),
        "tls.fail_if_no_peer_cert": .key("listeners.ssl.fail_if_no_peer_cert", .boolean),
        "log.to": .key("log.to", .list),
        "log.level": .key("log.level", .text),
        "log.dir": .key("log.dir", .text),
        "log.file": .key("log.file", .text),
        "log.rotation.size": .key("log.rotation.size", .text),
        "log.rotation.count": .key("log.rotation.count", .text),
        "sqlite.enable": .key("sqlite.enable", .boolean),
        "sqlite.disk_cache_size": .key("sqlite.disk_cache_size", .text),
        "sqlite.mounted_file_path": .key("sqlite.mounted_file_path", .text),
        "sqlite.flush_mem_threshold": .key("sqlite.flush_mem_threshold", .text),
        "sqlite.resend_interval": .key("sqlite.resend_interval", .text),
    ]
}

extension Setting {
    /// The value of a line as the tree holds it.
    func content(_ form: OldKey.Form) throws(ConfigurationError) -> HOCONValue.Content {
        guard case .string(let text) = value.content else { return value.content }
        switch form {
        case .text:
            return value.content
        case .boolean:
            return .boolean(try oldBoolean())
        case .list:
            let words = text.split { $0 == "," || $0 == " " }
            return .array(words.map { HOCONValue(.string(String($0)), at: value.location) })
        case .kilobytes:
            guard let number = HOCONNumber(text), number.integer != nil else {
                throw error(.expected("a number of kilobytes"))
            }
            return .string(text + "KB")
        case .thousandths:
            guard let thousandths = HOCONNumber(text)?.integer, (0...1_000_000).contains(thousandths) else {
                throw error(.expected("a number of thousandths"))
            }
            return .string("\(Double(thousandths) / 1_000)")
        case .url(let kind):
            guard let url = ListenerURL(text), url.kind == kind else {
                throw error(.expected(ListenerURL.example(kind)))
            }
            return .string(url.address)
        }
    }

    func oldBoolean() throws(ConfigurationError) -> Bool {
        switch value.content {
        case .string("true"), .string("yes"), .string("on"): true
        case .string("false"), .string("no"), .string("off"): false
        default: throw error(.expected("true or false"))
        }
    }
}
