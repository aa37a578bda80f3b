//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import Testing

@testable import AccessControl

/// Rules one by one, through the door that the broker uses.
@Suite struct AccessRuleTests {
    private func access(
        _ rules: [AccessRule],
        noMatch: AccessSettings.NoMatch = .deny,
        denyAction: AccessSettings.DenyAction = .ignore
    ) -> AccessControl {
        var settings = AccessSettings()
        settings.rules = rules
        settings.noMatch = noMatch
        settings.denyAction = denyAction
        return AccessControl(settings)
    }

    private func topics(_ texts: String...) throws -> [TopicPattern] { try texts.map { try TopicPattern($0) } }

    @Test func theFirstMatchDecides() async throws {
        let access = self.access([
            AccessRule(.deny, topics: try self.topics("a/secret")),
            AccessRule(.allow, topics: try self.topics("a/#")),
            AccessRule(.deny, topics: try self.topics("a/b")),
        ])
        let client = ClientInfo.test()
        #expect(await access.publish("a/secret", client) == .no(.notAuthorized))
        #expect(await access.publish("a/b", client) == .yes)
        #expect(await access.publish("a", client) == .yes)
        #expect(await access.publish("b", client) == .no(.notAuthorized))
    }

    @Test func withoutAMatchNoMatchDecides() async throws {
        let rules = [AccessRule(.deny, topics: try self.topics("a"))]
        let open = self.access(rules, noMatch: .allow)
        #expect(await open.publish("b", .test()) == .pass)
        #expect(await open.publish("a", .test()) == .no(.notAuthorized))
        let closed = self.access([], noMatch: .deny)
        #expect(await closed.publish("b", .test()) == .no(.notAuthorized))
        #expect(try await closed.subscribe("b", .test()) == .no(.notAuthorized))
    }

    @Test func rulesAreAboutActions() async throws {
        let access = self.access([
            AccessRule(.allow, .everyone, .publish, topics: try self.topics("up/#")),
            AccessRule(.allow, .everyone, .subscribe, topics: try self.topics("down/#")),
        ])
        #expect(await access.publish("up/1", .test()) == .yes)
        #expect(await access.publish("down/1", .test()) == .no(.notAuthorized))
        #expect(try await access.subscribe("down/1", .test()) == .yes)
        #expect(try await access.subscribe("up/1", .test()) == .no(.notAuthorized))
        #expect(await access.will("up/w", .test()) == .yes)
        #expect(await access.will("down/w", .test()) == .no(.notAuthorized))
    }

    @Test func denyActionDisconnectsButNotAWill() async throws {
        let access = self.access([], denyAction: .disconnect)
        #expect(await access.publish("a", .test()) == .out(.notAuthorized))
        #expect(try await access.subscribe("a", .test()) == .out(.notAuthorized))
        #expect(await access.will("a", .test()) == .no(.notAuthorized))
    }

    // MARK: Subjects

    static let network = AddressRange("10.1.0.0/16")

    static let subjects: [(AccessRule.Subject, ClientInfo, Bool)] = {
        guard let network = Self.network, let six = AddressRange("2001:db8::/32") else { return [] }
        let inside = ClientInfo.test("c", user: "u", host: "10.1.2.3")
        let outside = ClientInfo.test("c", user: "u", host: "10.2.0.1")
        return [
            (.everyone, .test(), true),
            (.userName("u"), .test("c", user: "u"), true),
            (.userName("u"), .test("c", user: "U"), false),
            (.userName("u"), .test("u", user: nil), false),
            (.userName("\u{E9}"), .test("c", user: "e\u{301}"), false),
            (.userName("#"), .test("c", user: "x"), true),
            (.userName("#"), .test("c", user: nil), true),
            (.userName("+"), .test("c", user: "x"), false),
            (.clientIdentifier("c"), .test("c"), true),
            (.clientIdentifier("c"), .test("cc"), false),
            (.clientIdentifier("#"), .test("c"), true),
            (.address(network), inside, true),
            (.address(network), outside, false),
            (.address(network), .test(host: "::ffff:10.1.9.9"), true),
            (.address(network), .test(host: "embedded"), false),
            (.address(six), .test(host: "2001:db8:1::7"), true),
            (.address(six), .test(host: "2001:db9::7"), false),
            (.all([.userName("u"), .address(network)]), inside, true),
            (.all([.userName("u"), .address(network)]), outside, false),
            (.all([.userName("#"), .clientIdentifier("c")]), inside, true),
            (.any([.userName("x"), .address(network)]), inside, true),
            (.any([.userName("x"), .address(network)]), outside, false),
            (.all([.any([.userName("x"), .userName("u")]), .clientIdentifier("c")]), outside, true),
            (.all([]), inside, true),
            (.any([]), inside, false),
        ]
    }()

