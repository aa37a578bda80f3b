//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import CProcess
import Synchronization
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A process that has left its terminal, and the one that started it and waits for its word.
///
/// A process with threads cannot fork safely. So the program is run again, with the same arguments, in a session of its
/// own, and finds in its environment the descriptor on which to say that it is ready. Until then it has the standard
/// output and error of the first, so whatever it has to say is read there.
public final class Daemon: Sendable {
    static let variable = "NANOMQ_READY_DESCRIPTOR"
    private static let word = Array("ready\n".utf8)

    private let status: Mutex<FileDescriptor?>

    private init(_ status: FileDescriptor) {
        self.status = Mutex(status)
    }

    /// How the start of a daemon ended.
    public enum Outcome: Sendable, Equatable {
        /// It runs, and said that it is ready.
        case ready(pid: Int32)
        /// It ended before, with this exit code.
        case exited(code: Int32)
        /// It was ended before, by this signal.
        case signalled(number: Int32)
    }

    /// Runs this program again as a daemon and waits until it is ready or has ended.
    ///
    /// - Parameter arguments: without the program's name.
    public static func start(arguments: [String]) throws(Errno) -> Outcome {
        let pipe: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
        do {
            pipe = try FileDescriptor.pipe()
        } catch {
            throw error as? Errno ?? .ioError
        }
        defer { try? pipe.readEnd.close() }
        let pid: Int32
        do {
            defer { try? pipe.writeEnd.close() }
            _ = fcntl(pipe.readEnd.rawValue, F_SETFD, FD_CLOEXEC)
            pid = try self.spawn([CommandLine.arguments.first ?? "nanomq"] + arguments, ready: pipe.writeEnd)
        }
        // It ends with the word, or with the end of all who could say it.
        var said: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64)
        while said.count < 64 {
            let count = buffer.withUnsafeMutableBytes { Glue.read(pipe.readEnd.rawValue, $0) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            said += buffer.prefix(count)
            if said == self.word { return .ready(pid: pid) }
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
        // WIFEXITED and its kin are macros, which Swift does not see.
        let signal = status & 0x7F
        return signal == 0 ? .exited(code: (status >> 8) & 0xFF) : .signalled(number: signal)
    }

    /// The daemon side: nil if this process is not started as one. To be asked once, before other threads run.
    public static func inherited() -> Daemon? {
        guard let value = getenv(self.variable) else { return nil }
        let text = String(cString: value)
        unsetenv(self.variable)
        guard let number = Int32(text), number > 2, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        return Daemon(FileDescriptor(rawValue: number))
    }

    /// Leaves the terminal, and says that it is ready. It stays in its directory: paths in a configuration are relative
    /// to it, also when they are read again.
    public func ready() throws(Errno) {
        guard let status = self.status.withLock({ $0.take() }) else { return }
        defer { try? status.close() }
        do {
            let null = try FileDescriptor.open("/dev/null", .readWrite)
            for standard in [FileDescriptor.standardInput, .standardOutput, .standardError] {
                _ = try null.duplicate(as: standard)
            }
            if null.rawValue > 2 { try null.close() }
        } catch {
            throw error as? Errno ?? .ioError
        }
        // Should the one who waits have gone, the daemon runs all the same.
        _ = try? status.writeAll(self.wordToSay)
    }

    private var wordToSay: [UInt8] { Self.word }

    /// - Parameter ready: what it gets to say that it is ready; nothing else that is open here, nor what the caller has
    ///   left open, such as a lock for as long as the command runs.
    private static func spawn(_ arguments: [String], ready: FileDescriptor) throws(Errno) -> Int32 {
        #if os(Linux)
            // The very program that runs, also if its file has been replaced meanwhile.
            let program = "/proc/self/exe"
        #else
            let program = CommandLine.arguments.first ?? "nanomq"
        #endif
        let variables = ProcessVariables.all + ["\(self.variable)=\(ready.rawValue)"]
        var arguments = arguments.map { strdup($0) } + [nil]
        var values = variables.map { strdup($0) } + [nil]
        defer { (arguments + values).forEach { free($0) } }
        var pid: pid_t = 0
        let error = nanomq_spawn_in_session(&pid, program, &arguments, &values, ready.rawValue)
        guard error == 0 else { throw Errno(rawValue: error) }
        return pid
    }
}

private enum Glue {
    static func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }
}
