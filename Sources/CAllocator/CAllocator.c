//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#include "CAllocator.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void nanomq_allocator_keep(int largest_pooled, int kept) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, largest_pooled);
    mallopt(M_TRIM_THRESHOLD, kept);
#else
    (void)largest_pooled;
    (void)kept;
#endif
}
