//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// The broker's extensions in order, and what they want between them.
struct ExtensionChain: Sendable {
    let interests: ExtensionInterests
    /// Whether what they say about a client and an action holds until the rules change.
    let isAuthorizationLasting: Bool
    private let extensions: [(interests: ExtensionInterests, extension: any BrokerExtension)]
    // Found once, not for each message.
    private let authenticating: ArraySlice<any BrokerExtension>
    private let authorizing: ArraySlice<any BrokerExtension>
    private let publishing: ArraySlice<any BrokerExtension>
    /// Those who may have let a client in.
    private let admitting: ArraySlice<any BrokerExtension>

    init(_ extensions: [any BrokerExtension]) {
        let known = extensions.map { (interests: $0.interests, extension: $0) }
        let interested = { (interests: ExtensionInterests) in
            known.filter { !$0.interests.isDisjoint(with: interests) }.map(\.extension)[...]
        }
        self.extensions = known
        self.interests = known.reduce([]) { $0.union($1.interests) }
        self.authenticating = interested(.authentication)
        self.authorizing = interested(.authorization)
        self.publishing = interested(.publish)
        self.admitting = interested([.authentication, .authorization])
        self.isAuthorizationLasting = self.authorizing.allSatisfy(\.isAuthorizationLasting)
    }

    /// Tells those who want to hear of such events, in order.
    func notify(_ interest: ExtensionInterests, _ body: (any BrokerExtension) -> Void) {
        guard self.interests.contains(interest) else { return }
        for listener in self.extensions where listener.interests.contains(interest) { body(listener.extension) }
    }

    func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
        Self.firstOpinion(of: self.authenticating, else: .pass) {
            $0.authenticate(request)
        } isOpinion: {
            if case .pass = $0 { false } else { true }
        }
    }

    func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
        Self.firstOpinion(of: self.authorizing, else: .allow) {
            $0.authorize(request)
        } isOpinion: {
            if case .pass = $0 { false } else { true }
        }
    }

    func mayReceive(_ message: Message, client: ClientInfo) -> Bool {
        self.authorizing.allSatisfy { $0.mayReceive(message, client: client) }
    }

    /// Whether all those who may have let a client in let it stay.
    func mayStay(_ client: ClientInfo) -> Answer<Bool> {
        Self.firstOpinion(of: self.admitting, else: true) {
            $0.mayStay(client)
        } isOpinion: {
            !$0
        }
    }

    /// Asks one after the other until one has an opinion; from the first that needs time on, off the loop.
    private static func firstOpinion<Verdict: Sendable>(
        of extensions: ArraySlice<any BrokerExtension>,
        else none: Verdict,
        ask: @escaping @Sendable (any BrokerExtension) -> Answer<Verdict>,
        isOpinion: @escaping @Sendable (Verdict) -> Bool
    ) -> Answer<Verdict> {
        for index in extensions.indices {
            switch ask(extensions[index]) {
            case .now(let verdict):
                if isOpinion(verdict) { return .now(verdict) }
            case .later(let work):
                let rest = extensions[(index + 1)...]
                return .later {
                    let verdict = await work()
                    if isOpinion(verdict) { return verdict }
                    for following in rest {
                        let verdict =
                            switch ask(following) {
                            case .now(let verdict): verdict
                            case .later(let work): await work()
                            }
                        if isOpinion(verdict) { return verdict }
                    }
                    return none
                }
            }
        }
        return .now(none)
    }

    /// Hands the message from one to the next: each sees what those before it have made of it.
    func publish(_ message: Message, client: ClientInfo?) -> Answer<PublishVerdict> {
        Self.publish(message, message, client: client, through: self.publishing)
    }

    private static func publish(
        _ original: Message,
        _ message: Message,
        client: ClientInfo?,
        through extensions: ArraySlice<any BrokerExtension>
    ) -> Answer<PublishVerdict> {
        var message = message
        for index in extensions.indices {
            switch extensions[index].publish(message, client: client) {
            case .now(.pass): break
            case .now(.change(let changed)): message = changed
            case .now(.refuse(let reason)): return .now(.refuse(reason))
            case .later(let work):
                let (seen, rest) = (message, extensions[(index + 1)...])
                return .later {
                    let next: Message
                    switch await work() {
                    case .pass: next = seen
                    case .change(let changed): next = changed
                    case .refuse(let reason): return .refuse(reason)
                    }
                    switch Self.publish(original, next, client: client, through: rest) {
                    case .now(let verdict): return verdict
                    case .later(let more): return await more()
                    }
                }
            }
        }
        return .now(message === original ? .pass : .change(message))
    }
}
