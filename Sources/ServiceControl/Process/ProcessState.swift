//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

#if os(Linux)
    /// What the kernel says of a process (proc(5), `/proc/<pid>/stat`).
    enum ProcessState {
        case alive
        /// It has ended, but its parent has not asked yet.
        case zombie

        /// - Returns: nil when there is no such process.
        init?(of pid: Int32) {
            guard let file = try? FileDescriptor.open("/proc/\(pid)/stat", .readOnly, options: .closeOnExec) else {
                return nil
            }
            defer { try? file.close() }
            var bytes = [UInt8](repeating: 0, count: 1024)
            guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
            // The name before it may hold spaces and parentheses, what follows may not.
            guard let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let state = bytes[..<count].dropFirst(end + 2).first
            self = state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") ? .zombie : .alive
        }
    }
#endif
