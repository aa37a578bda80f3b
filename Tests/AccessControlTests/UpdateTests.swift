//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import Synchronization
import Testing

@testable import AccessControl

/// Settings that change while clients are connected, and further authorizers.
@Suite struct UpdateTests {
    private typealias Way = AuthenticationTests.Way

    private func settings(
        anonymous: Bool = false,
        users: [String: String] = [:],
        ways: [any Authenticator] = []
    ) throws -> AccessSettings {
        try AuthenticationTests.settings(anonymous: anonymous, users: users, ways: ways)
    }

    private func stays(_ access: AccessControl, _ client: ClientInfo) async -> Bool {
        await access.mayStay(client).value()
    }

    @Test func aUserStaysWhileItsPasswordIsTheSame() async throws {
        let access = AccessBench().access(try self.settings(users: ["u": "p", "v": "q"]))
        let (one, other) = (ClientInfo.test(user: "u", port: 1), ClientInfo.test(user: "v", port: 2))
        #expect(await access.connect(one, password: "p") == .yes)
        #expect(await access.connect(other, password: "q") == .yes)
        access.update(try self.settings(users: ["u": "p", "v": "new", "w": "r"]))
        #expect(await self.stays(access, one))
        #expect(await !self.stays(access, other))
        #expect(access.admissions.count == 0)

        // It comes again with the new password; then it stays, until that changes too.
        #expect(await access.connect(other, password: "new") == .yes)
        access.update(try self.settings(anonymous: true, users: ["u": "p", "v": "new"]))
        #expect(await self.stays(access, other))
        access.disconnected(other, reason: .success)
        #expect(access.admissions.count == 0)
        #expect(await !self.stays(access, other))
        access.update(try self.settings(users: ["v": "new"]))
        #expect(await !self.stays(access, one))
    }

    @Test func twoChangesInARowAreNotForgotten() async throws {
        let access = AccessBench().access(try self.settings(users: ["u": "p"]))
        let client = ClientInfo.test(user: "u")
        #expect(await access.connect(client, password: "p") == .yes)
        access.update(try self.settings(users: ["u": "new"]))
        access.update(try self.settings(users: ["u": "new", "v": "x"]))
        #expect(await !self.stays(access, client))
        // Removed and added again is a change too.
        let again = AccessBench().access(try self.settings(users: ["u": "p", "v": "x"]))
        #expect(await again.connect(client, password: "p") == .yes)
        again.update(try self.settings(users: ["v": "x"]))
        again.update(try self.settings(users: ["u": "p", "v": "x"]))
        #expect(await !self.stays(again, client))
    }

