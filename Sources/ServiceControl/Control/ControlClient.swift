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

/// Asks a running broker.
public enum ControlClient {
    /// Sends a request and waits for the reply.
    ///
    /// - Parameters:
    ///   - timeout: for all of it.
    ///   - isActedUpon: whether the answer is not only shown, but done, such as run: then root takes it from no other
    ///     user either, who could have root do anything.
    /// - Throws: ``ControlError/noAnswer(_:_:)`` when nobody listens there or the time is over, and others.
    public static func send(
        _ request: ControlMessage,
        to path: FilePath,
        timeout: Duration = .seconds(30),
        isActedUpon: Bool = false
    ) throws(ControlError) -> ControlMessage {
        let deadline = ContinuousClock.now + timeout
        return try self.reporting(path) { () throws(Errno) in
            let file = try self.connect(to: path, timeout)
            defer { try? file.close() }
            let peer = try PeerCredentials(of: file)
            guard isActedUpon ? peer.isTrusted : peer.mayBeAsked else { throw Errno.notPermitted }
            return try self.exchange(request, on: file, until: deadline)
        }
    }

    /// A connection, for one request.
    static func connect(to path: FilePath, _ timeout: Duration) throws(Errno) -> FileDescriptor {
        let file = try UnixSocket.make(Int32(SOCK_STREAM.number))
        UnixSocket.setTimeout(file, timeout)
        do throws(Errno) {
            try UnixSocket.connect(file, to: path)
        } catch {
            try? file.close()
            throw error
        }
        return file
    }

    /// The request and its reply.
    ///
    /// - Throws: `Errno.invalidArgument` when what comes back is none.
    static func exchange(
        _ request: ControlMessage,
        on file: FileDescriptor,
        until deadline: ContinuousClock.Instant
    ) throws(Errno) -> ControlMessage {
        try self.write(Array(request.text.utf8), to: file)
        let bytes = try self.read(from: file, until: deadline)
        guard bytes.suffix(2) == [0x0A, 0x0A], let text = String(validating: bytes, as: UTF8.self),
            let reply = ControlMessage(text: String(text.dropLast()))
        else { throw Errno.invalidArgument }
        return reply
    }

    /// Says for what the errors of the parts stand.
    static func reporting<Result>(
        _ path: FilePath,
        _ body: () throws(Errno) -> Result
    ) throws(ControlError) -> Result {
        do throws(Errno) {
            return try body()
        } catch .notPermitted {
            throw .stranger(path)
        } catch .invalidArgument {
            throw .badReply(path)
        } catch .fileNameTooLong {
            throw .pathTooLong(path)
        } catch {
            throw .noAnswer(path, error == .resourceTemporarilyUnavailable ? .timedOut : error)
        }
    }

    /// Whether somebody listens there.
    static func isAnswered(_ path: FilePath) -> Bool {
        guard let file = try? UnixSocket.make(Int32(SOCK_STREAM.number)) else { return false }
        defer { try? file.close() }
        UnixSocket.setTimeout(file, .seconds(1))
        do throws(Errno) {
            try UnixSocket.connect(file, to: path)
            return true
        } catch {
            // Refused: the socket of a process that has gone. Anything else may be a living one that is busy.
            return ![.connectionRefused, .noSuchFileOrDirectory].contains(error)
        }
    }

    private static func write(_ bytes: [UInt8], to file: FileDescriptor) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Not `write`: it would raise SIGPIPE.
            let count = rest.withUnsafeBytes { Glue.send(file.rawValue, $0) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw Errno(rawValue: errno)
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func read(
        from file: FileDescriptor,
        until deadline: ContinuousClock.Instant
    ) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= ControlMessage.maximumReplySize {
            let left = deadline - ContinuousClock.now
            guard left > .zero else { throw .timedOut }
            UnixSocket.setTimeout(file, left)
            let count = buffer.withUnsafeMutableBytes { recv(file.rawValue, $0.baseAddress, $0.count, 0) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw Errno(rawValue: errno)
            }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        throw .invalidArgument
    }
}

private enum Glue {
    static func send(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(file, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL.number))
        #elseif canImport(Musl)
            Musl.send(file, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #else
            Darwin.send(file, bytes.baseAddress, bytes.count, 0)
        #endif
    }
}
