//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule

/// Packets of one connection that may not leave before what they say is safe in the store, in order.
final class HeldOutput {
    private struct Part {
        let ticket: UInt64
        var output: OutputQueue
    }

    private var parts: Deque<Part> = []
    /// Whether a PUBLISH is, or has been, among them: then those behind it wait too, so that they keep their order.
    var hasPublish = false

    var isEmpty: Bool { self.parts.isEmpty }

    /// What the last SUBACK among them waits for; 0: there is none. Retained messages come behind it.
    var subscribeTicket: UInt64 = 0

    /// Bytes that are held.
    private(set) var byteCount = 0

    /// Gives `write` the output that leaves once `ticket` is committed, and everything before it.
    ///
    /// - Parameter ticket: nil: what is written depends on nothing itself, but may not overtake.
    /// - Returns: whether nothing else of the connection waited for this ticket.
    @discardableResult
    func append(after ticket: UInt64?, _ write: (inout OutputQueue) -> Void) -> Bool {
        if let last = self.parts.last, last.ticket >= ticket ?? 0 {
            let index = self.parts.count - 1
            self.byteCount -= last.output.byteCount
            write(&self.parts[index].output)
            self.byteCount += self.parts[index].output.byteCount
            return false
        }
        var output = OutputQueue()
        write(&output)
        self.byteCount += output.byteCount
        self.parts.append(Part(ticket: ticket ?? 0, output: output))
        return true
    }

    /// Takes out what has waited for tickets up to this one, in order.
    func take(upTo ticket: UInt64) -> [OutputQueue] {
        var taken: [OutputQueue] = []
        while let first = self.parts.first, first.ticket <= ticket {
            taken.append(first.output)
            self.byteCount -= first.output.byteCount
            self.parts.removeFirst()
        }
        return taken
    }
}
