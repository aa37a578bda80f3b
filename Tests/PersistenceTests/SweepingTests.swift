//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Dispatch
import Synchronization
import Testing

@testable import BrokerCore
@testable import Persistence

/// What sessions leave that end while the broker runs.
@Suite("Sweeping", .timeLimit(.minutes(1)))
struct SweepingTests {
    let session = number(1)
    let other = number(2)

    /// Two sessions, of which the first has more messages than go in a slice, and then ends.
    private func operations() -> [StoreOperation] {
        var operations = [StoreOperation.session(makeSession(self.session)), .session(makeSession(self.other))]
        for count in 0..<12_000 as Range<Int64> {
            operations.append(makeDelivery(number(10 + count), of: makeMessage(100_000 + count), to: self.session))
        }
        return operations
    }

    @Test("What a session leaves goes though nothing else happens")
    func quiet() async {
        var rig = Rig()
        rig.store.submit(self.operations(), from: 0, ticket: 1)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(rig.store.messageCount == 12_000)
        rig.store.submit([.sessionEnded(self.session)], from: 0, ticket: 2)
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        var swept = rig.control.swept.makeAsyncIterator()
        while await swept.next() == true {}
        // Behind the round that swept.
        _ = rig.store.lastNumber
        #expect(rig.store.messageCount == 0)
        #expect(rig.store.metrics.totals == StoreTotals(sessions: 1))
    }

    @Test("It goes also while something comes in all the time, and that is written meanwhile")
    func busy() async {
        var rig = Rig(isHeld: true)
        var begun = rig.control.begun.makeAsyncIterator()
        rig.store.submit(self.operations(), from: 0, ticket: 1)
        #expect(await begun.next() == 1)
        rig.store.submit([.sessionEnded(self.session)], from: 0, ticket: 2)
        for count in 0..<10 as Range<Int64> {
            rig.control.gate.signal()
            guard case .committed(0, UInt64(count) + 1)? = await rig.next() else {
                return #expect(Bool(false), "no ticket")
            }
            _ = await begun.next()
            // While this is written the next is there already.
            let delivery = makeDelivery(number(50_000 + count), of: makeMessage(200_000 + count), to: self.other)
            rig.store.submit([delivery], from: 0, ticket: UInt64(count) + 3)
        }
        rig.control.gate.signal()
        guard case .committed(0, 11)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(rig.store.messageCount < 12)
        rig.control.gate.signal()
    }

    @Test("Where it fails that is said once, and the store is as available as before")
    func failure() async {
        var rig = Rig()
        rig.control.state.withLock { $0.sweepFailure = .corrupt(path: "x", detail: "y") }
        rig.store.submit(self.operations(), from: 0, ticket: 1)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.store.submit([.sessionEnded(self.session)], from: 0, ticket: 2)
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        guard case .event(.unsweepable(.corrupt))? = await rig.next() else {
            return #expect(Bool(false), "no event")
        }
        // Writing goes on in between, at once.
        var swept = rig.control.swept.makeAsyncIterator()
        for count in 0..<3 as Range<Int64> {
            #expect(await swept.next() == true)
            #expect(rig.store.isAvailable)
            let delivery = makeDelivery(number(50_000 + count), of: makeMessage(200_000 + count), to: self.other)
            rig.store.submit([delivery], from: 0, ticket: UInt64(count) + 3)
            guard case .committed(0, UInt64(count) + 3)? = await rig.next() else {
                return #expect(Bool(false), "no ticket")
            }
        }
        rig.control.state.withLock { $0.sweepFailure = nil }
        guard case .event(.sweepable)? = await rig.next() else { return #expect(Bool(false), "no event") }
        while await swept.next() == true {}
        _ = rig.store.lastNumber
        #expect(rig.store.messageCount == 3)
    }
}
