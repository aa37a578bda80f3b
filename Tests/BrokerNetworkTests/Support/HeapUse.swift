//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import CTestSupport

/// How much memory is allocated.
enum HeapUse {
    /// To be called before what is measured: the test library keeps a backtrace for every error thrown.
    static func prepare() { forget_backtraces_of_errors() }

    /// Bytes in use; nil where the allocator does not tell.
    static var bytes: Int? {
        let bytes = Int(heap_bytes_in_use())
        return bytes > 0 ? bytes : nil
    }
}
