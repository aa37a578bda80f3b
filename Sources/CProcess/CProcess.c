//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE

#include "CProcess.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

int nanomq_pidfd_open(pid_t pid) {
#if defined(SYS_pidfd_open)
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

int nanomq_pidfd_send_signal(int descriptor, int signal) {
#if defined(SYS_pidfd_send_signal)
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
#else
    (void)descriptor;
    (void)signal;
    errno = ENOSYS;
    return -1;
#endif
}

int nanomq_spawn_in_session(pid_t *pid, const char *path, char *const arguments[], char *const environment[]) {
    posix_spawnattr_t attributes;
    sigset_t none;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0) return error;
    sigemptyset(&none);
    error = posix_spawnattr_setsigmask(&attributes, &none);
    if (error == 0) {
        error = posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK));
    }
    if (error == 0) error = posix_spawn(pid, path, NULL, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static volatile sig_atomic_t stopping = 0;
static volatile sig_atomic_t listener = -1;

static void tell(int number) {
    int saved = errno;
    if (number == SIGTERM || number == SIGINT) {
        if (stopping) _exit(128 + number);
        stopping = 1;
    }
    unsigned char byte = (unsigned char)number;
    // A full pipe means that as many signals wait already.
    if (write((int)listener, &byte, 1) < 0) { /* Nobody could be told. */ }
    errno = saved;
}

int nanomq_signals_to(int descriptor) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    struct sigaction action = {0};
    sigset_t set;
    sigemptyset(&set);
    listener = descriptor;
    action.sa_handler = tell;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    for (unsigned index = 0; index < sizeof(numbers) / sizeof(numbers[0]); index++) {
        if (sigaction(numbers[index], &action, NULL) != 0) return -1;
        sigaddset(&set, numbers[index]);
    }
    action.sa_handler = SIG_IGN;
    action.sa_flags = 0;
    if (sigaction(SIGPIPE, &action, NULL) != 0) return -1;
    // As the first process of a container it is the parent of every orphan: ignored, their ends leave nothing behind.
    if (getpid() == 1 && sigaction(SIGCHLD, &action, NULL) != 0) return -1;
    // Whoever started it may have blocked them.
    return sigprocmask(SIG_UNBLOCK, &set, NULL);
}
