//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#include "CTestSupport.h"

#include <stdlib.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#include <malloc.h>

static size_t counted(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

size_t heap_bytes_in_use(void) {
    // Asks first whether the allocator that answers is the one in use.
    size_t before = counted();
    void *volatile probe = malloc(200000);
    size_t after = counted();
    free(probe);
    if (after < before + 100000) return 0;
    malloc_trim(0);
    return counted();
}
#else
size_t heap_bytes_in_use(void) { return 0; }
#endif

// The Swift runtime's hooks, which the test library sets.
extern void *volatile _swift_willThrow __attribute__((weak));
extern void *volatile _swift_willThrowTypedImpl __attribute__((weak));

void forget_backtraces_of_errors(void) {
    if (&_swift_willThrow) __atomic_store_n(&_swift_willThrow, NULL, __ATOMIC_RELEASE);
    if (&_swift_willThrowTypedImpl) __atomic_store_n(&_swift_willThrowTypedImpl, NULL, __ATOMIC_RELEASE);
}
