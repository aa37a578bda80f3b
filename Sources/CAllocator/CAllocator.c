//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if defined(__linux__)
#define _GNU_SOURCE
#endif

#include "CAllocator.h"

#if defined(__linux__)
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

// Made by the linker: where the file's first page is mapped, and where the code ends. Nothing writes between them, and
// the relocated data is behind them.
extern const char __executable_start[];
extern const char etext[];
#endif

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

void nanomq_forget_code_pages(void) {
#if defined(__linux__)
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)__executable_start & ~(page - 1);
    uintptr_t end = (uintptr_t)etext & ~(page - 1);
    if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
#endif
}
