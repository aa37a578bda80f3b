//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// When what clients were promised is on disk.
public enum Durability: Sendable, Equatable {
    /// Before it is acknowledged: it survives the loss of power.
    case acknowledged
    /// Within this time: so much is lost at most when the power or the broker fails.
    case periodic(interval: Duration)
    /// When the operating system finds time for it: it survives a regular stop of the broker, and most of it a sudden
    /// one, but nothing is promised.
    case none
}

/// Where and how a broker keeps its sessions and messages.
public struct StoreSettings: Sendable, Equatable {
    /// The folder of the database `nanomq.db`; it has to exist.
    public var directory: String
    /// When what clients were promised is on disk.
    public var durability: Durability
    /// Bytes that may wait to be written before publishers are read no further; until half of it waits. 64 MiB.
    public var maximumPendingBytes: Int
    /// Bytes of the database that are kept in memory at most, beside what waits to be written. 16 MiB.
    public var cacheBytes: Int

    /// Settings.
    public init(
        directory: String,
        durability: Durability = .acknowledged,
        maximumPendingBytes: Int = 64 << 20,
        cacheBytes: Int = 16 << 20
    ) {
        self.directory = directory
        self.durability = durability
        self.maximumPendingBytes = maximumPendingBytes
        self.cacheBytes = cacheBytes
    }
}
