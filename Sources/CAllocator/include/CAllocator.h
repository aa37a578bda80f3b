//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#ifndef NANOMQ_CALLOCATOR_H
#define NANOMQ_CALLOCATOR_H

/// Tells the C library's allocator how much freed memory to keep; does nothing where that can't be told.
///
/// \param largest_pooled  bytes of the largest allocation that is not mapped on its own.
/// \param kept  bytes that may stay free at the heap's end.
void nanomq_allocator_keep(int largest_pooled, int kept);

// Unmaps the pages of the program's code that the start has touched; those still needed come back by themselves.
void nanomq_forget_code_pages(void);

#endif
