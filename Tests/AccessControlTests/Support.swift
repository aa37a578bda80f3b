//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Synchronization
import Testing

@testable import AccessControl
@testable import BrokerCore

extension ClientInfo {
    static func test(
        _ identifier: String = "c",
        user: String? = nil,
        host: String = "192.0.2.1",
        port: UInt16 = 40_000,
        origin: ConnectionOrigin = ConnectionOrigin(transport: .tcp, listener: "default", port: 1883)
    ) -> ClientInfo {
        ClientInfo(
            clientIdentifier: identifier,
            userName: origin.userName ?? user,
            peer: PeerAddress(host: host, port: port),
            origin: origin,
            version: .v5,
            isBridge: false,
            isCleanStart: true,
            keepAlive: 60
        )
    }
}

extension AuthenticationRequest {
    static func test(_ client: ClientInfo, password: String? = nil, method: String? = nil) -> AuthenticationRequest {
        AuthenticationRequest(
            stage: .connect,
            connection: 1,
            client: client,
            password: password.map { ByteBuffer(string: $0) },
            method: method,
            data: nil
        )
    }
}

/// A verdict as a word that tests can compare.
enum Word: Equatable, CustomTestStringConvertible {
    case pass
    case yes
    case no(ReasonCode)
    case out(ReasonCode)

    init(_ verdict: AuthenticationVerdict) {
        switch verdict {
        case .pass: self = .pass
        case .accept: self = .yes
        case .refuse(let reason), .redirect(let reason, _): self = .no(reason)
        case .proceed: self = .out(.continueAuthentication)
        }
    }

    init(_ verdict: AuthorizationVerdict) {
        switch verdict {
        case .pass: self = .pass
        case .allow: self = .yes
        case .deny(let reason): self = .no(reason)
        case .disconnect(let reason): self = .out(reason)
        case .unanswered: self = .no(.serverUnavailable)
        }
    }

    var testDescription: String {
        switch self {
        case .pass: "pass"
        case .yes: "yes"
        case .no(let reason): "no 0x\(String(reason.rawValue, radix: 16))"
        case .out(let reason): "out 0x\(String(reason.rawValue, radix: 16))"
        }
    }
}

extension Answer {
    var isNow: Bool { if case .now = self { true } else { false } }
}

/// A clock that the test moves, and what hashing and events did.
final class AccessBench: Sendable {
    let now = Mutex<Int64>(1_000)
    let hashes = Mutex(0)
    private let events = Mutex<[AccessEvent]>([])

    func access(_ settings: AccessSettings, queue: Int = 100, concurrency: Int = 1) -> AccessControl {
        AccessControl(
            settings,
            hashing: HashingQueue(concurrency: concurrency, capacity: queue) { job in
                self.hashes.withLock { $0 += 1 }
                return job()
            },
            clock: { MonotonicTime(milliseconds: self.now.withLock { $0 }) },
            onEvent: { event in self.events.withLock { $0.append(event) } }
        )
    }

    func advance(seconds: Int64) { self.now.withLock { $0 += seconds * 1000 } }

    func takeEvents() -> [AccessEvent] {
        self.events.withLock { events in
            defer { events = [] }
            return events
        }
    }

    /// The reasons of the refusals since the last time.
    func takeRefusals() -> [AccessRefusal] {
        self.takeEvents().compactMap { if case .refused(_, let refusal) = $0 { refusal } else { nil } }
    }
}

extension AccessControl {
    func connect(_ client: ClientInfo, password: String? = nil) async -> Word {
        let word = Word(await self.authenticate(.test(client, password: password)).value())
        if word == .yes || word == .pass { self.connected(client, sessionPresent: false) }
        return word
    }

    func publish(_ topic: String, _ client: ClientInfo) async -> Word {
        let action = AuthorizationRequest.Action.publish(topic: topic, qos: .atMostOnce, isRetained: false)
        return Word(await self.authorize(AuthorizationRequest(client: client, action: action)).value())
    }

    func will(_ topic: String, _ client: ClientInfo) async -> Word {
        let action = AuthorizationRequest.Action.will(topic: topic, qos: .atLeastOnce, isRetained: true)
        return Word(await self.authorize(AuthorizationRequest(client: client, action: action)).value())
    }

    func subscribe(_ filter: String, _ client: ClientInfo) async throws -> Word {
        let action = AuthorizationRequest.Action.subscribe(
            try TopicFilter(filter),
            SubscriptionOptions(qos: .atMostOnce)
        )
        return Word(await self.authorize(AuthorizationRequest(client: client, action: action)).value())
    }
}
