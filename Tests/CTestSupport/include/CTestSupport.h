//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#ifndef C_TEST_SUPPORT_H
#define C_TEST_SUPPORT_H

#include <stddef.h>

/// Gives what is free back to the system, and returns the bytes that are allocated; 0 where the allocator does not
/// tell: another C library, or a sanitizer's allocator.
size_t heap_bytes_in_use(void);

/// Keeps the test library from remembering a backtrace for every error that is thrown, caught or not, until the test
/// ends: it would be most of what is allocated.
void forget_backtraces_of_errors(void);

#endif