    @Test func subjectsMatchTheirClients() async throws {
        #expect(Self.subjects.count == 25)
        for (index, (subject, client, isMatch)) in Self.subjects.enumerated() {
            let access = self.access([AccessRule(.allow, subject)])
            #expect(await access.publish("t", client) == (isMatch ? .yes : .no(.notAuthorized)), "row \(index)")
            let denial = self.access([AccessRule(.deny, subject)], noMatch: .allow)
            #expect(await denial.publish("t", client) == (isMatch ? .no(.notAuthorized) : .pass), "row \(index)")
        }
    }

    // MARK: Placeholders

    @Test func placeholdersStandForTheClientsOwnNames() async throws {
        let access = self.access([
            AccessRule(.allow, topics: try self.topics("d/${clientid}/#", "u-${username}.${clientid}", "${username}"))
        ])
        let client = ClientInfo.test("c1", user: "kim")
        for topic in ["d/c1", "d/c1/x/y", "u-kim.c1", "kim"] {
            #expect(await access.publish(topic, client) == .yes, "\(topic)")
            #expect(try await access.subscribe(topic, client) == .yes, "\(topic)")
        }
        for topic in ["d/c2/x", "d/c11", "d", "u-kim.c", "u-kim", "kim/x", "d/${clientid}/x"] {
            #expect(await access.publish(topic, client) == .no(.notAuthorized), "\(topic)")
        }
        #expect(try await access.subscribe("d/+/x", client) == .no(.notAuthorized))
        #expect(try await access.subscribe("d/c1/#", client) == .yes)
        // Remembered for one client, not for the next.
        #expect(await access.publish("d/c1/x", .test("c2", user: "kim")) == .no(.notAuthorized))
        #expect(await access.publish("kim", .test("c1", user: "tom")) == .no(.notAuthorized))
    }

    @Test(arguments: ["+", "#", "a/b", "a/#", "/", "x+", "\u{0}", "c\u{0}d"])
    func hostileNamesMatchNothingAndAreDeniedAll(_ name: String) async throws {
        for client in [ClientInfo.test(name, user: "ok"), .test("ok", user: name)] {
            let pattern = client.userName == "ok" ? "d/${clientid}/x" : "d/${username}/x"
            let allowing = self.access([AccessRule(.allow, topics: try self.topics(pattern))])
            for topic in ["d/a/b/x", "d/other/x", "d//x", "d/ok/x", "d"] {
                #expect(await allowing.publish(topic, client) == .no(.notAuthorized))
                #expect(try await allowing.subscribe(topic, client) == .no(.notAuthorized))
            }
            let denying = self.access(
                [AccessRule(.deny, topics: try self.topics(pattern)), AccessRule(.allow)],
                noMatch: .allow
            )
            #expect(await denying.publish("elsewhere", client) == .no(.notAuthorized))
            #expect(try await denying.subscribe("elsewhere", client) == .no(.notAuthorized))
            #expect(await denying.publish("elsewhere", .test("ok", user: "ok")) == .yes)
        }
    }

    @Test func aNameCannotOpenTheBrokersTopics() async throws {
        let access = self.access([AccessRule(.allow, topics: try self.topics("${clientid}/#", "x/${clientid}"))])
        let client = ClientInfo.test("$SYS")
        #expect(await access.publish("$SYS/brokers", client) == .no(.notAuthorized))
        #expect(try await access.subscribe("$SYS/#", client) == .no(.notAuthorized))
        #expect(await access.publish("x/$SYS", client) == .yes)
        let behindAnEmptyName = self.access([AccessRule(.allow, topics: try self.topics("${username}${clientid}/#"))])
        #expect(await behindAnEmptyName.publish("$SYS/x", .test("$SYS", user: "")) == .no(.notAuthorized))
        let denial = self.access(
            [AccessRule(.deny, topics: try self.topics("${username}${clientid}/#"))],
            noMatch: .allow
        )
        #expect(await denial.publish("other", .test("$SYS", user: "")) == .no(.notAuthorized))
    }

    @Test func withoutAUserNameItsRulesDoNotMatch() async throws {
        let topics = try self.topics("u/${username}", "u/")
        let access = self.access([AccessRule(.deny, topics: [topics[0]])], noMatch: .allow)
        #expect(await access.publish("u/", .test(user: nil)) == .pass)
        #expect(await access.publish("u/", .test(user: "")) == .no(.notAuthorized))
        let allowing = self.access([AccessRule(.allow, topics: [topics[0]])])
        #expect(await allowing.publish("u/", .test(user: nil)) == .no(.notAuthorized))
    }