    @Test func othersStayIfTheyWouldBeLetIn() async throws {
        let (anonymous, user) = (ClientInfo.test(), ClientInfo.test(user: "x"))
        let proven = ClientInfo.test(origin: AuthenticationTests.proven)
        let access = AccessBench().access(try self.settings(anonymous: true))
        for client in [anonymous, user, proven] { #expect(await self.stays(access, client)) }
        access.update(try self.settings(anonymous: false))
        #expect(await !self.stays(access, anonymous))
        #expect(await !self.stays(access, user))
        #expect(await self.stays(access, proven))
        // Users appear: who came with any name before has to come again.
        access.update(try self.settings(anonymous: true, users: ["x": "p"]))
        #expect(await self.stays(access, anonymous))
        #expect(await !self.stays(access, user))
        #expect(await !self.stays(access, .test(user: "y")))
    }

    @Test(arguments: [false, true])
    func furtherWaysHaveTheirSay(isSlow: Bool) async throws {
        func access(_ stay: Bool?, anonymous: Bool = false, users: [String: String] = [:]) throws -> AccessControl {
            AccessBench().access(
                try self.settings(
                    anonymous: anonymous,
                    users: users,
                    ways: [Way(.pass, isSlow: isSlow), Way(.accept(), stay: stay, isSlow: isSlow)]
                )
            )
        }
        let user = ClientInfo.test(user: "x")
        #expect(await self.stays(try access(true), user))
        // Who is accepted by one of them stays as long as it is there.
        let accepted = try access(nil)
        #expect(await !self.stays(accepted, user))
        #expect(await accepted.connect(user, password: "t") == .yes)
        #expect(await self.stays(accepted, user))
        var settings = accepted.settings
        settings.allowAnonymous = true
        accepted.update(settings)
        #expect(await self.stays(accepted, user))
        settings.authenticators = [Way(.accept(), isSlow: isSlow)]
        accepted.update(settings)
        #expect(await !self.stays(accepted, user))
        #expect(await !self.stays(try access(false), user))
        #expect(await !self.stays(try access(false, users: ["x": "p"]), user))
        // Without a name: a token as the password.
        #expect(await self.stays(try access(true), .test()))
        #expect(await !self.stays(try access(nil), .test()))
        #expect(await self.stays(try access(nil, anonymous: true), .test()))
        // A user that was removed from the list needs somebody to speak for it.
        let removed = try access(nil, users: ["x": "p"])
        #expect(await removed.connect(user, password: "p") == .yes)
        removed.update(try self.settings(ways: [Way(.accept(), stay: nil, isSlow: isSlow)]))
        #expect(await !self.stays(removed, user))
        removed.update(try self.settings(ways: [Way(.accept(), stay: true, isSlow: isSlow)]))
        #expect(await self.stays(removed, user))
    }

    @Test func whoHasShownNothingGoes() async throws {
        let client = ClientInfo.test(user: "root")
        let access = AccessBench().access(try self.settings(anonymous: true))
        #expect(await access.connect(client, password: "junk") == .pass)
        access.update(try self.settings(ways: [Way(.pass)]))
        #expect(await !self.stays(access, client))
        access.update(try self.settings(anonymous: true, ways: [Way(.pass)]))
        #expect(await !self.stays(access, client))
    }

    @Test func whoHasComeBeforeAJudgeOfEverybodyGoes() async throws {
        let clients: [(ClientInfo, String?)] = [
            (.test(port: 1), nil), (.test(user: "u", port: 2), "p"),
            (.test(port: 3, origin: AuthenticationTests.proven), nil),
        ]
        let access = AccessBench().access(try self.settings(anonymous: true, users: ["u": "p"]))
        let judge = Way(.accept(), judgesEverybody: true)
        func connect() async {
            for (client, password) in clients {
                #expect(await access.connect(client, password: password) != .no(.banned))
            }
        }
        func staying() async -> [Bool] {
            var staying: [Bool] = []
            for (client, _) in clients { staying.append(await self.stays(access, client)) }
            return staying
        }
        await connect()
        access.update(try self.settings(anonymous: true, users: ["u": "p", "v": "q"]))
        #expect(await staying() == [true, true, true])
        access.update(try self.settings(anonymous: true, users: ["u": "p"], ways: [judge]))
        #expect(await staying() == [false, false, false])
        await connect()
        access.update(try self.settings(anonymous: true, users: ["u": "p", "v": "q"], ways: [judge]))
        #expect(await staying() == [true, true, true])
        // Anonymous clients are judged by it only if they may come at all.
        access.update(try self.settings(users: ["u": "p"], ways: [judge]))
        #expect(await staying() == [false, true, true])
        access.update(try self.settings(users: ["u": "p"], ways: [Way(.accept(), judgesEverybody: true)]))
        #expect(await staying() == [false, false, false])
        for (client, _) in clients { access.disconnected(client, reason: .success) }
        #expect(access.admissions.count == 0)
    }

    @Test func theFirstSettingsAreThoseThatHaveJudgedSomebody() async throws {
        let access = AccessBench().access(try self.settings())
        access.update(try self.settings(users: ["u": "p"]))
        let client = ClientInfo.test(user: "u")
        #expect(await access.connect(client, password: "p") == .yes)
        #expect(access.admissions.count == 0)
        access.update(try self.settings(users: ["u": "p", "v": "q"]))
        #expect(await self.stays(access, client))
        access.update(try self.settings(users: ["u": "new"]))
        #expect(await !self.stays(access, client))
    }

    @Test func whoWasLetInAndHasNotComeIsForgottenFirst() {
        let admissions = Admissions(capacity: 2)
        let note = Admissions.Note(means: .user(since: 1), generation: 1)
        let clients = (1...4).map { ClientInfo.test(user: "u", port: $0) }
        admissions.admit(clients[0], note)
        admissions.connect(clients[0])
        for client in clients[1...] { admissions.admit(client, note) }
        #expect(clients.map { admissions.note(of: $0) } == [note, nil, note, note])
        #expect(admissions.count == 3)
        admissions.connect(clients[1])
        admissions.connect(clients[2])
        admissions.forget(clients[0])
        #expect(clients.map { admissions.note(of: $0) } == [nil, nil, note, note])
        // Another client in the place of one that has not come.
        admissions.admit(clients[3], nil)
        #expect(admissions.count == 1)
    }

    // MARK: Departures

    private struct Departed: Authenticator, Authorizer {
        let stay: Bool?
        let verdict: AuthorizationVerdict
        let isLasting = true

        func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> { .now(.accept()) }
        func mayStay(_ client: ClientInfo) -> Answer<Bool?> {
            let stay = self.stay
            return .later { stay }
        }
        func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> { .now(self.verdict) }
        func mayReceive(_ message: Message, client: ClientInfo) -> Bool? { self.stay }
    }

    @Test func departuresOnlyRefuse() async throws {
        let client = ClientInfo.test(user: "x")
        let message = try Message(topic: "t", payload: .init(), qos: .atMostOnce)
        var settings = AccessSettings()
        settings.departures = [Departed(stay: true, verdict: .allow)]
        let access = AccessBench().access(settings)
        #expect(access.interests == [.authorization, .clients])
        #expect(await access.connect(client, password: "t") == .pass)
        #expect(await self.stays(access, client))
        #expect(await access.publish("t", client) == .pass)
        settings.departures.append(Departed(stay: false, verdict: .deny(.notAuthorized)))
        settings.rules = [AccessRule(.allow)]
        access.update(settings)
        #expect(await !self.stays(access, client))
        #expect(await access.publish("t", client) == .no(.notAuthorized))
        #expect(!access.mayReceive(message, client: client))
        // They let nobody in, keep nobody, and allow nothing.
        settings.departures = [Departed(stay: true, verdict: .allow)]
        settings.rules = []
        settings.noMatch = .deny
        settings.allowAnonymous = false
        access.update(settings)
        #expect(await access.connect(client, password: "t") == .no(.badUserNameOrPassword))
        #expect(await !self.stays(access, client))
        #expect(await access.publish("t", client) == .no(.notAuthorized))
        #expect(!access.mayReceive(message, client: client))
    }

    // MARK: Passwords that change

    @Test func aPasswordThatIsReplacedWhileItIsCheckedDoesNotLetIn() async throws {
        let hashes = Mutex(0)
        let box = Mutex<AccessControl?>(nil)
        let replacement = try AuthenticationTests.settings(hashed: ["u": "new"])
        let access = AccessControl(
            try AuthenticationTests.settings(hashed: ["u": "old"]),
            hashing: HashingQueue(concurrency: 1, capacity: 10) { job in
                let result = job()
                let isFirst = hashes.withLock { hashes in
                    hashes += 1
                    return hashes == 1
                }
                if isFirst { box.withLock { $0 }?.update(replacement) }
                return result
            },
            clock: { MonotonicTime(milliseconds: 0) }
        )
        box.withLock { $0 = access }
        #expect(await access.connect(.test(user: "u"), password: "old") == .no(.badUserNameOrPassword))
        #expect(hashes.withLock { $0 } == 2)
        #expect(await access.connect(.test(user: "u"), password: "new") == .yes)
        box.withLock { $0 = nil }
    }

    @Test func settingsThatNeverRestEndInARefusal() async throws {
        let box = Mutex<AccessControl?>(nil)
        let settings = try AuthenticationTests.settings(hashed: ["u": "p"])
        let access = AccessControl(
            settings,
            hashing: HashingQueue(concurrency: 1, capacity: 10) { job in
                box.withLock { $0 }?.update(settings)
                return job()
            },
            clock: { MonotonicTime(milliseconds: 0) }
        )
        box.withLock { $0 = access }
        #expect(await access.connect(.test(user: "u"), password: "p") == .no(.serverBusy))
        box.withLock { $0 = nil }
    }

    // MARK: Rules

    @Test func anUpdateDropsDecisions() async throws {
        var settings = AccessSettings()
        settings.rules = [AccessRule(.allow, topics: [try TopicPattern("a")])]
        settings.noMatch = .deny
        let access = AccessBench().access(settings)
        let client = ClientInfo.test()
        #expect(await access.publish("a", client) == .yes)
        #expect(access.snapshot.cache.count == 1)
        settings.rules = [AccessRule(.allow, topics: [try TopicPattern("b")])]
        access.update(settings)
        #expect(access.snapshot.cache.count == 0)
        #expect(await access.publish("a", client) == .no(.notAuthorized))
        #expect(await access.publish("b", client) == .yes)
        access.disconnected(client, reason: .success)
        #expect(access.snapshot.cache.count == 0)
    }

    // MARK: Authorizers

    private final class Judge: Authorizer {
        let verdict: AuthorizationVerdict
        let receives: Bool?
        let isLasting: Bool
        let isSlow: Bool
        let asked = Mutex(0)
        let forgotten = Mutex<[String]>([])

        init(_ verdict: AuthorizationVerdict, receives: Bool? = nil, isLasting: Bool = true, isSlow: Bool = false) {
            self.verdict = verdict
            self.receives = receives
            self.isLasting = isLasting
            self.isSlow = isSlow
        }

        func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
            self.asked.withLock { $0 += 1 }
            let verdict = self.verdict
            return self.isSlow ? .later { verdict } : .now(verdict)
        }

        func mayReceive(_ message: Message, client: ClientInfo) -> Bool? { self.receives }
        func forget(_ client: ClientInfo) { self.forgotten.withLock { $0.append(client.clientIdentifier) } }
    }

