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
        return self.hasSpace(in: store.store, isRetained: publish.isRetained, route, for: connection)
    }

    @inline(never)
    private func hasSpace(
        in store: any BrokerStore,
        isRetained: Bool,
        _ route: Route,
        for connection: Connection
    ) -> Bool {
        guard store.isAvailable else {
            return !isRetained && route.stored.isEmpty && !route.groups.contains(where: \.hasStoredMember)
        }
        // Earlier versions have no way to say it: there each full session loses the message.
        guard self.settings.fullStorePolicy == .refuse, connection.isVersion5 else { return true }
        if !route.stored.isEmpty || route.groups.contains(where: \.hasStoredMember) {
            guard !self.isStoreFull else { return false }
        }
        return !route.stored.contains { self.isFull($0.account) }
    }

    /// Whether the store as a whole holds as much as it may. Retained messages have limits of their own.
    var isStoreFull: Bool {
        guard let store = self.store?.store else { return false }
        let (messages, bytes) = (store.messageCount, store.byteCount)
        guard messages >= self.settings.maximumStoredMessages || bytes >= self.settings.maximumStoredBytes else {
            return false
        }
        return messages - self.broker.retained.count >= self.settings.maximumStoredMessages
            || bytes - self.broker.retained.byteCount >= self.settings.maximumStoredBytes
    }

    private func isFull(_ account: SessionAccount) -> Bool {
        account.messageCount >= self.settings.maximumStoredMessagesPerSession
            || account.byteCount >= self.settings.maximumStoredBytesPerSession
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
