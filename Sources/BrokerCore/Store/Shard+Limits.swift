//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

// What is not accepted, because it could not be stored.
extension Shard {
    /// Whether sessions may begin that are to be kept.
    var canStoreSessions: Bool { self.store?.store.isAvailable ?? true }

    /// Whether the retained message of a topic is kept on disk: not the broker's own, which it makes anew when it starts.
    func keepsRetained(on topic: String) -> Bool {
        self.store != nil && !topic.utf8.starts(with: "$SYS/".utf8)
    }

    /// Whether more may be promised to this session.
    func canStoreSession(_ session: Session) -> Bool { session.account == nil || self.canStoreSessions }

    /// Whether a message of QoS 1 or 2 can be accepted: either nothing of it has to be stored, or it can be.
    @inline(__always)
    func canStore(_ publish: inout OutgoingPublish, _ route: Route, for connection: Connection) -> Bool {
        guard let store = self.store, publish.isRetained || !route.stored.isEmpty || !route.groups.isEmpty else {
            return true
        }
        return self.hasSpace(in: store.store, for: publish, route, from: connection)
    }

    @inline(never)
    private func hasSpace(
        in store: any BrokerStore,
        for publish: OutgoingPublish,
        _ route: Route,
        from connection: Connection
    ) -> Bool {
        guard store.isAvailable else {
            return !publish.isRetained && route.stored.isEmpty && !route.groups.contains(where: \.hasStoredMember)
        }
        // Earlier versions have no way to say it: there each full session loses the message.
        guard connection.isVersion5, let hasRoom = self.room(for: publish) else { return true }
        if !route.stored.isEmpty || route.groups.contains(where: \.hasStoredMember) {
            guard !self.isStoreFull else { return false }
        }
        let bytes = publish.byteCount
        let isFull = route.stored.contains { target in
            !(target.noLocal && target.address == publish.origin) && self.isFull(target.account, for: bytes)
        }
        // A group chooses one that has room, if there is any.
        return !isFull && route.groups.allSatisfy { $0.isEmpty || $0.contains(where: hasRoom) }
    }

    /// Whether members of shared groups can take a message, where that decides; nil: it does not.
    func room(for publish: OutgoingPublish) -> ((SharedGroup.Member) -> Bool)? {
        guard self.store != nil, self.settings.fullStorePolicy == .refuse, publish.qos > .atMostOnce else { return nil }
        let bytes = publish.byteCount
        return { member in
            guard member.subscription.qos > .atMostOnce, let account = member.subscription.account else { return true }
            return !self.isFull(account, for: bytes)
        }
    }

    /// What the store as a whole has too much of.
    struct StoreExcess {
        var ofMessages = false
        var ofBytes = false
    }

    /// Whether the store as a whole holds as much as it may. Retained messages have limits of their own.
    var isStoreFull: Bool {
        let excess = self.storeExcess
        return excess.ofMessages || excess.ofBytes
    }

    /// What the store as a whole holds as much of as it may, or more.
    var storeExcess: StoreExcess {
        guard let store = self.store?.store else { return StoreExcess() }
        let (messages, bytes) = (store.messageCount, store.byteCount)
        guard messages >= self.settings.maximumStoredMessages || bytes >= self.settings.maximumStoredBytes else {
            return StoreExcess()
        }
        return StoreExcess(
            ofMessages: messages - self.broker.retained.storedCount >= self.settings.maximumStoredMessages,
            ofBytes: bytes - self.broker.retained.storedByteCount >= self.settings.maximumStoredBytes
        )
    }

    /// Whether there is no room for a message of so many bytes.
    private func isFull(_ account: SessionAccount, for bytes: Int) -> Bool {
        account.messageCount >= self.settings.maximumStoredMessagesPerSession
            || account.byteCount + bytes > self.settings.maximumStoredBytesPerSession
    }

    /// Refuses a message of QoS 1 or 2 that can't be stored. A client of a version that has no reasons is
    /// disconnected: it may not take it for accepted [MQTT-3.3.5-2].
    func refuseToStore(_ qos: QoS, _ packetIdentifier: UInt16, _ connection: Connection, _ session: Session) {
        self.log(.notStored, .notStored(session.info, .quotaExceeded))
        if connection.isVersion5 {
            return self.acknowledgePublish(qos, packetIdentifier, .quotaExceeded, connection)
        }
        self.metrics.publishesRefused += 1
        session.incomingExactlyOnce.remove(packetIdentifier)
        self.close(connection, .quotaExceeded, saying: nil)
    }
}
