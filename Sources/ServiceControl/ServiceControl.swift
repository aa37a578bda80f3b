//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a process does to be a service: its PID file, its control socket, its word to the service manager.
enum ServiceControl {}
