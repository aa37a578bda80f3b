//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore
import MQTTCodec

extension AccessControl {
    /// What a client may do.
    public func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
        let snapshot = self.snapshot
        let permission = snapshot.rules.flatMap { rules in
            let access = snapshot.access(of: request.client, rules)
            return switch request.action {
            case .publish(let topic, _, _), .will(let topic, _, _): rules.publish(topic, access)
            case .subscribe(let filter, _): rules.subscribe(filter, access)
            }
        }
        if permission == .deny { return .now(self.deny(request, snapshot, .notAuthorized)) }
        guard !snapshot.settings.departures.isEmpty else { return self.ask(permission, request, snapshot) }
        return Answer<AuthorizationVerdict>.firstOpinion(of: snapshot.settings.departures[...], else: .pass) {
            $0.authorize(request)
        } isOpinion: {
            switch $0 {
            case .deny, .disconnect, .unanswered: true
            case .pass, .allow: false
            }
        }
        .then { verdict in
            switch verdict {
            case .deny(let reason): .now(self.deny(request, snapshot, reason))
            case .disconnect, .unanswered: .now(verdict)
            case .pass, .allow: self.ask(permission, request, snapshot)
            }
        }
    }

    /// What the further authorizers say where nothing refuses, and else our rules.
    private func ask(
        _ permission: AccessRule.Permission?,
        _ request: AuthorizationRequest,
        _ snapshot: AccessSnapshot
    ) -> Answer<AuthorizationVerdict> {
        guard !snapshot.settings.authorizers.isEmpty else {
            return .now(self.verdict(permission, request, snapshot))
        }
        return Answer<AuthorizationVerdict>.firstOpinion(of: snapshot.settings.authorizers[...], else: .pass) {
            $0.authorize(request)
        } isOpinion: {
            if case .pass = $0 { false } else { true }
        }
        .then { verdict in
            switch verdict {
            case .pass: .now(self.verdict(permission, request, snapshot))
            case .deny(let reason): .now(self.deny(request, snapshot, reason))
            case .allow, .disconnect, .unanswered: .now(verdict)
            }
        }
    }

    /// What our rules say if nobody else has said anything.
    private func verdict(
        _ permission: AccessRule.Permission?,
        _ request: AuthorizationRequest,
        _ snapshot: AccessSnapshot
    ) -> AuthorizationVerdict {
        switch (permission, snapshot.settings.noMatch) {
        case (.allow, _): .allow
        case (nil, .allow): .pass
        case (nil, .deny), (.deny, _): self.deny(request, snapshot, .notAuthorized)
        }
    }

    private func deny(
        _ request: AuthorizationRequest,
        _ snapshot: AccessSnapshot,
        _ reason: ReasonCode
    ) -> AuthorizationVerdict {
        self.onEvent(.denied(request.client, request.action))
        // A will is judged when its client has gone.
        if case .will = request.action { return .deny(reason) }
        return switch snapshot.settings.denyAction {
        case .ignore: .deny(reason)
        case .disconnect: .disconnect(reason)
        }
    }

    /// Whether a client may get a message that was kept for it: retained, or waiting. The same rules as for subscribing
    /// are asked about the message's topic, then the further authorizers. If nobody has an opinion, `noMatch` decides;
    /// but where an authorizer answers anew each time (``Authorizer/isLasting`` is false, as of a service that takes
    /// time), it was asked when the client subscribed, and the message of what it allowed may pass.
    public func mayReceive(_ message: Message, client: ClientInfo) -> Bool {
        let snapshot = self.snapshot
        let permission = snapshot.rules.flatMap { $0.receive(message.topic, snapshot.access(of: client, $0)) }
        if permission == .deny { return false }
        for departure in snapshot.settings.departures where departure.mayReceive(message, client: client) == false {
            return false
        }
        for authorizer in snapshot.settings.authorizers {
            if let may = authorizer.mayReceive(message, client: client) { return may }
        }
        return permission == .allow || snapshot.settings.noMatch == .allow
            || snapshot.settings.authorizers.contains { !$0.isLasting }
    }
}
