//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lines on their way into a descriptor.
struct OutputBuffer {
    /// How a write ended.
    enum Outcome {
        case done
        /// The reader does not read; the rest stays.
        case blocked
        /// The rest is lost.
        case failed(Errno, lostLines: Int)
    }

    private var bytes: [UInt8] = []
    private var start = 0
    /// The last byte that was written ended no line.
    private var isWithinLine = false
    /// A line was written in part, and the rest of it lost.
    private var isTorn = false

    var count: Int { self.bytes.count - self.start }

    mutating func append(_ line: [UInt8]) {
        if self.isTorn {
            self.bytes.append(UInt8(ascii: "\n"))
            self.isTorn = false
        }
        self.bytes += line
    }

    /// Writes it all, or as much as is taken.
    ///
    /// - Parameters:
    ///   - mayBlock: it is a regular file, whose writes end. Others are asked first, and given no more at once than a
    ///     pipe that is writable takes without waiting.
    ///   - written: is told how many bytes have gone.
    mutating func write(to descriptor: FileDescriptor, mayBlock: Bool, written: (Int) -> Void) -> Outcome {
        while self.start < self.bytes.count {
            if !mayBlock, !Self.isWritable(descriptor.rawValue) {
                self.forgetWritten()
                return .blocked
            }
            let end = mayBlock ? self.bytes.count : min(self.bytes.count, self.start + 4096)
            do {
                let count = try self.bytes[self.start..<end].withUnsafeBytes { try descriptor.write($0) }
                self.start += count
                if count > 0 { self.isWithinLine = self.bytes[self.start - 1] != UInt8(ascii: "\n") }
                written(count)
            } catch {
                let cause = error as? Errno ?? .ioError
                if cause == .wouldBlock || cause == .resourceTemporarilyUnavailable {
                    self.forgetWritten()
                    return .blocked
                }
                return .failed(cause, lostLines: self.discard())
            }
        }
        self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= 1 << 17)
        self.start = 0
        return .done
    }

    /// A reader that is slow, but reads, never has the buffer empty: what it has read goes before that.
    private mutating func forgetWritten() {
        guard self.start >= 1 << 16 else { return }
        self.bytes.removeSubrange(..<self.start)
        self.start = 0
    }

    /// Bytes that are held, written ones that have not been forgotten included.
    var heldCount: Int { self.bytes.count }

    /// Forgets what has not been written. - Returns: how many lines that were.
    mutating func discard() -> Int {
        let newLine = UInt8(ascii: "\n")
        self.isTorn = self.isTorn || self.isWithinLine
        self.isWithinLine = false
        let lines = self.bytes[self.start...].count { $0 == newLine }
        self.bytes.removeAll()
        self.start = 0
        return lines
    }

    private static func isWritable(_ descriptor: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // An error is for the write to find.
        return poll(&entry, 1, 0) != 0
    }
}
