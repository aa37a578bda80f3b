//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    @testable import AccessControl
    import BrokerCore
    import MQTTCodec
    import NIOCore
    import Testing

    /// What a token's `acl` claim lets its client do.
    @Suite struct JWTAccessListTests {
        /// A client that has been let in with this claim.
        private func access(_ acl: String?, _ guest: Guest) async throws -> JWTAccess {
            var settings = JWTSettings()
            settings.secret = TokenMint.secret
            let access = try await JWTAccess(settings, now: { TokenMint.now })
            var guest = guest
            guest.password = ByteBuffer(string: TokenMint.hs256(TokenMint.claims(acl.map { #""acl":\#($0)"# } ?? "")))
            try #require(await access.authenticate(guest.authentication()).value.text == "accept")
            access.connected(guest.info)
            return access
        }

        private func check(
            _ acl: String?,
            _ guest: Guest = Guest(),
            publish: [(String, String)] = [],
            subscribe: [(String, String)] = []
        ) async throws {
            let access = try await self.access(acl, guest)
            for (topic, text) in publish {
                #expect(access.authorize(guest.publishing(topic)).known?.text == text, "publish \(topic)")
            }
            for (filter, text) in subscribe {
                #expect(try access.authorize(guest.subscribing(filter)).known?.text == text, "subscribe \(filter)")
            }
        }

        @Test func withoutAClaimOthersDecide() async throws {
            try await self.check(nil, publish: [("a", "pass")], subscribe: [("#", "pass")])
        }

        @Test func messagesThatWaitedForAnotherToken() async throws {
            let guest = Guest()
            func received(_ acl: String?, _ topic: String) async throws -> Bool? {
                let message = try Message(topic: topic, payload: .init(), qos: .atLeastOnce)
                return try await self.access(acl, guest).mayReceive(message, client: guest.info)
            }
            #expect(try await received(nil, "a/x") == nil)
            let map = #"{"pub":["a/x"],"sub":["b/#","eq c/+"]}"#
            for (topic, expected) in [("a/x", false), ("b", true), ("b/x", true), ("c/x", true), ("c/x/y", false)] {
                #expect(try await received(map, topic) == expected, "\(topic)")
            }
            // What is said of the subscription itself was asked when the client subscribed.
            let list = """
                [{"permission":"deny","action":"subscribe","topic":"a/secret"},
                 {"permission":"deny","action":"publish","topic":"a/#"},
                 {"permission":"deny","action":"subscribe","topic":"a/1","qos":2},
                 {"permission":"deny","action":"subscribe","topic":"eq a/2"},
                 {"permission":"allow","action":"all","topic":"a/#","qos":[0,1]}]
                """
            for (topic, expected) in [("a/secret", false), ("a/1", true), ("a/2", true), ("a/3", true), ("b", false)] {
                #expect(try await received(list, topic) == expected, "\(topic)")
            }
        }

        @Test func emptyClaimAllowsNothing() async throws {
            for acl in ["{}", "[]", #"{"pub":[]}"#, ##"{"other":["#"]}"##] {
                try await self.check(acl, publish: [("a", "deny 0x87")], subscribe: [("a", "deny 0x87")])
            }
        }

        @Test func map() async throws {
            try await self.check(
                #"{"pub":["a/+","x"],"sub":["b/#","eq c/+"],"all":["d"]}"#,
                publish: [
                    ("a/1", "allow"), ("a/1/2", "deny 0x87"), ("x", "allow"), ("b/1", "deny 0x87"), ("d", "allow"),
                    ("c/1", "deny 0x87"),
                ],
                subscribe: [
                    ("b/#", "allow"), ("b/+/c", "allow"), ("b", "allow"), ("#", "deny 0x87"), ("+/#", "deny 0x87"),
                    ("a/1", "deny 0x87"), ("d", "allow"), ("c/+", "allow"), ("c/1", "deny 0x87"), ("c/#", "deny 0x87"),
                    ("$share/g/b/1", "allow"), ("$share/g/#", "deny 0x87"),
                ]
            )
        }

        @Test func systemTopicsAreNotWithinWildcards() async throws {
            try await self.check(
                ##"{"all":["#"]}"##,
                publish: [("a", "allow"), ("$SYS/x", "deny 0x87")],
                subscribe: [("#", "allow"), ("$SYS/#", "deny 0x87"), ("+/a", "allow")]
            )
        }

        @Test func listFirstMatchDecides() async throws {
            try await self.check(
                """
                [
                    {"permission":"deny","action":"all","topic":"secret/#"},
                    {"permission":"allow","action":"publish","topic":"secret/mine"},
                    {"permission":"deny","action":"subscribe","topic":"eq #"},
                    {"permission":"allow","action":"publish","topics":["up/1","up/2"],"qos":[0,1],"retain":false},
                    {"permission":"allow","action":"subscribe","topic":"#","qos":0,"retain":"all"}
                ]
                """,
                publish: [
                    ("secret/mine", "deny 0x87"), ("secret", "deny 0x87"), ("up/1", "allow"), ("up/2", "allow"),
                    ("up/3", "deny 0x87"),
                ],
                // What would bring a single message of `secret/#` is denied.
                subscribe: [
                    ("#", "deny 0x87"), ("secret/x", "deny 0x87"), ("+/x", "deny 0x87"), ("a/#", "allow"),
                    ("+", "deny 0x87"), ("a", "allow"),
                ]
            )
        }

        @Test func conditionsOfARule() async throws {
            let guest = Guest()
            let access = try await self.access(
                #"[{"permission":"allow","action":"all","topic":"a","qos":[1,2],"retain":true}]"#,
                guest
            )
            for (qos, isRetained, text) in [
                (QoS.atLeastOnce, true, "allow"), (.exactlyOnce, true, "allow"), (.atMostOnce, true, "deny 0x87"),
                (.atLeastOnce, false, "deny 0x87"),
            ] {
                let request = guest.publishing("a", qos: qos, isRetained: isRetained)
                #expect(access.authorize(request).known?.text == text)
            }
            #expect(try access.authorize(guest.subscribing("a", qos: .atLeastOnce)).known?.text == "allow")
            #expect(try access.authorize(guest.subscribing("a")).known?.text == "deny 0x87")
        }

        @Test func placeholders() async throws {
            let acl = #"{"all":["c/${clientid}/#","u/%u","%c"]}"#
            try await self.check(
                acl,
                publish: [
                    ("c/sensor-7/x", "allow"), ("u/anna", "allow"), ("sensor-7", "allow"), ("c/sensor-8", "deny 0x87"),
                    ("u/bert", "deny 0x87"), ("c/${clientid}/x", "deny 0x87"),
                ],
                subscribe: [("c/sensor-7/#", "allow"), ("c/+/#", "deny 0x87"), ("u/+", "deny 0x87")]
            )
            // No name, no match.
            try await self.check(acl, Guest(userName: nil), publish: [("u/anna", "deny 0x87"), ("u/", "deny 0x87")])
        }

        @Test(arguments: ["+", "#", "a/b", "/", "a\0", "$SYS"])
        func namesNeverWidenAFilter(_ name: String) async throws {
            try await self.check(
                #"{"all":["${clientid}/x","%c"]}"#,
                Guest(clientIdentifier: name),
                publish: [("any/x", "deny 0x87"), ("\(name)/x", "deny 0x87")],
                subscribe: [("+/x", "deny 0x87"), ("#", "deny 0x87"), ("$SYS/x", "deny 0x87")]
            )
            // What a rule denies to each other name, it denies to this one everywhere.
            try await self.check(
                #"[{"permission":"deny","action":"all","topic":"${clientid}/x"},"#
                    + ##"{"permission":"allow","action":"all","topic":"#"}]"##,
                Guest(clientIdentifier: name),
                publish: [("any/x", "deny 0x87"), ("other", "deny 0x87")],
                subscribe: [("a", "deny 0x87")]
            )
        }

        @Test(arguments: [
            "null", "7", #""a""#, #"{"pub":"a"}"#, #"{"pub":[7]}"#, #"{"pub":["a/#/b"]}"#, #"{"pub":[""]}"#,
            #"{"pub":["eq "]}"#, #"[{"permission":"maybe","action":"all","topic":"a"}]"#,
            #"[{"permission":"allow","action":"fly","topic":"a"}]"#, #"[{"permission":"allow","action":"all"}]"#,
            #"[{"permission":"allow","action":"all","topic":"a","qos":3}]"#,
            #"[{"permission":"allow","action":"all","topic":"a","qos":[]}]"#,
            #"[{"permission":"allow","action":"all","topic":"a","qos":"1"}]"#,
            #"[{"permission":"allow","action":"all","topic":"a","retain":1}]"#,
            #"[{"permission":"allow","action":"all","topic":"a","ipaddr":"10.0.0.0/8"}]"#, #"["a"]"#, "[[]]",
        ])
        func claimThatIsNotUnderstoodLetsNobodyIn(_ acl: String) async throws {
            var settings = JWTSettings()
            settings.secret = TokenMint.secret
            let access = try await JWTAccess(settings, now: { TokenMint.now }) {
                #expect($0 == .refused(clientIdentifier: "sensor-7", .access))
            }
            let token = TokenMint.hs256(TokenMint.claims(#""acl":\#(acl)"#))
            let guest = Guest(password: ByteBuffer(string: token))
            #expect(await access.authenticate(guest.authentication()).value.text == "refuse 0x86")
        }

        @Test func tooManyRules() async throws {
            var settings = JWTSettings()
            settings.secret = TokenMint.secret
            settings.maximumTokenSize = 65_535
            let access = try await JWTAccess(settings, now: { TokenMint.now })
            for (count, text) in [(1024, "accept"), (1025, "refuse 0x86")] {
                let topics = Array(repeating: #""a""#, count: count).joined(separator: ",")
                for acl in [
                    #"{"pub":[\#(topics)]}"#, #"[{"permission":"allow","action":"all","topics":[\#(topics)]}]"#,
                ] {
                    let token = TokenMint.hs256(TokenMint.claims(#""acl":\#(acl)"#))
                    let guest = Guest(password: ByteBuffer(string: token))
                    #expect(await access.authenticate(guest.authentication()).value.text == text)
                }
            }
        }

        // MARK: Filters

        /// All filters and topics of up to three levels over a small alphabet.
        private static func texts(_ levels: [String]) -> [String] {
            var all = levels
            var longest = levels
            for _ in 0..<2 {
                longest = longest.flatMap { front in levels.map { "\(front)/\($0)" } }
                all += longest
            }
            return all
        }

        @Test func relationsOfFiltersAgreeWithTheirTopics() {
            // Topics have a level more than filters, so that a `#` at the end of three levels has something to match.
            let short = Self.texts(["a", "b", "$s"])
            let topics = short + short.flatMap { front in ["a", "$s"].map { "\(front)/\($0)" } }
            let filters = Self.texts(["a", "+", "#", "$s"]).compactMap { try? TopicFilter($0) }
            let matches = filters.map { filter in topics.map { filter.matches(topic: $0) } }
            for (index, filter) in filters.enumerated() {
                for (otherIndex, other) in filters.enumerated() {
                    let pairs = zip(matches[index], matches[otherIndex])
                    if filter.covers(other) {
                        #expect(pairs.allSatisfy { $0 || !$1 }, "\(filter) covers \(other)")
                    } else if !filter.text.hasSuffix("+/#") {
                        // `+/#` and `#` are the same and written differently: seen from one side only.
                        #expect(pairs.contains { !$0 && $1 }, "\(filter) does not cover \(other)")
                    }
                    #expect(filter.intersects(other) == pairs.contains { $0 && $1 }, "\(filter) and \(other)")
                }
            }
        }
    }
#endif
