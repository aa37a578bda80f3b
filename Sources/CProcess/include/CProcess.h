//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#ifndef NANOMQ_CPROCESS_H
#define NANOMQ_CPROCESS_H

#include <sys/types.h>

// What Swift cannot call, because it is a macro, takes a variable number of arguments, or must be safe in a signal
// handler.

/// A descriptor that becomes readable when the process ends; -1 with errno where there is none (ENOSYS: not Linux).
int nanomq_pidfd_open(pid_t pid);

/// Sends a signal to the very process of the descriptor, never to one which got its number later.
int nanomq_pidfd_send_signal(int descriptor, int signal);

/// Runs a program in a session of its own, with the standard descriptors and this one; -1 for no other. What else is
/// open here, or was left open by who started this process, becomes close-on-exec: a daemon would hold it for life.
///
/// \return 0 and the process in `pid`, or an error number.
int nanomq_spawn_in_session(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                            int descriptor);

/// From now on writes the number of each SIGTERM, SIGINT, SIGHUP and SIGUSR1, as one byte, to `descriptor`, and ends
/// the process at once at the second SIGTERM or SIGINT, whatever its threads are doing. Ignores SIGPIPE.
///
/// \return 0, or -1 with errno.
int nanomq_signals_to(int descriptor);

#endif
