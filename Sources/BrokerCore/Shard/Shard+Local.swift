//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension Shard {
    /// Subscribes on behalf of the program that embeds the broker.
    ///
    /// - Parameter sink: gets each message, on this shard's loop: it may not block.
    /// - Returns: what ``endLocalSubscription(_:)`` wants.
    package func subscribeLocally(
        to filter: TopicFilter,
        _ sink: @escaping @Sendable (Message) -> Void
    ) -> SessionAddress {
        let session = self.sessions.insert { slot, generation in
            let address = SessionAddress(shard: self.index, slot: slot, generation: generation)
            return Session(
                address: address,
                tenure: SessionTenure(shard: self.index, number: 0),
                info: ClientInfo(
                    Connect(version: .v5, cleanStart: true, clientIdentifier: ""),
                    peer: "embedded",
                    origin: .embedded
                )
            )
        }
        session.sink = sink
        let entry = Session.Entry(
            filter: filter,
            options: SubscriptionOptions(qos: .exactlyOnce, retainAsPublished: true),
            identifier: 0
        )
        session.entries[UTF8String(filter.text)] = entry
        self.broker.subscriptions.subscribe(
            filter,
            session.address,
            entry.subscription(of: session),
            isOnline: true
        )
        return session.address
    }

    /// Ends what ``subscribeLocally(to:_:)`` began.
    package func endLocalSubscription(_ address: SessionAddress) {
        guard let session = self.sessions[address.slot, address.generation], session.sink != nil else { return }
        for entry in session.entries.values {
            self.broker.subscriptions.unsubscribe(entry.filter, address)
        }
        self.sessions.remove(slot: address.slot, generation: address.generation)
    }
}
