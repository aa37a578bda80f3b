//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import SystemPackage

/// The process that answers on a control socket: how a broker is found whose PID file somebody has removed.
public struct ControlPeer: Sendable {
    /// Its number, by the kernel's word; nil if it cannot be seen from here, as in another container.
    public var pid: Int32? { self.process?.pid }
    /// What it says of itself.
    public let status: ControlMessage
    let process: ProcessHandle?

    /// What it means that nobody is there: a path that cannot be bound to is the path of no broker either.
    private static let absences: [Errno] = [.noSuchFileOrDirectory, .notDirectory, .connectionRefused]

    /// Asks who answers on a control socket.
    ///
    /// - Parameter timeout: for all of it.
    /// - Returns: nil when nobody listens there.
    /// - Throws: ``ControlError``, when somebody listens, but does not answer as a broker, or may not be believed.
    public static func find(at path: FilePath, timeout: Duration = .seconds(2)) throws(ControlError) -> ControlPeer? {
        do throws(ControlError) {
            return try self.ask(path, timeout)
        } catch {
            switch error {
            case .noAnswer(_, let cause) where self.absences.contains(cause): return nil
            case .pathTooLong: return nil
            default: throw error
            }
        }
    }

    private static func ask(_ path: FilePath, _ timeout: Duration) throws(ControlError) -> ControlPeer {
        let deadline = ContinuousClock.now + timeout
        return try ControlClient.reporting(path) { () throws(Errno) in
            let place = try Place(of: path)
            let file = try ControlClient.connect(to: path, timeout)
            defer { try? file.close() }
            let peer = try PeerCredentials(of: file)
            guard peer.mayBeAsked, place.isOnly(of: peer) else { throw Errno.notPermitted }
            let process: ProcessHandle? = try peer.pid > 0 ? ProcessHandle(pid: peer.pid) : nil
            // It listened, and it answers after we got hold of a process of its number: so it is this one.
            let status = try ControlClient.exchange(ControlMessage("status"), on: file, until: deadline)
            guard status.head == ControlMessage.ok else { throw Errno.invalidArgument }
            return ControlPeer(status: status, process: process)
        }
    }

    /// Who could have chosen the socket that is behind a name.
    ///
    /// Nobody but root and the user of the process itself shall have. Else somebody could put a link to the socket of
    /// another one's broker in its place, and have that one stopped.
    private struct Place {
        private let socket: FileStatus
        private let directories: [FileStatus]

        /// To be made before the connection: what is another's then cannot have been made his afterwards.
        init(of path: FilePath) throws(Errno) {
            let parent = path.removingLastComponent()
            let directory: FilePath = parent.isEmpty ? "." : parent
            self.socket = try FileStatus(ofName: path)
            self.directories = [try FileStatus(ofName: directory), try FileStatus(following: directory)]
        }

        func isOnly(of peer: PeerCredentials) -> Bool {
            guard self.socket.kind == .socket, self.socket.owner == peer.user else { return false }
            return self.directories.allSatisfy { $0.owner == 0 || $0.owner == peer.user }
                && !self.directories.contains { $0.isChangeableByAll }
        }
    }
}
