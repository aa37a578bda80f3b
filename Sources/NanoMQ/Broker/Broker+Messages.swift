//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import BrokerNetwork
import MQTTCodec
import Synchronization

/// What a program that embeds the broker does from inside.
extension Broker {
    /// Publishes a message, as a client would.
    ///
    /// It is routed on one of the broker's event loops shortly after; messages of one caller keep
    /// their order, unless an extension takes its time over one of them.
    /// - Throws: ``BrokerError`` when the broker does not run.
    public func publish(_ message: Message) throws {
        guard let shards = self.running.withLock({ $0?.shards }) else { throw BrokerError.notRunning }
        shards.post([.publish(message)], to: 0)
    }

    /// The messages of a filter, from now on, as QoS 0: a consumer that falls behind by more than `capacity`
    /// messages loses the newest.
    ///
    /// The subscription ends with the sequence, and the sequence with the broker.
    /// - Throws: ``BrokerError`` when the broker does not run, `MQTTError` when the filter is not valid.
    public func messages(matching filter: String, capacity: Int = 1024) async throws -> AsyncStream<Message> {
        let filter = try TopicFilter(filter)
        let (stream, continuation) = AsyncStream.makeStream(
            of: Message.self,
            bufferingPolicy: .bufferingOldest(capacity)
        )
        // Known before it subscribes: however the two meet, the end of the broker ends it.
        let known = self.running.withLock { running -> (shards: ShardPeers, number: Int)? in
            guard let shards = running?.shards, let number = running?.nextStream else { return nil }
            running?.streams[number] = continuation
            running?.nextStream = number + 1
            return (shards, number)
        }
        guard let (shards, number) = known else { throw BrokerError.notRunning }
        let shard = number % shards.count
        let subscriber = try? await shards.run(on: shard) { shard in
            shard.subscribeLocally(to: filter) { continuation.yield($0) }
        }
        guard let subscriber else { throw BrokerError.notRunning }
        continuation.onTermination = { [weak self] _ in
            self?.running.withLock { _ = $0?.streams.removeValue(forKey: number) }
            Task { _ = try? await shards.run(on: shard) { $0.endLocalSubscription(subscriber) } }
        }
        return stream
    }
}
