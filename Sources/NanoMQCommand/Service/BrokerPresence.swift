//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ServiceControl
import SystemPackage

/// Whether a broker runs, seen from outside.
///
/// The lock of its PID file says so. If there is no file, or nobody holds it, the control socket is asked: somebody may
/// have removed the file under a running broker, as those do who clean `/tmp`.
enum BrokerPresence {
    case none
    /// Nobody holds this PID file, and nobody answers.
    case stale(FilePath)
    /// - Parameters:
    ///   - pid: nil if it cannot be seen from here.
    ///   - file: the PID file that it holds; nil if the control socket has answered.
    case running(pid: Int32?, file: FilePath?)

    /// - Throws: when that cannot be told, as one is not allowed to look.
    init(at paths: ServicePaths) throws {
        let state = try paths.pidFile.map { try PIDFile.inspect($0) }
        if case .running(let pid)? = state {
            self = .running(pid: pid, file: paths.pidFile)
        } else if let peer = try paths.controlSocket.flatMap({ try ControlPeer.find(at: $0) }) {
            self = .running(pid: peer.pid, file: nil)
        } else if state == .stale, let file = paths.pidFile {
            self = .stale(file)
        } else {
            self = .none
        }
    }
}