    /// Rule (nil: none matches), noMatch, what the judge says, verdict, whether the judge is asked.
    private static let verdicts: [(AccessRule.Permission?, AccessSettings.NoMatch, AuthorizationVerdict, Word, Bool)] =
        [
            (.deny, .allow, .allow, .no(.notAuthorized), false),
            (.allow, .deny, .deny(.quotaExceeded), .no(.quotaExceeded), true),
            (.allow, .deny, .pass, .yes, true),
            (nil, .deny, .allow, .yes, true),
            (nil, .deny, .pass, .no(.notAuthorized), true),
            (nil, .allow, .pass, .pass, true),
            (nil, .allow, .disconnect(.banned), .out(.banned), true),
        ]

    @Test(arguments: [false, true])
    func authorizersAreAskedBehindTheRules(isSlow: Bool) async throws {
        for (index, (permission, noMatch, verdict, expected, isAsked)) in Self.verdicts.enumerated() {
            let judge = Judge(verdict, isSlow: isSlow)
            var settings = AccessSettings()
            settings.rules = permission.map { [AccessRule($0)] } ?? []
            settings.noMatch = noMatch
            settings.authorizers = [judge]
            let access = AccessBench().access(settings)
            #expect(await access.publish("t", .test()) == expected, "row \(index)")
            #expect(judge.asked.withLock { $0 } == (isAsked ? 1 : 0), "row \(index)")
        }
    }

