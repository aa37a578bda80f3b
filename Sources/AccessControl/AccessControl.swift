//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore
public import MQTTCodec
import Synchronization

/// Who may connect to the broker, and what they may do.
///
/// **Connecting.** The first of these that applies decides:
/// 1. An address that has failed too often is refused with 0x9F, without a look at what it brings.
/// 2. A client that asks for an authentication method is not ours to judge.
/// 3. A client whose connection proves its user name (certificate, shared key) has authenticated. A password it gives
///    as well is not looked at here.
/// 4. A client without user name and password is let in if `allowAnonymous` says so.
/// 5. A user in the list has authenticated if the password is right; otherwise it is refused with 0x86.
/// 6. Any other user goes on to the further authenticators, if there are any; if there are neither those nor users, it
///    is let in if `allowAnonymous` says so; otherwise it is refused with 0x86.
///
/// Then the further authenticators are asked in their order, whether the client has authenticated already or not; the
/// first with an opinion decides. If none has one, a client that has authenticated or was let in may come, and an
/// unknown user may not.
///
/// **Publishing and subscribing.** The first rule that matches is looked for. If it denies, that is final. Otherwise
/// the further authorizers are asked; the first with an opinion decides. If none has one, the rule decides, and if
/// there was none, `noMatch`.
///
/// ``AccessSettings/departures`` are asked before the further authorizers, and only for refusals.
///
/// The settings may be replaced at any time; the broker has then to be told to ask again about those who are there.
public final class AccessControl: BrokerExtension {
    private struct State {
        var snapshot: AccessSnapshot
        /// Whether anybody has been judged by it or by one before it.
        var isAsked = false
        /// These are not those it was made with.
        var isUpdated = false
    }

    private let current: Mutex<State>
    /// One update at a time; the clients go on with the old settings meanwhile.
    private let updating = Mutex<Void>(())
    let hashing: HashingQueue
    let failures: FailureCounter
    let admissions = Admissions()
    let onEvent: @Sendable (AccessEvent) -> Void

    /// - Parameters:
    ///   - settings: what holds at first
    ///   - hashingThreads: slow passwords that are checked at a time, on NIO's threads for work that blocks
    ///   - hashingQueue: slow passwords that may wait for that; further clients are refused with 0x89
    ///   - onEvent: hears of refusals, on event loops and other threads; it may not block
    public convenience init(
        _ settings: AccessSettings,
        hashingThreads: Int = 1,
        hashingQueue: Int = 256,
        onEvent: @escaping @Sendable (AccessEvent) -> Void = { _ in }
    ) {
        let start = ContinuousClock.now
        self.init(
            settings,
            hashing: HashingQueue(concurrency: hashingThreads, capacity: hashingQueue),
            clock: {
                let (seconds, attoseconds) = (ContinuousClock.now - start).components
                return MonotonicTime(milliseconds: seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000)
            },
            onEvent: onEvent
        )
    }

    init(
        _ settings: AccessSettings,
        hashing: HashingQueue,
        clock: @escaping @Sendable () -> MonotonicTime,
        onEvent: @escaping @Sendable (AccessEvent) -> Void = { _ in }
    ) {
        self.current = Mutex(State(snapshot: AccessSnapshot(settings)))
        self.hashing = hashing
        self.failures = FailureCounter(clock: clock)
        self.onEvent = onEvent
    }

    /// What holds now.
    var snapshot: AccessSnapshot { self.current.withLock { $0.snapshot } }

    /// What holds now, for a client that wants to come in.
    var snapshotToJudge: AccessSnapshot {
        self.current.withLock { state in
            state.isAsked = true
            return state.snapshot
        }
    }

    /// The settings that hold now.
    public var settings: AccessSettings { self.snapshot.settings }

    /// Replaces the settings. All that was remembered of decisions and passwords is forgotten; the failures of
    /// addresses are not. The broker has to be told, so that those who are connected are judged again.
    public func update(_ settings: AccessSettings) {
        self.updating.withLock { _ in
            var isDone = false
            while !isDone {
                let (before, isAsked, isUpdated) = self.current.withLock { ($0.snapshot, $0.isAsked, $0.isUpdated) }
                // Where nobody can have come yet, these are the first settings.
                let isFirst = !isAsked && !isUpdated && before.interests.contains(.authentication)
                let next = AccessSnapshot(settings, after: isFirst ? nil : before)
                // Somebody may be judged meanwhile; that happens once.
                isDone = self.current.withLock { state in
                    guard state.isAsked == isAsked else { return false }
                    state.snapshot = next
                    state.isUpdated = true
                    return true
                }
            }
        }
    }

    // MARK: BrokerExtension

    /// What the settings need; nothing if all is open. It changes with them.
    public var interests: ExtensionInterests {
        var interests = self.snapshot.interests
        // What is noted of a client is kept until it goes.
        if self.admissions.count > 0 { interests.insert(.clients) }
        return interests
    }

    /// Whether the broker may remember decisions until the settings are replaced.
    public var isAuthorizationLasting: Bool {
        let settings = self.settings
        return settings.authorizers.allSatisfy(\.isLasting) && settings.departures.allSatisfy { $0.isLasting }
    }

    /// Tells the further authenticators.
    public func connected(_ client: ClientInfo, sessionPresent: Bool) {
        let settings = self.snapshot.settings
        self.admissions.connect(client)
        for authenticator in settings.authenticators { authenticator.connected(client) }
        for departure in settings.departures { departure.connected(client) }
    }

    /// Forgets what was remembered of the client.
    public func disconnected(_ client: ClientInfo, reason: ReasonCode) {
        let snapshot = self.snapshot
        snapshot.cache.forget(client)
        self.admissions.forget(client)
        for authenticator in snapshot.settings.authenticators { authenticator.forget(client) }
        // One call is enough for those of both roles.
        for authorizer in snapshot.settings.authorizers where !(authorizer is any Authenticator) {
            authorizer.forget(client)
        }
        for departure in snapshot.settings.departures { (departure as any Authenticator).forget(client) }
    }
}
