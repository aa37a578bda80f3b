//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import Synchronization

/// The settings at one time, prepared; nothing of it changes but what it remembers.
final class AccessSnapshot: Sendable {
    /// A user, and since when its password is what it is.
    final class User: Sendable {
        let record: PasswordRecord
        /// The number of the update that brought this record; 0 if it is the only one there has been.
        let since: UInt64
        /// The mark of the password that was last found right, so that a client which comes again and again does not
        /// cost a slow hash each time.
        private let verified = Mutex<PasswordDigest?>(nil)

        init(record: PasswordRecord, since: UInt64) {
            self.record = record
            self.since = since
        }

        func isVerified(_ digest: PasswordDigest) -> Bool { self.verified.withLock { $0 == digest } }
        func noteVerified(_ digest: PasswordDigest) { self.verified.withLock { $0 = digest } }
    }

    /// A further authenticator, and since when it is asked.
    struct Way: Sendable {
        let authenticator: any Authenticator
        /// Tells it from all others there have been.
        let number: UInt64
        /// The number of the update that brought it; 0 if it has been there from the first.
        let since: UInt64
    }

    let settings: AccessSettings
    /// The number of the update that brought these settings; 0 for the first.
    let generation: UInt64
    let users: [UTF8String: User]
    /// The further authenticators, in the order in which they are asked.
    let ways: [Way]
    private let nextWayNumber: UInt64
    /// The number of the update that brought the newest authenticator which judges everybody; 0 if there is none, or
    /// if it has been there from the first.
    let newestJudge: UInt64
    /// Passwords to be checked for users that do not exist.
    private let decoys: [PasswordRecord]
    /// nil: there are no rules.
    let rules: AccessRuleSet?
    let cache: ClientAccessCache

    init(_ settings: AccessSettings, after previous: AccessSnapshot? = nil) {
        let generation = previous.map { $0.generation &+ 1 } ?? 0
        var users: [UTF8String: User] = [:]
        users.reserveCapacity(settings.users.count)
        for (name, record) in settings.users {
            let name = UTF8String(name)
            let known = previous?.users[name]
            let since = known?.record == record ? known?.since ?? generation : generation
            users[name] = User(record: record, since: since)
        }
        var earlierWays = previous?.ways ?? []
        var nextWayNumber = previous?.nextWayNumber ?? 0
        var ways: [Way] = []
        for authenticator in settings.authenticators {
            if let index = earlierWays.firstIndex(where: { authenticator.isSame(as: $0.authenticator) }) {
                let known = earlierWays.remove(at: index)
                ways.append(Way(authenticator: authenticator, number: known.number, since: known.since))
            } else {
                ways.append(Way(authenticator: authenticator, number: nextWayNumber, since: generation))
                nextWayNumber &+= 1
            }
        }

        self.settings = settings
        self.generation = generation
        self.users = users
        self.ways = ways
        self.nextWayNumber = nextWayNumber
        self.newestJudge = ways.filter { $0.authenticator.judgesEverybody }.map(\.since).max() ?? 0
        self.decoys = Array(settings.users.values)
        self.rules = settings.rules.isEmpty ? nil : AccessRuleSet(settings.rules)
        self.cache = ClientAccessCache()
    }

    /// Whether there is anything that a password could be checked against.
    var hasPasswordSource: Bool { self.hasUserList || !self.settings.authenticators.isEmpty }

    /// Whether user names are looked up in a list of ours.
    var hasUserList: Bool { self.settings.hasUserList || !self.users.isEmpty }

    /// The record of some user, for a user that does not exist: always the same for the same name, and as slow as those
    /// of the others, so that the time an answer takes does not tell who exists.
    func decoy(for userName: String) -> PasswordRecord? {
        guard !self.decoys.isEmpty else { return nil }
        return self.decoys[Int(UInt(bitPattern: UTF8String(userName).hashValue) % UInt(self.decoys.count))]
    }

    /// What the rules say of a client.
    func access(of client: ClientInfo, _ rules: AccessRuleSet) -> ClientAccess {
        self.cache.access(of: client) { rules.access(of: client) }
    }

    /// What there is to ask; nothing if all is open.
    var interests: ExtensionInterests {
        var interests: ExtensionInterests = []
        if !self.settings.allowAnonymous || self.hasPasswordSource { interests.insert(.authentication) }
        if self.rules != nil || self.settings.noMatch == .deny || !self.settings.authorizers.isEmpty
            || !self.settings.departures.isEmpty
        {
            interests.insert(.authorization)
        }
        if !interests.isEmpty { interests.insert(.clients) }
        return interests
    }
}
