//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import Synchronization
import Testing

@testable import AccessControl

/// Who is let in, and in what order it is asked.
@Suite struct AuthenticationTests {
    /// Answers what it is told to.
    final class Way: Authenticator {
        let verdict: AuthenticationVerdict
        let stay: Bool?
        let isSlow: Bool
        let guesses: Set<ReasonCode>
        let judgesEverybody: Bool
        let asked = Mutex(0)

        init(
            _ verdict: AuthenticationVerdict,
            stay: Bool? = nil,
            isSlow: Bool = false,
            guesses: Set<ReasonCode> = [.badUserNameOrPassword, .notAuthorized],
            judgesEverybody: Bool = false
        ) {
            self.verdict = verdict
            self.stay = stay
            self.isSlow = isSlow
            self.guesses = guesses
            self.judgesEverybody = judgesEverybody
        }

        func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
            self.asked.withLock { $0 += 1 }
            let verdict = self.verdict
            return self.isSlow ? .later { verdict } : .now(verdict)
        }

        func mayStay(_ client: ClientInfo) -> Answer<Bool?> {
            let stay = self.stay
            return self.isSlow ? .later { stay } : .now(stay)
        }
    }

    static func settings(
        anonymous: Bool = false,
        users: [String: String] = [:],
        hashed: [String: String] = [:],
        ways: [any Authenticator] = []
    ) throws -> AccessSettings {
        var settings = AccessSettings()
        settings.allowAnonymous = anonymous
        for (name, password) in users { settings.users[name] = try PasswordRecord(plain: password) }
        for (name, password) in hashed {
            settings.users[name] = PasswordRecord(PasswordHash.make(Array(password.utf8), iterations: 2))
        }
        settings.authenticators = ways
        return settings
    }

    static let wrong = Word.no(.badUserNameOrPassword)
    static let proven = ConnectionOrigin(transport: .tls, listener: "tls", userName: "device")

    /// Settings without further ways: anonymous allowed, users; then user, password, verdict.
    static let local: [(Bool, Bool, String?, String?, Word)] = [
        // Nothing to check against.
        (true, false, nil, nil, .pass),
        (true, false, "u", "p", .pass),
        (true, false, "u", nil, .pass),
        (false, false, nil, nil, .no(.notAuthorized)),
        (false, false, "u", "p", Self.wrong),
        (false, false, nil, "p", Self.wrong),
        // Users: what is given is checked, whether anonymous clients are allowed or not.
        (true, true, nil, nil, .pass),
        (false, true, nil, nil, .no(.notAuthorized)),
        (true, true, "u", "p", .yes),
        (false, true, "u", "p", .yes),
        (true, true, "u", "q", Self.wrong),
        (false, true, "u", "q", Self.wrong),
        (true, true, "u", nil, Self.wrong),
        (true, true, "u", "", Self.wrong),
        (true, true, "x", "p", Self.wrong),
        (true, true, "x", nil, Self.wrong),
        (true, true, "", "", Self.wrong),
        (true, true, nil, "p", Self.wrong),
        (true, true, "U", "p", Self.wrong),
    ]

    @Test(arguments: [false, true])
    func localUsers(isHashed: Bool) async throws {
        for (index, (anonymous, hasUsers, user, password, expected)) in Self.local.enumerated() {
            let users = hasUsers ? ["u": "p"] : [:]
            let settings = try Self.settings(
                anonymous: anonymous,
                users: isHashed ? [:] : users,
                hashed: isHashed ? users : [:]
            )
            let access = AccessBench().access(settings)
            #expect(await access.connect(.test(user: user), password: password) == expected, "row \(index)")
        }
    }

    @Test func usersAreBytes() async throws {
        let access = AccessBench().access(try Self.settings(users: ["\u{E9}": "p"]))
        #expect(await access.connect(.test(user: "\u{E9}"), password: "p") == .yes)
        #expect(await access.connect(.test(user: "e\u{301}"), password: "p") == Self.wrong)
    }

    @Test func aConnectionThatProvesItsUserNeedsNoPassword() async throws {
        for users in [[:], ["device": "p"]] {
            let access = AccessBench().access(try Self.settings(users: users))
            #expect(await access.connect(.test(origin: Self.proven)) == .yes)
            #expect(await access.connect(.test(origin: Self.proven), password: "other") == .yes)
        }
    }

    @Test func anAuthenticationMethodIsForOthers() async throws {
        let access = AccessBench().access(try Self.settings(users: ["u": "p"]))
        let request = AuthenticationRequest.test(.test(user: "u"), password: "p", method: "SCRAM")
        #expect(Word(await access.authenticate(request).value()) == .pass)
    }

    /// Users u:p, and one further way; then anonymous allowed, what the way says, user, password, verdict, whether the
    /// way is asked.
    static let further: [(Bool, AuthenticationVerdict, String?, String?, Word, Bool)] = [
        (false, .accept(), "x", "t", .yes, true),
        (false, .refuse(.notAuthorized), "x", "t", .no(.notAuthorized), true),
        (false, .pass, "x", "t", Self.wrong, true),
        (true, .pass, "x", "t", Self.wrong, true),
        (false, .accept(), nil, "token", .yes, true),
        // A user in the list is first of all one of the list.
        (false, .accept(), "u", "q", Self.wrong, false),
        (false, .pass, "u", "p", .yes, true),
        (false, .accept(), "u", "p", .yes, true),
        (false, .refuse(.notAuthorized), "u", "p", .no(.notAuthorized), true),
        // Anonymous clients are judged too, if they may come at all.
        (false, .accept(), nil, nil, .no(.notAuthorized), false),
        (true, .accept(), nil, nil, .yes, true),
        (true, .pass, nil, nil, .pass, true),
        (true, .refuse(.notAuthorized), nil, nil, .no(.notAuthorized), true),
    ]

    @Test(arguments: [false, true])
    func furtherWays(isSlow: Bool) async throws {
        for (index, (anonymous, verdict, user, password, expected, isAsked)) in Self.further.enumerated() {
            let way = Way(verdict, isSlow: isSlow)
            let settings = try Self.settings(anonymous: anonymous, users: ["u": "p"], ways: [way])
            let access = AccessBench().access(settings)
            #expect(await access.connect(.test(user: user), password: password) == expected, "row \(index)")
            #expect(way.asked.withLock { $0 } == (isAsked ? 1 : 0), "row \(index)")
        }
    }

    @Test(arguments: [false, true])
    func theFirstWayWithAnOpinionDecides(isSlow: Bool) async throws {
        let ways = [Way(.pass, isSlow: isSlow), Way(.refuse(.banned), isSlow: isSlow), Way(.accept())]
        let access = AccessBench().access(try Self.settings(ways: ways))
        #expect(await access.connect(.test(user: "x"), password: "t") == .no(.banned))
        #expect(ways.map { $0.asked.withLock { $0 } } == [1, 1, 0])
    }

    // MARK: Work

    @Test func plainPasswordsAreAnsweredAtOnceAndHashedOnesOffTheLoop() throws {
        let plain = AccessBench().access(try Self.settings(users: ["u": "p"]))
        #expect(plain.authenticate(.test(.test(user: "u"), password: "p")).isNow)
        #expect(plain.authenticate(.test(.test(user: "x"), password: "p")).isNow)
        let hashed = AccessBench().access(try Self.settings(hashed: ["u": "p"]))
        #expect(!hashed.authenticate(.test(.test(user: "u"), password: "p")).isNow)
        #expect(!hashed.authenticate(.test(.test(user: "x"), password: "p")).isNow)
    }

    @Test func unknownUsersCostAsMuchAsKnownOnes() async throws {
        let bench = AccessBench()
        let access = bench.access(try Self.settings(hashed: ["u": "p"]))
        func hashes(_ user: String, _ password: String?) async -> Int {
            let before = bench.hashes.withLock { $0 }
            _ = await access.connect(.test(user: user), password: password)
            return bench.hashes.withLock { $0 } - before
        }
        #expect(await hashes("u", "wrong") == 1)
        #expect(await hashes("x", "wrong") == 1)
        #expect(await hashes("u", nil) == 0)
        #expect(await hashes("x", nil) == 0)
        // The right password, once it was found right, costs no hash; a wrong one still does.
        #expect(await hashes("u", "p") == 1)
        #expect(await hashes("u", "p") == 0)
        #expect(await hashes("u", "wrong") == 1)
        access.update(access.settings)
        #expect(await hashes("u", "p") == 1)
    }

    @Test func theDecoyIsTheSameForTheSameName() throws {
        let settings = try Self.settings(users: ["a": "p"], hashed: ["b": "p", "c": "p"])
        let snapshot = AccessSnapshot(settings)
        var slow = 0
        for number in 0..<300 {
            let first = try #require(snapshot.decoy(for: "x\(number)"))
            #expect(snapshot.decoy(for: "x\(number)") == first)
            if first.isSlow { slow += 1 }
        }
        #expect((150...250).contains(slow))
    }

    @Test func tooManyWaitingAreToldToComeAgain() async throws {
        let bench = AccessBench()
        let access = AccessControl(
            try Self.settings(hashed: ["u": "p"]),
            hashing: HashingQueue(concurrency: 1, capacity: 0) { _ in
                // While this one works there is no place for another.
                nil
            },
            clock: { MonotonicTime(milliseconds: 0) },
            onEvent: { _ in }
        )
        #expect(await access.connect(.test(user: "u"), password: "p") == .no(.serverBusy))
        #expect(await access.connect(.test(user: "x"), password: "p") == .no(.serverBusy))
        _ = bench
    }

    // MARK: Too many failures

    private func limited(_ settings: AccessSettings) -> AccessSettings {
        var settings = settings
        var limit = FailureLimit()
        limit.failures = 3
        settings.failureLimit = limit
        return settings
    }

    @Test func anAddressThatFailsTooOftenHasToWait() async throws {
        let bench = AccessBench()
        let access = bench.access(self.limited(try Self.settings(anonymous: true, hashed: ["u": "p"])))
        let client = ClientInfo.test(user: "u", host: "198.51.100.1")
        #expect(await access.connect(client, password: "1") == Self.wrong)
        #expect(await access.connect(.test(user: "nobody", host: "198.51.100.1"), password: "2") == Self.wrong)
        #expect(bench.takeEvents().count == 2)
        #expect(await access.connect(client, password: nil) == Self.wrong)
        let told = bench.takeEvents().contains {
            if case .blocked("198.51.100.1", .seconds(60)) = $0 { true } else { false }
        }
        #expect(told)
        // Now even the right password, without any work; and anonymous clients too.
        let hashes = bench.hashes.withLock { $0 }
        #expect(await access.connect(client, password: "p") == .no(.connectionRateExceeded))
        #expect(await access.connect(.test(host: "198.51.100.1")) == .no(.connectionRateExceeded))
        #expect(bench.hashes.withLock { $0 } == hashes)
        #expect(bench.takeRefusals() == [.blockedAddress, .blockedAddress])
        #expect(await access.connect(.test(user: "u", host: "198.51.100.2"), password: "p") == .yes)
        bench.advance(seconds: 60)
        #expect(await access.connect(client, password: "p") == .yes)
        // An update takes nothing back.
        for _ in 0..<3 { _ = await access.connect(client, password: "x") }
        access.update(access.settings)
        #expect(await access.connect(client, password: "p") == .no(.connectionRateExceeded))
    }

    @Test func attemptsThatWaitForTheirTurnAreNotHashedAnyMore() async throws {
        let bench = AccessBench()
        let access = bench.access(self.limited(try Self.settings(hashed: ["u": "p"])), queue: 1_000)
        let client = ClientInfo.test(user: "u")
        // All of them are past the first look when the first of them is hashed.
        let answers = (0..<100).map { access.authenticate(.test(client, password: "\($0)")) }
        var words: [Word] = []
        for answer in answers { words.append(Word(await answer.value())) }
        #expect(words.filter { $0 == Self.wrong }.count == 3)
        #expect(words.filter { $0 == .no(.connectionRateExceeded) }.count == 97)
    }

    @Test func whatIsNoGuessDoesNotCount() async throws {
        let bench = AccessBench()
        let settings = try Self.settings(users: ["u": "p"], ways: [Way(.refuse(.serverUnavailable))])
        let access = bench.access(self.limited(settings))
        for _ in 0..<10 {
            #expect(await access.connect(.test()) == .no(.notAuthorized))
            #expect(await access.connect(.test(user: "x"), password: "t") == .no(.serverUnavailable))
        }
        let guessed = bench.access(self.limited(try Self.settings(ways: [Way(.refuse(.notAuthorized))])))
        for _ in 0..<3 { #expect(await guessed.connect(.test(user: "x"), password: "t") == .no(.notAuthorized)) }
        #expect(await guessed.connect(.test(user: "x"), password: "t") == .no(.connectionRateExceeded))
    }

    @Test func aWaySaysWhichOfItsRefusalsAreGuesses() async throws {
        let ways = [Way(.pass), Way(.refuse(.notAuthorized), guesses: [.badUserNameOrPassword])]
        let access = AccessBench().access(self.limited(try Self.settings(ways: ways)))
        for _ in 0..<5 {
            #expect(await access.connect(.test(user: "x"), password: "t") == .no(.notAuthorized))
        }
    }

    // MARK: Interests

    @Test func wantsOnlyWhatTheSettingsNeed() throws {
        let access = AccessBench().access(AccessSettings())
        #expect(access.interests.isEmpty)
        #expect(access.isAuthorizationLasting)
        access.update(try Self.settings(anonymous: true, users: ["u": "p"]))
        #expect(access.interests == [.authentication, .clients])
        access.update(try Self.settings(anonymous: false))
        #expect(access.interests == [.authentication, .clients])
        var settings = AccessSettings()
        settings.rules = [AccessRule(.allow)]
        access.update(settings)
        #expect(access.interests == [.authorization, .clients])
        settings.rules = []
        settings.noMatch = .deny
        access.update(settings)
        #expect(access.interests == [.authorization, .clients])
    }
}
