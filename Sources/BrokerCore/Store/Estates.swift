//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule

/// What a session that has ended has left in the store to other members of its shared groups.
struct Estate {
    /// What the session is known by in the store, which keeps its record until all of this has found its place: so a
    /// broker that is killed before goes on with it.
    let session: StoreNumber
    /// Whose session it was.
    let client: ClientInfo
    /// ``BacklogRequest/known``.
    let known: [Int64]
    /// What has been read ends here.
    var readTo: StoreNumber
    /// Whether those in flight are in the store only, since the broker has just started.
    var lacksInflight: Bool
}

/// The estates of a shard. They are read one after the other, so that the end of many sessions at once takes no more
/// memory than that of a few.
struct Estates {
    /// Those that the store could not read before none is asked for any more: when it can, pages of all come at once.
    private static let maximumUnreadable = 8

    private var waiting: Deque<Estate> = []
    /// Those that the store could not read. It tries again by itself.
    private var unreadable: [StoreNumber: Estate] = [:]
    /// Whether a page of the first one that waits has been asked for.
    private var isReading = false
    /// Not before this time is one read.
    var beginAt = MonotonicTime(milliseconds: 0)

    var isEmpty: Bool { self.waiting.isEmpty && self.unreadable.isEmpty }
    var count: Int { self.waiting.count + self.unreadable.count }

    mutating func add(_ estate: Estate) { self.waiting.append(estate) }

    /// The one of which a page is to be asked for now; nil: none is.
    mutating func next() -> Estate? {
        guard !self.isReading, self.unreadable.count < Self.maximumUnreadable, let estate = self.waiting.first
        else { return nil }
        self.isReading = true
        return estate
    }

    /// Takes out the one of which a page has come; nil: it is not known.
    mutating func take(_ session: StoreNumber) -> Estate? {
        if let estate = self.unreadable.removeValue(forKey: session) { return estate }
        guard self.isReading, self.waiting.first?.session == session else { return nil }
        self.isReading = false
        return self.waiting.popFirst()
    }

    /// Puts back one that there is more of.
    mutating func putBack(_ estate: Estate) {
        if self.isReading {
            self.waiting.append(estate)
        } else {
            self.waiting.prepend(estate)
        }
    }

    /// The store could not read one, which is not to hold up the others.
    mutating func setAside(_ session: StoreNumber) {
        guard let estate = self.take(session) else { return }
        self.unreadable[session] = estate
    }
}
