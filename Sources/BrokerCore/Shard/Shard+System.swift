//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

// What the broker says of itself under `$SYS`.
extension Shard {
    /// Whether anybody would get, or take part in, a message under `$SYS`.
    private var hasSystemListeners: Bool {
        self.broker.subscriptions.hasSystemSubscribers || self.hooks.contains(.publish)
    }

    // MARK: Presence

    func publishPresence(connected client: ClientInfo) {
        guard self.settings.publishesPresence, self.hasSystemListeners else { return }
        var json = JSONObject()
        json.add("status", "online")
        json.add("username", client.userName ?? "")
        json.add("ts", self.broker.wallClock())
        json.add("proto_name", client.version == .v3_1 ? "MQIsdp" : "MQTT")
        json.add("keepalive", Int64(client.keepAlive))
        json.add("return_code", "0")
        json.add("proto_ver", Int64(client.version.rawValue))
        json.add("client_id", client.clientIdentifier)
        json.add("clean_start", client.isCleanStart ? 1 : 0)
        json.add("IPv4", client.peer.host)
        self.publishPresence(of: client, json)
    }

    func publishPresence(disconnected client: ClientInfo, _ reason: ReasonCode) {
        guard self.settings.publishesPresence, self.hasSystemListeners else { return }
        var json = JSONObject()
        json.add("status", "offline")
        json.add("username", client.userName ?? "")
        json.add("ts", self.broker.wallClock())
        json.add("reason_code", String(reason.rawValue, radix: 16))
        json.add("client_id", client.clientIdentifier)
        json.add("IPv4", client.peer.host)
        self.publishPresence(of: client, json)
    }

    private func publishPresence(of client: ClientInfo, _ json: JSONObject) {
        self.publishSystem("client_status/\(client.clientIdentifier)", json.text, isRetained: false)
    }

    private func publishSystem(_ path: String, _ text: String, isRetained: Bool) {
        // A client identifier may hold what a topic name may not; then there is no such topic.
        guard
            let message = try? Message(
                topic: "$SYS/brokers/" + path,
                payload: ByteBuffer(string: text),
                isRetained: isRetained
            )
        else { return }
        self.publishOwn(message)
    }

    // MARK: Statistics

    func publishStatisticsIfDue() {
        guard self.settings.statisticsInterval > 0 else { return }
        guard self.nextStatisticsAt.map({ $0 <= self.now }) ?? true else { return }
        self.nextStatisticsAt = self.now.adding(milliseconds: self.settings.statisticsInterval)
        let metrics = self.broker.metrics
        let values: [(String, String)] = [
            ("version", self.settings.version),
            ("sysdescr", "NanoMQ Broker"),
            ("uptime", String((self.broker.wallClock() - self.broker.startedAt) / 1000)),
            ("stats/connections/count", String(metrics.clientsConnected)),
            ("stats/sessions/count", String(metrics.sessions)),
            ("stats/subscriptions/count", String(self.broker.subscriptions.count)),
            ("stats/retained/count", String(self.broker.retained.count)),
            ("metrics/bytes/received", String(metrics.bytesReceived)),
            ("metrics/bytes/sent", String(metrics.bytesSent)),
            ("metrics/messages/received", String(metrics.messagesReceived)),
            ("metrics/messages/sent", String(metrics.messagesSent)),
            ("metrics/messages/acked", String(metrics.messagesAcknowledged)),
            ("metrics/messages/dropped", String(metrics.messagesDropped)),
            ("metrics/messages/dropped/no_subscribers", String(metrics.messagesWithoutSubscriber)),
            ("metrics/messages/qos0/received", String(metrics.messagesReceivedByQoS.atMostOnce)),
            ("metrics/messages/qos1/received", String(metrics.messagesReceivedByQoS.atLeastOnce)),
            ("metrics/messages/qos2/received", String(metrics.messagesReceivedByQoS.exactlyOnce)),
        ]
        for (path, value) in values {
            self.publishSystem("\(self.settings.nodeName)/\(path)", value, isRetained: true)
        }
    }
}

/// A flat JSON object, written member by member (RFC 8259).
struct JSONObject {
    private var members = ""

    var text: String { "{\(self.members)}" }

    mutating func add(_ name: String, _ value: String) {
        self.add(name)
        self.members += Self.quoted(value)
    }

    mutating func add(_ name: String, _ value: Int64) {
        self.add(name)
        self.members += String(value)
    }

    private mutating func add(_ name: String) {
        if !self.members.isEmpty { self.members += "," }
        self.members += Self.quoted(name) + ":"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
