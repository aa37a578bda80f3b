//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOPosix
import Synchronization

/// Where a handshake leaves the identity of the pre-shared key it has used.
///
/// The TLS library asks for a key without saying for which connection, but it asks within the call that hands it the
/// client's bytes: so the slot that is current on this thread belongs to that connection.
final class SharedKeySlot: Sendable {
    private static let current = ThreadSpecificVariable<SharedKeySlot>()

    private let value = Mutex<String?>(nil)

    /// The identity; nil: no key was asked for.
    var identity: String? { self.value.withLock { $0 } }

    /// Makes it the one that ``leave(_:)`` writes to, as long as `body` runs.
    func whileCurrent(_ body: () -> Void) {
        let outer = Self.current.currentValue
        Self.current.currentValue = self
        body()
        Self.current.currentValue = outer
    }

    /// Notes the identity whose key has been handed out.
    static func leave(_ identity: String) {
        self.current.currentValue?.value.withLock { $0 = identity }
    }
}
