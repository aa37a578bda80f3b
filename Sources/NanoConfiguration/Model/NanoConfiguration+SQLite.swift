//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// What a broker keeps on disk, and how: sessions, their subscriptions and messages, and retained messages.
    public struct SQLite: Sendable, Equatable {
        /// The directory of the database; a relative one is in the working directory of the broker.
        public var directory = "."
        /// When what clients are told is on disk.
        public var durability = StoreDurability.acknowledged
        /// The time between two writes; of ``StoreDurability/periodic`` only.
        public var commitInterval: Duration = .seconds(1)
        /// Messages kept altogether.
        public var maximumMessages = 102_400
        /// Bytes of messages kept altogether: topics, properties and payloads.
        public var maximumBytes = 1 << 30
        /// Messages that may wait in one session.
        public var maximumSessionMessages = 102_400
        /// Bytes of messages that may wait in one session.
        public var maximumSessionBytes = 256 << 20
        /// Messages of one session that are in memory too; at least 1.
        public var messagesInMemory = 100
        /// What happens to a message for which there is no room.
        public var whenFull = FullStore.dropOldest

        /// The defaults.
        public init() {}
    }
}

/// When what clients are told is on disk.
public enum StoreDurability: String, ConfigurationChoice {
    /// Before they are told: an acknowledgement waits for the disk.
    case acknowledged
    /// Some time later: a power failure takes what came since the last write.
    case periodic
    /// When the system gets to it: a power failure may take anything of late.
    case none
}

/// What happens to a message for which there is no room.
public enum FullStore: String, ConfigurationChoice {
    /// It takes the place of those that have waited longest.
    case dropOldest = "drop_oldest"
    /// It is refused.
    case refuse
}

extension NanoConfiguration {
    /// Whether anything is kept on disk.
    var isStored: Bool {
        get { sqlite != nil }
        set { sqlite = newValue ? storage : nil }
    }

    /// What the keys of the block set; without the block, the defaults, and setting them does nothing.
    var storage: SQLite {
        get { sqlite ?? SQLite() }
        set { if sqlite != nil { sqlite = newValue } }
    }
}
