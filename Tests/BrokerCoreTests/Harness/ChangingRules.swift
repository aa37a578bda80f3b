//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import Synchronization

/// Rules of access that a test changes. What it answers is settled when it is asked, also where the answer is late.
final class ChangingRules: BrokerExtension {
    struct Rules: Sendable {
        var interests: ExtensionInterests = .authorization
        var isLasting = true
        /// Whether answers take their time.
        var isLate = false
        /// What is refused: `user:name` or `name`, where the name is a topic, a filter, or, for staying, `stay`.
        var refused: Set<String> = []
        var refusal = AuthorizationVerdict.deny(.notAuthorized)

        func allows(_ name: String, _ client: ClientInfo) -> Bool {
            !self.refused.contains(name) && !self.refused.contains("\(client.userName ?? ""):\(name)")
        }
    }

    private let rules: Mutex<Rules>
    private let calls = Mutex<[String]>([])

    init(_ change: (inout Rules) -> Void = { _ in }) {
        var rules = Rules()
        change(&rules)
        self.rules = Mutex(rules)
    }

    func change(_ change: (inout Rules) -> Void) { self.rules.withLock { change(&$0) } }

    /// Other names are refused from now on, and no others.
    func refuse(_ names: String...) { self.change { $0.refused = Set(names) } }

    /// The rules as they are.
    var now: Rules { self.rules.withLock { $0 } }

    /// What it was asked since the last time.
    func takeCalls() -> [String] {
        self.calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }

    private func answer<Value: Sendable>(_ call: String, _ judge: (Rules) -> Value) -> Answer<Value> {
        self.calls.withLock { $0.append(call) }
        let (value, isLate) = self.rules.withLock { (judge($0), $0.isLate) }
        return isLate ? .later { value } : .now(value)
    }

    var interests: ExtensionInterests { self.rules.withLock { $0.interests } }

    var isAuthorizationLasting: Bool { self.rules.withLock { $0.isLasting } }

    func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
        self.answer("authenticate \(request.client.clientIdentifier)") { _ in .accept() }
    }

    func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
        let name =
            switch request.action {
            case .publish(let topic, _, _), .will(let topic, _, _): topic
            case .subscribe(let filter, _): filter.text
            }
        return self.answer("may \(request.client.clientIdentifier) \(name)") {
            $0.allows(name, request.client) ? .allow : $0.refusal
        }
    }

    func mayReceive(_ message: Message, client: ClientInfo) -> Bool {
        self.rules.withLock { $0.allows(message.topic, client) }
    }

    func mayStay(_ client: ClientInfo) -> Answer<Bool> {
        self.answer("stay \(client.clientIdentifier)") { $0.allows("stay", client) }
    }
}
