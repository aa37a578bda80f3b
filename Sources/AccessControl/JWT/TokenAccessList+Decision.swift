//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import BrokerCore
    import MQTTCodec

    /// A token's access list for one client.
    struct TokenAccess: Sendable {
        private struct Rule: Sendable {
            let isAllowed: Bool
            let action: TokenAccessList.Action
            let qos: [UInt8]
            let isRetained: Bool?
            let topic: TopicTemplate.Filled
        }

        private let rules: [Rule]

        init(_ list: TokenAccessList, for client: ClientInfo) {
            self.rules = list.rules.compactMap { rule in
                let topic = rule.topic.filled(for: client)
                switch topic {
                case .nothing: return nil
                // A name never widens what is allowed; what would be denied with another name is denied with this one.
                case .hostile where rule.isAllowed: return nil
                case .filter, .literal, .hostile:
                    return Rule(
                        isAllowed: rule.isAllowed,
                        action: rule.action,
                        qos: rule.qos,
                        isRetained: rule.isRetained,
                        topic: topic
                    )
                }
            }
        }

        /// Whether the first rule that matches allows it; what no rule mentions is denied.
        func allows(_ action: AuthorizationRequest.Action) -> Bool {
            self.rules.first { Self.matches($0, action) }?.isAllowed ?? false
        }

        /// Whether a subscription that is allowed may bring a message of this topic: the first rule that matches says
        /// so, and what no rule mentions is denied. What a rule says of the subscription itself (its QoS, its exact
        /// filter) has been asked when the client subscribed: such a rule can allow the message, but not deny it.
        func allowsReceiving(_ topic: String) -> Bool {
            self.rules.first { Self.matches($0, received: topic) }?.isAllowed ?? false
        }

        private static func matches(_ rule: Rule, received topic: String) -> Bool {
            guard rule.action != .publish, rule.isAllowed || rule.qos.isEmpty else { return false }
            return switch rule.topic {
            case .filter(let filter): filter.matches(topic: topic)
            case .literal(let text): rule.isAllowed && (try? TopicFilter(text))?.matches(topic: topic) ?? false
            case .hostile: true
            case .nothing: false
            }
        }

        private static func matches(_ rule: Rule, _ action: AuthorizationRequest.Action) -> Bool {
            switch action {
            case .publish(let topic, let qos, let isRetained), .will(let topic, let qos, let isRetained):
                guard rule.action != .subscribe, rule.qos.isEmpty || rule.qos.contains(qos.rawValue) else {
                    return false
                }
                if let wanted = rule.isRetained, wanted != isRetained { return false }
                return switch rule.topic {
                case .filter(let filter): filter.matches(topic: topic)
                case .literal(let text): text.utf8.elementsEqual(topic.utf8)
                case .hostile: true
                case .nothing: false
                }
            case .subscribe(let requested, let options):
                guard rule.action != .publish else { return false }
                guard rule.qos.isEmpty || rule.qos.contains(options.qos.rawValue) else { return false }
                return switch rule.topic {
                // Allowed is what lies wholly within; denied is what would bring a single message from it.
                case .filter(let filter): rule.isAllowed ? filter.covers(requested) : filter.intersects(requested)
                case .literal(let text):
                    text.utf8.elementsEqual(requested.filter.utf8) || text.utf8.elementsEqual(requested.text.utf8)
                case .hostile: true
                case .nothing: false
                }
            }
        }
    }
#endif
