//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import SystemPackage

/// Why a control socket cannot be used.
public enum ControlError: Error, Equatable, CustomStringConvertible {
    /// The path does not fit into a socket's address.
    case pathTooLong(FilePath)
    /// Another process answers there.
    case inUse(FilePath)
    /// What is there is no socket, and not ours to remove.
    case notASocket(FilePath)
    /// The directory will not do.
    case directory(PIDFileError)
    /// Nobody answers there.
    case noAnswer(FilePath, Errno)
    /// Who answers there is neither this user nor root, or may not be believed in this.
    case stranger(FilePath)
    /// What came back is not an answer.
    case badReply(FilePath)
    /// The system refused.
    case system(String, FilePath, Errno)

    /// For people.
    public var description: String {
        switch self {
        case .pathTooLong(let path):
            "\(path): longer than the path of a socket may be: choose another one with --control_socket."
        case .inUse(let path): "\(path): another process answers on this control socket."
        case .notASocket(let path): "\(path): this is not a socket: choose another path with --control_socket."
        case .directory(.untrustedDirectory(let path, let reason)):
            "\(path): \(reason): choose another place with --control_socket."
        case .directory(let error): error.description
        case .noAnswer(let path, let error): "\(path): no answer on the control socket: \(error)"
        case .stranger(let path): "\(path): the control socket belongs to another user."
        case .badReply(let path): "\(path): the answer on the control socket is not understood."
        case .system(let operation, let path, let error): "\(path): cannot \(operation): \(error)"
        }
    }
}
