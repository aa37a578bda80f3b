//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a shard needs of the event loop it lives on.
package protocol ShardHost: AnyObject {
    /// The time now.
    var now: MonotonicTime { get }

    /// Calls ``Shard/endTurn()`` once, after the loop has dealt with everything that is ready now.
    func endTurnSoon()

    /// Calls ``Shard/continueWork()`` once, after the loop has looked for what has come in from outside.
    func continueSoon()

    /// Hands messages to another shard, behind those handed to it before.
    func post(_ messages: [ShardMessage], to shard: Int)

    /// Runs `work` elsewhere and then `completion` with its result on this loop.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value,
        then completion: @escaping (Value) -> Void
    )

    /// Tells the operator.
    func log(_ event: BrokerEvent)
}