    @Test func authorizersJudgeWaitingMessages() throws {
        let message = try Message(topic: "t", payload: .init(), qos: .atMostOnce)
        for (permission, noMatch, receives, isLasting, expected) in [
            (AccessRule.Permission.deny, AccessSettings.NoMatch.allow, true, true, false),
            (.allow, .deny, false, true, false),
            (.allow, .deny, nil, true, true),
            // An authorizer without an opinion has not allowed anything; a service was asked at the subscription.
            (nil, .deny, nil, true, false),
            (nil, .deny, nil, false, true),
            (nil, .deny, true, true, true),
            (nil, .deny, false, false, false),
            (nil, .allow, nil, true, true),
            (nil, .allow, true, true, true),
        ] as [(AccessRule.Permission?, AccessSettings.NoMatch, Bool?, Bool, Bool)] {
            var settings = AccessSettings()
            settings.rules = permission.map { [AccessRule($0)] } ?? []
            settings.noMatch = noMatch
            settings.authorizers = [Judge(.pass, receives: receives, isLasting: isLasting)]
            #expect(AccessBench().access(settings).mayReceive(message, client: .test()) == expected)
        }
    }

    @Test func authorizersMakeAnswersPassAndHearOfTheEnd() throws {
        let judge = Judge(.allow, isLasting: false)
        var settings = AccessSettings()
        settings.authorizers = [judge]
        let access = AccessBench().access(settings)
        #expect(!access.isAuthorizationLasting)
        #expect(access.interests.contains(.authorization))
        access.disconnected(.test("c7"), reason: .success)
        #expect(judge.forgotten.withLock { $0 } == ["c7"])
    }
}
