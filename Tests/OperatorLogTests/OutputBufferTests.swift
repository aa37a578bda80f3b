//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage
import Testing

@testable import OperatorLog

struct OutputBufferTests {
    /// A reader that takes a little at a time never sees the buffer empty: what it has read may not stay there.
    @Test func slowReaderCostsNoMemory() throws {
        let (output, input) = try FileDescriptor.pipe()
        defer {
            try? output.close()
            try? input.close()
        }
        var buffer = OutputBuffer()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
        var room = [UInt8](repeating: 0, count: 8192)
        var written = 0
        for _ in 0..<2000 {
            while buffer.count < 100_000 { buffer.append(line) }
            _ = buffer.write(to: input, mayBlock: false) { written += $0 }
            _ = try room.withUnsafeMutableBytes { try output.read(into: $0) }
            #expect(buffer.heldCount < 300_000)
        }
        #expect(written > 4_000_000)
    }
}
