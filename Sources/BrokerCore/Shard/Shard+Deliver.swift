//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    // MARK: Along a route

    /// Brings a message to everybody a route names, here and on other shards.
    ///
    /// - Returns: whether there was anybody.
    func deliver(_ publish: inout OutgoingPublish, along route: Route) -> Bool {
        guard !route.isEmpty else {
            self.metrics.messagesWithoutSubscriber &+= 1
            return false
        }
        let own = Int(self.index)
        let firstNumber =
            publish.qos > .atMostOnce && !route.stored.isEmpty ? self.journal(&publish, for: route) : .none
        self.deliver(&publish, to: route, in: own, firstNumber: firstNumber)
        for shard in 0..<self.broker.shardCount where shard != own && route.hasTargets(in: shard) {
            self.post(
                .deliver(
                    RoutedDelivery(
                        message: publish.message(),
                        route: route,
                        origin: publish.origin,
                        firstNumber: firstNumber,
                        isDroppable: publish.isDroppable
                    )
                ),
                to: UInt16(shard)
            )
        }
        for group in route.groups { self.deliver(&publish, to: group) }
        return true
    }

    private func deliver(
        _ publish: inout OutgoingPublish,
        to route: Route,
        in shard: Int,
        firstNumber: StoreNumber
    ) {
        for index in route.range(of: shard) {
            let target = route.targets[index]
            let number =
                target.storedIndex < 0 || firstNumber == .none
                ? StoreNumber.none : firstNumber.advanced(by: Int(target.storedIndex))
            guard let session = self.sessions[target.slot, target.generation], session.arrival == nil else {
                self.deliverAroundMove(&publish, target, route, number)
                continue
            }
            if target.noLocal, publish.origin == session.address { continue }
            self.deliver(
                &publish,
                to: session,
                DeliveryTerms(
                    qos: min(publish.qos, target.qos),
                    isRetained: target.retainAsPublished && publish.isRetained,
                    identifiers: route.identifiers(of: target),
                    number: number
                )
            )
        }
    }

    /// A target that has just come, or that no longer lives here: the message waits for it or follows it.
    @inline(never)
    private func deliverAroundMove(
        _ publish: inout OutgoingPublish,
        _ target: Route.Target,
        _ route: Route,
        _ number: StoreNumber
    ) {
        let session = self.sessions[target.slot, target.generation]
        let address = SessionAddress(shard: self.index, slot: target.slot, generation: target.generation)
        guard session != nil || self.moved[address] != nil else { return }
        self.deliver(
            DirectDelivery(
                message: publish.message(),
                address: address,
                qos: target.qos,
                noLocal: target.noLocal,
                retainAsPublished: target.retainAsPublished,
                identifiers: route.identifiers(of: target),
                group: nil,
                origin: publish.origin,
                session: .none,
                number: number,
                isDroppable: publish.isDroppable
            )
        )
    }

    // MARK: From other shards

    func deliver(_ delivery: RoutedDelivery) {
        var publish = OutgoingPublish(
            delivery.message,
            origin: delivery.origin,
            now: self.now
        )
        publish.isDroppable = delivery.isDroppable
        self.deliver(&publish, to: delivery.route, in: Int(self.index), firstNumber: delivery.firstNumber)
    }

    func deliver(_ delivery: DirectDelivery) {
        if let session = self.sessions[delivery.address.slot, delivery.address.generation] {
            if let arrival = session.arrival {
                arrival.held.append(delivery)
            } else if !self.passOnToOnline(delivery, insteadOf: session) {
                self.deliver(delivery, to: session)
            }
        } else if let moved = self.moved[delivery.address] {
            self.post(.forward(client: moved.client.text, delivery), to: moved.shard)
        } else if let group = delivery.group {
            self.redirect(delivery, in: group)
        }
    }

    /// The member's session has ended between the choice and now: another one gets it.
    ///
    /// - Parameter client: whose session it was, if that is known.
    func redirect(_ delivery: DirectDelivery, in group: SharedGroup, client: ClientInfo? = nil) {
        var publish = delivery.outgoing(at: self.now)
        if !self.deliver(&publish, to: group, excluding: delivery.address) {
            self.tellDropped(delivery.message, client, .sessionEnded)
        }
        self.journalRemoval(of: delivery.number, from: delivery.session)
    }

    /// A member that a shared group has chosen may have lost its connection since: then one that is online gets it.
    private func passOnToOnline(_ delivery: DirectDelivery, insteadOf session: Session) -> Bool {
        guard let group = delivery.group, session.connection == nil, session.sink == nil else { return false }
        var publish = delivery.outgoing(at: self.now)
        guard self.deliver(&publish, to: group, excluding: delivery.address, onlineOnly: true) else { return false }
        self.journalRemoval(of: delivery.number, session)
        return true
    }

    /// What was sent to the session's old place comes before everything that is held back.
    func deliverForwarded(_ delivery: DirectDelivery, to client: UTF8String) {
        // The client may have another session by now, which has not come from there.
        guard let session = self.sessionsByClient[client], session.arrival?.from == delivery.address else {
            if let group = delivery.group { self.redirect(delivery, in: group) }
            return
        }
        if self.passesReview(delivery, session) { self.deliver(delivery, to: session) }
    }

    func deliver(_ delivery: DirectDelivery, to session: Session) {
        if delivery.noLocal, delivery.origin == session.address {
            return self.journalRemoval(of: delivery.number, session)
        }
        var publish = delivery.outgoing(at: self.now)
        self.deliver(
            &publish,
            to: session,
            DeliveryTerms(
                qos: min(delivery.message.qos, delivery.qos),
                isRetained: delivery.retainAsPublished && delivery.message.isRetained,
                identifiers: delivery.identifiers,
                group: delivery.group,
                number: delivery.number
            )
        )
    }

    // MARK: Shared groups

    /// Brings a message to one member of a group.
    ///
    /// - Parameter prefersKept: whether a member whose session is kept gets it, online or not, if there is one.
    /// - Returns: whether there was one.
    @discardableResult
    func deliver(
        _ publish: inout OutgoingPublish,
        to group: SharedGroup,
        excluding: SessionAddress? = nil,
        onlineOnly: Bool = false,
        prefersKept: Bool = false
    ) -> Bool {
        var hasRoom = self.room(for: publish)
        if prefersKept { hasRoom = group.keptFirst(hasRoom) }
        guard
            let member = group.choose(
                publisher: publish.publisher,
                topicHash: publish.topicHash,
                excluding: excluding,
                onlineOnly: onlineOnly,
                hasRoom: hasRoom
            )
        else {
            // All its members may have left it, and others made it anew.
            guard group.isEmpty, let anew = self.group(of: group.filter), anew !== group else { return false }
            return self.deliver(
                &publish,
                to: anew,
                excluding: excluding,
                onlineOnly: onlineOnly,
                prefersKept: prefersKept
            )
        }
        let identifiers = member.subscription.identifier == 0 ? [] : [member.subscription.identifier]
        let number = self.journal(&publish, for: member, identifiers, group)
        if member.address.shard == self.index,
            let session = self.sessions[member.address.slot, member.address.generation], session.arrival == nil
        {
            self.deliver(
                &publish,
                to: session,
                DeliveryTerms(
                    qos: min(publish.qos, member.subscription.qos),
                    isRetained: member.subscription.retainAsPublished && publish.isRetained,
                    identifiers: identifiers,
                    group: group,
                    number: number
                )
            )
            return true
        }
        let delivery = DirectDelivery(
            message: publish.message(),
            address: member.address,
            qos: member.subscription.qos,
            noLocal: false,
            retainAsPublished: member.subscription.retainAsPublished,
            identifiers: identifiers,
            group: group,
            origin: publish.origin,
            session: member.subscription.account?.number ?? .none,
            number: number,
            isDroppable: publish.isDroppable
        )
        if member.address.shard == self.index {
            // At once: through the mail, a later message could come before it.
            self.deliver(delivery)
        } else {
            self.post(.deliverDirectly(delivery), to: member.address.shard)
        }
        return true
    }

    func setSharedMembership(of session: Session, isOnline: Bool) {
        guard session.sharedCount > 0 else { return }
        for entry in session.entries.values {
            self.broker.subscriptions.group(of: entry.filter)?.setOnline(session.address, isOnline)
        }
    }

    /// Messages that a shared group chose this session for go to other members now that it has left.
    ///
    /// A QoS 2 message that the client may have seen stays with it, since nobody else may get it [MQTT-4.8.2-4, -5].
    /// While the session stays, only a member that is online is better than itself.
    func passOn(of session: Session, hasEnded: Bool) {
        guard session.mayHaveShared else { return }
        defer { self.updateAccount(of: session) }
        for (identifier, inflight) in session.inflight.all where inflight.terms.qos == .atLeastOnce {
            guard let group = inflight.terms.group, let message = inflight.message else { continue }
            if self.passOn(message, in: group, excluding: session.address, onlineOnly: !hasEnded) {
                session.inflight.end(identifier)
                self.journalRemoval(of: inflight.terms.number, session)
            }
        }
        for queued in session.queue.remove(where: { $0.terms.group != nil }) {
            guard let group = queued.terms.group else { continue }
            if self.passOn(queued.message, in: group, excluding: session.address, onlineOnly: !hasEnded) {
                self.journalRemoval(of: queued.terms.number, session)
            } else if hasEnded {
                self.tellDropped(queued.message, session.info, .sessionEnded)
            } else {
                // It has been accepted before: no limit is asked.
                session.queue.push(queued)
            }
        }
    }

    /// Brings a message to another member than the one that was chosen for it.
    ///
    /// - Returns: whether nothing is left to do for it.
    private func passOn(
        _ message: Message,
        in group: SharedGroup,
        excluding address: SessionAddress,
        onlineOnly: Bool
    ) -> Bool {
        guard !message.isExpired(at: self.now) else { return true }
        var publish = OutgoingPublish(message, origin: nil, now: self.now)
        return self.deliver(&publish, to: group, excluding: address, onlineOnly: onlineOnly)
    }
}
