//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import MQTTCodec
import NIOCore

@testable import BrokerCore

/// A client of the tests, and what it asks for.
struct Guest {
    var clientIdentifier = "sensor-7"
    var userName: String? = "anna"
    var password: ByteBuffer? = ByteBuffer(string: "s3cret")
    var peer = PeerAddress(host: "192.0.2.7", port: 40_001)
    var origin = ConnectionOrigin(transport: .tcp, listener: "default", port: 1883)
    var version = ProtocolVersion.v5
    var method: String?

    var info: ClientInfo {
        ClientInfo(
            clientIdentifier: self.clientIdentifier,
            userName: self.userName,
            peer: self.peer,
            origin: self.origin,
            version: self.version,
            isBridge: false,
            isCleanStart: true,
            keepAlive: 60
        )
    }

    func authentication(_ stage: AuthenticationRequest.Stage = .connect) -> AuthenticationRequest {
        AuthenticationRequest(
            stage: stage,
            connection: 1,
            client: self.info,
            password: self.password,
            method: self.method,
            data: nil
        )
    }

    func publishing(_ topic: String, qos: QoS = .atMostOnce, isRetained: Bool = false) -> AuthorizationRequest {
        AuthorizationRequest(client: self.info, action: .publish(topic: topic, qos: qos, isRetained: isRetained))
    }

    func willing(_ topic: String) -> AuthorizationRequest {
        AuthorizationRequest(client: self.info, action: .will(topic: topic, qos: .atLeastOnce, isRetained: true))
    }

    func subscribing(_ filter: String, qos: QoS = .atMostOnce) throws -> AuthorizationRequest {
        AuthorizationRequest(
            client: self.info,
            action: .subscribe(try TopicFilter(filter), SubscriptionOptions(qos: qos))
        )
    }
}

extension Answer {
    /// The answer, after the work for it.
    var value: Value {
        get async {
            switch self {
            case .now(let value): value
            case .later(let work): await work()
            }
        }
    }

    /// The answer if it is known at once.
    var known: Value? {
        if case .now(let value) = self { value } else { nil }
    }
}

/// A verdict as text, which can be compared.
extension AuthenticationVerdict {
    var text: String {
        if case .pass = self { return "pass" }
        if case .accept = self { return "accept" }
        if case .refuse(let reason) = self { return "refuse 0x" + String(reason.rawValue, radix: 16) }
        return "other"
    }
}

extension AuthorizationVerdict {
    var text: String {
        switch self {
        case .pass: "pass"
        case .allow: "allow"
        case .deny(let reason): "deny 0x" + String(reason.rawValue, radix: 16)
        case .unanswered: "unanswered"
        case .disconnect(let reason): "disconnect 0x" + String(reason.rawValue, radix: 16)
        }
    }
}
