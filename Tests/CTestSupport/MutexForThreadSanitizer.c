//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

// Swift's Mutex takes and leaves an uncontended lock in code that is compiled into its user, which ThreadSanitizer
// sees, but a contended one in a library that is not built for ThreadSanitizer. It would take everything under a
// contended lock for a race. These two come before the library's functions, call them, and tell ThreadSanitizer what
// they do. They hide no race: they only say which thread had the lock before which.

#if defined(__linux__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t, __attribute__((swift_context)) void *);
typedef __attribute__((swiftcall)) void (*unlock_function)(__attribute__((swift_context)) void *);

extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);

static lock_function real_lock;
static unlock_function real_unlock;

__attribute__((constructor)) static void find_real_functions(void) {
    real_lock = (lock_function)dlsym(RTLD_NEXT, LOCK_SLOW);
    real_unlock = (unlock_function)dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

__attribute__((swiftcall)) void lock_slow(uint32_t owner, __attribute__((swift_context)) void *mutex) __asm__(LOCK_SLOW);
__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *mutex) __asm__(UNLOCK_SLOW);

__attribute__((swiftcall)) void lock_slow(uint32_t owner, __attribute__((swift_context)) void *mutex) {
    real_lock(owner, mutex);
    __tsan_acquire(mutex);
}

__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *mutex) {
    __tsan_release(mutex);
    real_unlock(mutex);
}

#endif
#endif
