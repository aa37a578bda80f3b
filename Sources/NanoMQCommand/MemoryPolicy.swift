//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import CAllocator

/// How the process deals with memory it has freed.
enum MemoryPolicy {
    /// A busy broker allocates an output buffer for each connection and turn, and frees it when it is sent. With
    /// glibc's defaults much of that goes back to the system each time and is fetched, and cleared, anew. So up to
    /// some megabytes are kept.
    static func apply() {
        nanomq_allocator_keep(1 << 20, 8 << 20)
    }

    /// Lets go of the code that only the start needs, so that a broker at rest takes no more memory than it uses: the
    /// pages are in the system's cache, and come back when they are needed again.
    static func forgetStart() {
        nanomq_forget_code_pages()
    }
}
