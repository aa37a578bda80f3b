//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

// What the extensions make of a client's message: first whether it may publish it, then what becomes of it.
extension Shard {
    private struct Judgement {
        enum Outcome {
            case allow(Message)
            case refuse(ReasonCode)
            case disconnect(ReasonCode)
        }

        let outcome: Outcome
        /// What has been decided about its topic just now; nil: nothing, or nothing that could be remembered.
        var decision: PublishDecision?
        /// Whether it was authorization that refused it.
        var isDenied = false
    }

    /// A message of a client that somebody may have a say in, or that is kept.
    func publishWithCare(
        _ message: Message,
        _ header: PublishHeader,
        _ connection: Connection,
        _ session: Session
    ) {
        let (qos, packetIdentifier, client) = (header.qos, header.packetIdentifier, session.info)
        let generation = self.accessGeneration
        let answer = self.judge(message, client: client, connection)
        if case .later = answer, qos == .exactlyOnce {
            // Not routed yet: if the connection closes meanwhile, it has to be when it comes again.
            session.incomingExactlyOnce.remove(packetIdentifier)
        }
        let origin = session.address
        self.await(answer, for: connection) { judgement in
            // A client sends QoS 1 and 2 again, but nobody else knows of a message of QoS 0.
            if qos == .atMostOnce, case .allow(let message) = judgement.outcome {
                self.publish(message, origin: origin)
            }
        } then: { judgement in
            if let decision = judgement.decision {
                self.remember(decision, about: message, connection, generation: generation)
            }
            switch judgement.outcome {
            case .allow(let message):
                var publish = OutgoingPublish(message, origin: origin, now: self.now)
                guard qos == .atMostOnce || self.canStore(&publish, self.route(of: message), for: connection) else {
                    return self.refuseToStore(qos, packetIdentifier, connection, session)
                }
                if qos == .exactlyOnce { session.incomingExactlyOnce.insert(packetIdentifier) }
                let mark = self.journal.count
                let reason = self.publish(message, origin: origin, isDroppable: !connection.isVersion5)
                self.acknowledgePublish(qos, packetIdentifier, reason, connection, since: mark)
            case .refuse(let reason):
                if judgement.isDenied { self.log(.denied, .denied(client, .publish(topic: message.topic), reason)) }
                if qos == .exactlyOnce { session.incomingExactlyOnce.insert(packetIdentifier) }
                self.acknowledgePublish(qos, packetIdentifier, reason, connection)
            case .disconnect(let reason):
                self.log(.denied, .denied(client, .publish(topic: message.topic), reason))
                self.metrics.publishesRefused += 1
                session.incomingExactlyOnce.remove(packetIdentifier)
                self.close(connection, reason, saying: reason)
            }
        }
    }

    private func judge(_ message: Message, client: ClientInfo, _ connection: Connection) -> Answer<Judgement> {
        guard self.hooks.contains(.authorization) else { return self.transform(message, client: client, nil) }
        switch self.remembered(about: message, connection) {
        case .allow: return self.transform(message, client: client, nil)
        case .deny(let reason): return .now(Judgement(outcome: .refuse(reason), isDenied: true))
        case nil: break
        }
        let request = AuthorizationRequest(
            client: client,
            action: .publish(topic: message.topic, qos: message.qos, isRetained: message.isRetained)
        )
        let transform = self.transformation(of: message, client: client)
        return self.extensions.authorize(request).flatMap { verdict in
            switch verdict {
            case .pass, .allow: transform(.allow)
            case .deny(let reason):
                .now(Judgement(outcome: .refuse(reason), decision: .deny(reason), isDenied: true))
            case .disconnect(let reason): .now(Judgement(outcome: .disconnect(reason)))
            case .unanswered: .now(Judgement(outcome: .refuse(.notAuthorized), isDenied: true))
            }
        }
    }

    private func transform(_ message: Message, client: ClientInfo, _ decision: PublishDecision?) -> Answer<Judgement> {
        self.transformation(of: message, client: client)(decision)
    }

    private func transformation(
        of message: Message,
        client: ClientInfo
    ) -> @Sendable (PublishDecision?) -> Answer<Judgement> {
        let extensions = self.extensions
        return { decision in
            guard extensions.interests.contains(.publish) else {
                return .now(Judgement(outcome: .allow(message), decision: decision))
            }
            return extensions.publish(message, client: client).map { verdict in
                switch verdict {
                case .pass: Judgement(outcome: .allow(message), decision: decision)
                case .change(let changed): Judgement(outcome: .allow(changed), decision: decision)
                case .refuse(let reason): Judgement(outcome: .refuse(reason), decision: decision)
                }
            }
        }
    }

    // MARK: What has been decided before

    private func remembered(about message: Message, _ connection: Connection) -> PublishDecision? {
        guard let decisions = connection.decisions else { return nil }
        let bytes = message.storage
        return decisions.decision(
            on: bytes.readableBytesSpan.extracting(0..<message.topicLength),
            hash: message.topicHash,
            qos: message.qos,
            isRetained: message.isRetained,
            generation: self.accessGeneration
        )
    }

    /// Remembers a decision, if it is one for good by the rules of now.
    private func remember(
        _ decision: PublishDecision,
        about message: Message,
        _ connection: Connection,
        generation: UInt32
    ) {
        guard self.extensions.isAuthorizationLasting, generation == self.accessGeneration else { return }
        let decisions = connection.decisions ?? PublishDecisions(generation: generation)
        connection.decisions = decisions
        let bytes = message.storage
        decisions.remember(
            decision,
            on: bytes.readableBytesSpan.extracting(0..<message.topicLength),
            hash: message.topicHash,
            qos: message.qos,
            isRetained: message.isRetained,
            generation: generation
        )
    }
}
