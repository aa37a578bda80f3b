//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The changes of one shard that have not been submitted to the store, and how far those before them are safe.
///
/// A batch of changes is known by a ticket: the present one gets its ticket when it is submitted, at the end of the
/// turn as a rule. What a packet has brought about is acknowledged once the ticket of its last change is committed.
struct StoreJournal {
    private var operations: [StoreOperation] = []
    /// The ticket of the batch that is being gathered.
    private var ticket: UInt64 = 1
    /// Everything up to this ticket is safe.
    private var committed: UInt64 = 0
    /// Counts the changes.
    private(set) var count: UInt64 = 0

    /// Whether there is nothing to submit.
    var isEmpty: Bool { self.operations.isEmpty }

    mutating func add(_ operation: StoreOperation) {
        self.operations.append(operation)
        self.count &+= 1
    }

    /// The batch to be submitted; nil: nothing has changed.
    mutating func take() -> (operations: [StoreOperation], ticket: UInt64)? {
        guard !self.operations.isEmpty else { return nil }
        defer {
            self.operations = []
            self.ticket += 1
        }
        return (self.operations, self.ticket)
    }

    /// What has to be committed before all changes so far are safe; nil: they are.
    var pendingTicket: UInt64? {
        let last = self.operations.isEmpty ? self.ticket - 1 : self.ticket
        return last > self.committed ? last : nil
    }

    func isCommitted(_ ticket: UInt64) -> Bool { ticket <= self.committed }

    mutating func commit(upTo ticket: UInt64) { self.committed = max(self.committed, ticket) }
}
