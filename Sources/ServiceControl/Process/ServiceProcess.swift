//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The process that holds a PID file or answers on a control socket, seen by another one.
public enum ServiceProcess {
    /// How an attempt to stop it went.
    public enum Outcome: Sendable, Equatable {
        /// There was none.
        case notRunning
        /// It has ended by itself after SIGTERM, and nothing of it is left.
        case stopped(pid: Int32)
        /// It had to be killed.
        case killed(pid: Int32)
        /// It still runs.
        case timedOut(pid: Int32)
    }

    /// How long a killed process may take to disappear.
    private static let killTimeout: Duration = .seconds(10)

    /// Sends SIGTERM to the holder of a PID file and waits for its end; then removes the file if it has been left.
    ///
    /// - Parameters:
    ///   - timeout: how long it may take.
    ///   - force: whether it is killed when the time is over.
    ///   - isStopping: whether it is known to be on its way already: the second SIGTERM would end it at once.
    /// - Throws: ``PIDFileError`` when the file cannot be looked at, the process is not to be seen from here, or
    ///   signals to it are not allowed.
    public static func stop(
        pidFile path: FilePath,
        timeout: Duration,
        force: Bool,
        isStopping: () -> Bool = { false }
    ) throws(PIDFileError) -> Outcome {
        guard let process = try self.holder(of: path) else {
            // Nothing of a dead one shall be taken for a living one by scripts that believe in files.
            try? PIDFile.removeStale(path)
            return .notRunning
        }
        let outcome: Outcome
        do throws(Errno) {
            outcome = try self.end(process, isStopping: isStopping(), timeout: timeout, force: force)
        } catch {
            throw .system("send a signal to process \(process.pid) of the PID file", path, error)
        }
        if case .timedOut = outcome { return outcome }
        try? PIDFile.removeStale(path)
        return outcome
    }

    /// Sends SIGTERM to the process that answers on a control socket and waits for its end: for when its PID file has
    /// been removed.
    ///
    /// One that does not answer is not signalled: nothing says that it is a broker.
    /// - Parameters:
    ///   - timeout: how long it may take.
    ///   - force: whether it is killed when the time is over.
    ///   - isStopping: whether it is on its way already, by its own status.
    /// - Throws: ``ControlError``, when somebody listens there, but not as a broker whom we may stop.
    public static func stop(
        controlSocket path: FilePath,
        timeout: Duration,
        force: Bool,
        isStopping: (ControlMessage) -> Bool = { _ in false }
    ) throws(ControlError) -> Outcome {
        guard let peer = try ControlPeer.find(at: path) else { return .notRunning }
        guard let process = peer.process else { throw .system("see the process behind", path, .noSuchProcess) }
        do throws(Errno) {
            return try self.end(process, isStopping: isStopping(peer.status), timeout: timeout, force: force)
        } catch {
            throw .system("send a signal to process \(process.pid) behind", path, error)
        }
    }

    private static func end(
        _ process: ProcessHandle,
        isStopping: Bool,
        timeout: Duration,
        force: Bool
    ) throws(Errno) -> Outcome {
        if !isStopping { try self.send(SIGTERM, to: process) }
        if process.waitForEnd(timeout: timeout) { return .stopped(pid: process.pid) }
        guard force else { return .timedOut(pid: process.pid) }
        try self.send(SIGKILL, to: process)
        guard process.waitForEnd(timeout: self.killTimeout) else { return .timedOut(pid: process.pid) }
        return .killed(pid: process.pid)
    }

    /// The process that holds the file; nil if none does.
    private static func holder(of path: FilePath) throws(PIDFileError) -> ProcessHandle? {
        for _ in 0..<32 {
            guard case .running(let pid) = try PIDFile.inspect(path) else { return nil }
            guard let pid else {
                throw .notAPIDFile(path, "its process cannot be seen from here, as if it were in another container")
            }
            do {
                let process = try ProcessHandle(pid: pid)
                // It held the file before and after we got hold of it: so it is this one.
                if try PIDFile.inspect(path) == .running(pid: pid) { return process }
            } catch let error as Errno {
                guard error == .noSuchProcess else { throw .system("reach the process of the PID file", path, error) }
            } catch let error as PIDFileError {
                throw error
            } catch {
                throw .system("reach the process of the PID file", path, .invalidArgument)
            }
        }
        throw .system("reach the process of the PID file", path, .resourceBusy)
    }

    private static func send(_ signal: Int32, to process: ProcessHandle) throws(Errno) {
        do throws(Errno) {
            try process.send(signal: signal)
        } catch {
            // It was faster.
            guard error == .noSuchProcess else { throw error }
        }
    }
}
