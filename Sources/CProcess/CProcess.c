//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE

#include "CProcess.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
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

// Keeps all descriptors but the standard ones from the programs that this process runs.
static void withhold_descriptors(void) {
#if defined(SYS_close_range)
    // CLOSE_RANGE_CLOEXEC, of Linux 5.11: older headers do not name it, older kernels and some containers refuse it.
    const unsigned close_on_exec = 1U << 2;
    if (syscall(SYS_close_range, 3U, ~0U, close_on_exec) == 0) return;
#endif
#if defined(__linux__)
    DIR *directory = opendir("/proc/self/fd");
#else
    DIR *directory = opendir("/dev/fd");
#endif
    // Where the system does not list them, a daemon that holds too much is better than none.
    if (directory == NULL) return;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char *end = NULL;
        long number = strtol(entry->d_name, &end, 10);
        if (end == entry->d_name || *end != 0 || number < 3 || number > 0x7FFFFFFF) continue;
        int flags = fcntl((int)number, F_GETFD);
        if (flags >= 0) (void)fcntl((int)number, F_SETFD, flags | FD_CLOEXEC);
    }
    closedir(directory);
}

int nanomq_spawn_in_session(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                            int descriptor) {
    withhold_descriptors();
    if (descriptor >= 0 && fcntl(descriptor, F_SETFD, 0) != 0) return errno;
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
