//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import SystemPackage

/// Why a PID file is not ours.
public enum PIDFileError: Error, Equatable, CustomStringConvertible {
    /// A running process holds it; its number is nil if it lives in another PID namespace or hides it.
    case alreadyRunning(pid: Int32?)
    /// Strangers may change what is in this directory.
    case untrustedDirectory(FilePath, String)
    /// Something else has this name, and it is not ours to replace.
    case notAPIDFile(FilePath, String)
    /// The system refused.
    case system(String, FilePath, Errno)

    /// For people.
    public var description: String {
        switch self {
        case .alreadyRunning(let pid?): "NanoMQ is already running (PID \(pid))."
        case .alreadyRunning(nil): "NanoMQ is already running: another process holds the PID file."
        case .untrustedDirectory(let path, let reason): "\(path): \(reason): choose another place with --pid_file."
        case .notAPIDFile(let path, let reason): "\(path): \(reason): choose another place with --pid_file."
        case .system(let operation, let path, let error): "\(path): cannot \(operation): \(error)"
        }
    }

    /// Whether the place is to blame: nothing may be written there, or nothing there can be relied on.
    public var isPlaceUnusable: Bool {
        switch self {
        case .untrustedDirectory: true
        case .system(_, _, let error):
            [.permissionDenied, .notPermitted, .readOnlyFileSystem, .noSuchFileOrDirectory, .notDirectory]
                .contains(error)
        case .alreadyRunning, .notAPIDFile: false
        }
    }
}
