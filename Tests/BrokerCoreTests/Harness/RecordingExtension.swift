//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import Synchronization

/// An extension that notes every call and answers what the test has put in.
final class RecordingExtension: BrokerExtension {
    let interests: ExtensionInterests
    private let calls = Mutex<[String]>([])
    private let onAuthenticate: @Sendable (AuthenticationRequest) -> Answer<AuthenticationVerdict>
    private let onAuthorize: @Sendable (AuthorizationRequest) -> Answer<AuthorizationVerdict>
    private let onPublish: @Sendable (Message) -> Answer<PublishVerdict>
    private let mayReceive: @Sendable (Message) -> Bool

    init(
        _ interests: ExtensionInterests,
        authenticate: @escaping @Sendable (AuthenticationRequest) -> Answer<AuthenticationVerdict> = { _ in
            .now(.pass)
        },
        authorize: @escaping @Sendable (AuthorizationRequest) -> Answer<AuthorizationVerdict> = { _ in .now(.pass) },
        publish: @escaping @Sendable (Message) -> Answer<PublishVerdict> = { _ in .now(.pass) },
        mayReceive: @escaping @Sendable (Message) -> Bool = { _ in true }
    ) {
        self.interests = interests
        self.onAuthenticate = authenticate
        self.onAuthorize = authorize
        self.onPublish = publish
        self.mayReceive = mayReceive
    }

    private func note(_ call: String) { self.calls.withLock { $0.append(call) } }

    /// The calls since the last time.
    func takeCalls() -> [String] {
        self.calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }

    func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
        let password = request.password.map { String(buffer: $0) } ?? "-"
        let data = request.data.map { String(buffer: $0) } ?? "-"
        self.note(
            "authenticate \(request.stage) \(request.client.clientIdentifier) \(request.client.userName ?? "-") "
                + "\(password) \(request.method ?? "-") \(data)"
        )
        return self.onAuthenticate(request)
    }

    func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
        switch request.action {
        case .publish(let topic, let qos, let isRetained):
            self.note("may \(request.client.clientIdentifier) publish \(topic) \(qos.rawValue) \(isRetained)")
        case .subscribe(let filter, let options):
            self.note("may \(request.client.clientIdentifier) subscribe \(filter) \(options.qos.rawValue)")
        case .will(let topic, let qos, let isRetained):
            self.note("may \(request.client.clientIdentifier) will \(topic) \(qos.rawValue) \(isRetained)")
        }
        return self.onAuthorize(request)
    }

    func mayReceive(_ message: Message, client: ClientInfo) -> Bool {
        self.note("may \(client.clientIdentifier) receive \(message.topic)")
        return self.mayReceive(message)
    }

    func publish(_ message: Message, client: ClientInfo?) -> Answer<PublishVerdict> {
        self.note("publish \(message.topic) \(client?.clientIdentifier ?? "-")")
        return self.onPublish(message)
    }

    func connected(_ client: ClientInfo, sessionPresent: Bool) {
        self.note("connected \(client.clientIdentifier) \(sessionPresent)")
    }

    func disconnected(_ client: ClientInfo, reason: ReasonCode) {
        self.note("disconnected \(client.clientIdentifier) \(String(reason.rawValue, radix: 16))")
    }

    func subscribed(_ client: ClientInfo, filter: TopicFilter, options: SubscriptionOptions) {
        self.note("subscribed \(client.clientIdentifier) \(filter) \(options.qos.rawValue)")
    }

    func unsubscribed(_ client: ClientInfo, filter: TopicFilter) {
        self.note("unsubscribed \(client.clientIdentifier) \(filter)")
    }

    func delivered(_ message: Message, client: ClientInfo) {
        self.note("delivered \(message.topic) \(client.clientIdentifier)")
    }

    func acknowledged(_ message: Message, client: ClientInfo) {
        self.note("acknowledged \(message.topic) \(client.clientIdentifier)")
    }

    func dropped(_ message: Message, client: ClientInfo, cause: DropCause) {
        self.note("dropped \(message.topic) \(client.clientIdentifier) \(cause.rawValue)")
    }
}
