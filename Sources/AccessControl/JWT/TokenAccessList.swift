//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import MQTTCodec

    /// What a token says that its client may do: the `acl` claim in the two forms of EMQX.
    ///
    /// The map `{"pub": […], "sub": […], "all": […]}` lists what is allowed. The list `[{"permission": "allow",
    /// "action": "publish", "topic": "…"}]` may also deny; the first rule that matches decides. What neither mentions
    /// is denied.
    struct TokenAccessList: Decodable, Sendable {
        enum Action: String, Decodable, Sendable {
            case publish
            case subscribe
            case all
        }

        struct Rule: Sendable {
            let isAllowed: Bool
            let action: Action
            /// The QoS it is about; empty: each.
            let qos: [UInt8]
            /// nil: retained or not.
            let isRetained: Bool?
            let topic: TopicTemplate
        }

        private struct RuleForm: Decodable {
            enum Permission: String, Decodable {
                case allow
                case deny
            }

            struct AnyName: CodingKey {
                let stringValue: String
                var intValue: Int? { nil }
                init?(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }

            enum CodingKeys: String, CodingKey, CaseIterable {
                case permission, action, topic, topics, qos, retain
            }

            let rules: [Rule]

            init(from decoder: any Decoder) throws {
                // A condition that we do not know cannot be ignored: the rule would allow more than it says.
                for name in try decoder.container(keyedBy: AnyName.self).allKeys {
                    guard CodingKeys(stringValue: name.stringValue) != nil else { throw JWTFault.access }
                }
                let container = try decoder.container(keyedBy: CodingKeys.self)
                let permission = try container.decode(Permission.self, forKey: .permission)
                let action = try container.decode(Action.self, forKey: .action)
                var qos: [UInt8] = []
                if let one = try? container.decode(UInt8.self, forKey: .qos) {
                    qos = [one]
                } else if container.contains(.qos) {
                    qos = try container.decode([UInt8].self, forKey: .qos)
                    guard !qos.isEmpty else { throw JWTFault.access }
                }
                guard qos.allSatisfy({ $0 <= 2 }) else { throw JWTFault.access }
                var isRetained: Bool?
                if (try? container.decode(String.self, forKey: .retain)) != "all" {
                    isRetained = try container.decodeIfPresent(Bool.self, forKey: .retain)
                }
                var topics = try container.decodeIfPresent([String].self, forKey: .topics) ?? []
                if let topic = try container.decodeIfPresent(String.self, forKey: .topic) { topics.append(topic) }
                guard !topics.isEmpty else { throw JWTFault.access }
                self.rules = try topics.map {
                    Rule(
                        isAllowed: permission == .allow,
                        action: action,
                        qos: qos,
                        isRetained: isRetained,
                        topic: try TopicTemplate($0)
                    )
                }
            }
        }

        private enum CodingKeys: String, CodingKey {
            case publish = "pub"
            case subscribe = "sub"
            case all
        }

        /// More rules make each decision slow.
        static let maximumRules = 1024

        let rules: [Rule]

        init(from decoder: any Decoder) throws {
            var rules: [Rule] = []
            if let forms = try? decoder.unkeyedContainer() {
                var forms = forms
                while !forms.isAtEnd {
                    rules += try forms.decode(RuleForm.self).rules
                    guard rules.count <= Self.maximumRules else { throw JWTFault.access }
                }
            } else {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                for (key, action) in [(CodingKeys.publish, Action.publish), (.subscribe, .subscribe), (.all, .all)] {
                    for topic in try container.decodeIfPresent([String].self, forKey: key) ?? [] {
                        rules.append(
                            Rule(
                                isAllowed: true,
                                action: action,
                                qos: [],
                                isRetained: nil,
                                topic: try TopicTemplate(topic)
                            )
                        )
                    }
                }
                guard rules.count <= Self.maximumRules else { throw JWTFault.access }
            }
            self.rules = rules
        }
    }
#endif