    // MARK: Subscriptions

    @Test func allowingRulesHaveToCoverAFilter() async throws {
        let access = self.access([AccessRule(.allow, topics: try self.topics("a/#", "b/+"))])
        for filter in ["a", "a/#", "a/+/b", "$share/g/a/#", "b/+", "b/x", "$queue/b/+"] {
            #expect(try await access.subscribe(filter, .test()) == .yes, "\(filter)")
        }
        for filter in ["#", "+", "+/x", "b/#", "b", "$share/g/#", "$SYS/#"] {
            #expect(try await access.subscribe(filter, .test()) == .no(.notAuthorized), "\(filter)")
        }
    }

    @Test func denyingRulesMatchFiltersThatMeetTheirs() async throws {
        let access = self.access([
            AccessRule(.deny, topics: try self.topics("secret/#", "$SYS/#")), AccessRule(.allow),
        ])
        for filter in ["#", "+/x", "secret", "+", "secret/+", "$share/g/#", "$SYS/a", "$SYS/+/b"] {
            #expect(try await access.subscribe(filter, .test()) == .no(.notAuthorized), "\(filter)")
        }
        for filter in ["a/#", "a/+", "$other/#"] {
            #expect(try await access.subscribe(filter, .test()) == .yes, "\(filter)")
        }
        // Of `#`, the topics of the broker are no part.
        let usual = self.access([AccessRule(.deny, topics: try self.topics("$SYS/#")), AccessRule(.allow)])
        #expect(try await usual.subscribe("#", .test()) == .yes)
    }

    @Test func literalTopicsAreTexts() async throws {
        let access = self.access([
            AccessRule(.deny, topics: try self.topics("@#", "@a/+", "@plain", "@$share/g/b/#")),
            AccessRule(.allow),
        ])
        for filter in ["#", "$share/g/#", "a/+", "$queue/a/+", "plain", "$share/g/b/#"] {
            #expect(try await access.subscribe(filter, .test()) == .no(.notAuthorized), "\(filter)")
        }
        for filter in ["+", "+/#", "a/b", "a/#", "b/#", "$share/h/b/#"] {
            #expect(try await access.subscribe(filter, .test()) == .yes, "\(filter)")
        }
        #expect(await access.publish("plain", .test()) == .no(.notAuthorized))
        #expect(await access.publish("a/b", .test()) == .yes)
        let own = self.access([AccessRule(.allow, topics: try self.topics("@d/${clientid}/#"))])
        #expect(try await own.subscribe("d/c/#", .test("c")) == .yes)
        #expect(try await own.subscribe("d/c/x", .test("c")) == .no(.notAuthorized))
    }

    // MARK: Messages that waited

    private func message(_ topic: String) throws -> Message {
        try Message(topic: topic, payload: .init(), qos: .atMostOnce)
    }

    @Test func waitingMessagesAreJudgedByTopic() async throws {
        let access = self.access([
            AccessRule(.deny, .everyone, .subscribe, topics: try self.topics("secret/#", "@#")),
            AccessRule(.allow, .userName("ops"), .subscribe, topics: try self.topics("@ops/#", "@$share/g/jobs/+")),
            AccessRule(.allow, .everyone, .publish),
            AccessRule(.allow, .everyone, .subscribe, topics: try self.topics("open/${clientid}")),
        ])
        let client = ClientInfo.test("c", user: "ops")
        #expect(access.mayReceive(try self.message("open/c"), client: client))
        #expect(!access.mayReceive(try self.message("open/d"), client: client))
        #expect(!access.mayReceive(try self.message("secret/x"), client: client))
        #expect(!access.mayReceive(try self.message("other"), client: client))
        // Who may subscribe to exactly this filter gets what it brings.
        #expect(access.mayReceive(try self.message("ops/x"), client: client))
        #expect(access.mayReceive(try self.message("jobs/1"), client: client))
        #expect(!access.mayReceive(try self.message("ops/x"), client: .test("c")))
    }

    @Test func deniedActionsAreTold() async throws {
        let bench = AccessBench()
        var settings = AccessSettings()
        settings.noMatch = .deny
        let access = bench.access(settings)
        _ = await access.publish("a/b", .test("c9"))
        let events = bench.takeEvents()
        #expect(events.count == 1)
        guard case .denied(let client, .publish(let topic, _, _))? = events.first else {
            Issue.record("no denial was told")
            return
        }
        #expect(client.clientIdentifier == "c9" && topic == "a/b")
    }
}
