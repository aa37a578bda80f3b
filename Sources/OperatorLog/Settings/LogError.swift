//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

/// Why a log cannot be kept as its settings want.
package enum LogError: Error, Equatable, CustomStringConvertible {
    /// A file cannot be opened or made.
    case cannotOpen(path: String, Errno)
    /// Settings that cannot work.
    case invalid(String)
    /// No thread could be started.
    case noThread(Errno)
    /// The log has been shut down.
    case isShutDown

    /// For people.
    package var description: String {
        switch self {
        case .cannotOpen(let path, .tooManySymbolicLinkLevels):
            "cannot open the log \(path): it is a symbolic link, which is not followed"
        case .cannotOpen(let path, let cause): "cannot open the log \(path): \(cause)"
        case .invalid(let what): what
        case .noThread(let cause): "cannot start the log's thread: \(cause)"
        case .isShutDown: "the log has been shut down"
        }
    }
}
