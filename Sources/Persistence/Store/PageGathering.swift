//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore

/// Puts the answer to a request together.
struct PageGathering {
    private let request: BacklogRequest
    var inflight: [BacklogPage.Entry] = []
    private var queued: [BacklogPage.Entry] = []
    private var bytes = 0
    private var leavesOut = false

    init(_ request: BacklogRequest) { self.request = request }

    /// Whether a delivery that has not been sent is asked for, room or not.
    func wants(_ delivery: StoreNumber) -> Bool {
        guard delivery > self.request.after else { return false }
        // Of a shard that the asking one knows nothing of, as after a restart with fewer shards, all has come.
        return delivery.shard >= self.request.known.count || delivery.count <= self.request.known[delivery.shard]
    }

    /// Whether one more may be added. If not, it is noted that there is one.
    var hasRoom: Bool {
        mutating get {
            if self.queued.count < self.request.maximumCount, self.bytes < self.request.maximumBytes { return true }
            // At least one, however few bytes are wanted: or nothing would ever go on.
            if self.queued.isEmpty { return true }
            self.leavesOut = true
            return false
        }
    }

    mutating func add(_ entry: BacklogPage.Entry) {
        self.queued.append(entry)
        self.bytes += entry.message.byteCount
    }

    var page: BacklogPage {
        BacklogPage(request: self.request, inflight: self.inflight, queued: self.queued, isLast: !self.leavesOut)
    }
}
