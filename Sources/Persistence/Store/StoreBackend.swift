//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import BrokerCore

/// What keeps the data of a ``GroupCommitStore``. It is used by one thread at a time.
package protocol StoreBackend: AnyObject {
    /// The highest number that has ever been in it.
    var lastNumber: StoreNumber { get }

    /// How much it holds.
    var totals: StoreTotals { get }

    /// Whether sessions that have ended have left something that is still to be swept.
    var hasLeft: Bool { get }

    /// Writes all of the changes, or none if it throws.
    func write(_ changes: StoreChanges) throws(StoreError)

    /// Reads a part of a session's messages.
    func page(_ request: BacklogRequest) throws(StoreError) -> BacklogPage

    /// Removes some of what sessions have left that have ended: so much that nobody waits long.
    ///
    /// - Returns: whether there is more.
    func sweep() throws(StoreError) -> Bool

    /// Reads the retained messages in batches; those that have expired are removed.
    func loadRetained(_ body: ([Message]) -> Void) throws(StoreError)

    /// Reads the sessions in batches. Those that have expired are removed, but for those with a will, which has to be
    /// published first, and those with messages that shared groups had chosen them for (``SessionRecord/hasEnded``).
    func loadSessions(_ body: ([RestoredSession]) -> Void) throws(StoreError)

    /// Closes it.
    func close() throws(StoreError)
}
