//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads a password from a person, a pipe or a file.
enum PasswordPrompt {
    private static let maximumSize = 4096
    /// Ctrl-C and Ctrl-Z, as bytes.
    private static let interrupt: UInt8 = 0x03
    private static let suspend: UInt8 = 0x1A

    /// Twice without showing it from the terminal; else one line of standard input.
    static func ask() throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return try self.line(of: .standardInput) }
        let first = try self.withoutEcho { try self.line(of: .standardInput, after: "Password: ") }
        let second = try self.withoutEcho { try self.line(of: .standardInput, after: "Again: ") }
        guard first == second else { throw Failure("The passwords are not the same.") }
        return first
    }

    /// The first line of a file.
    static func read(file path: String) throws -> String {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter { try self.line(of: file) }
        } catch let error as Errno {
            throw Failure("\(path): cannot be read: \(error)")
        }
    }

    private static func line(of file: FileDescriptor, after prompt: String? = nil) throws -> String {
        if let prompt { _ = try? FileDescriptor.standardError.writeAll(prompt.utf8) }
        defer { if prompt != nil { Console.error("") } }
        var bytes: [UInt8] = []
        var byte: [UInt8] = [0]
        // One by one: what follows the line is not ours.
        while bytes.count <= self.maximumSize, try byte.withUnsafeMutableBytes({ try file.read(into: $0) }) == 1 {
            if byte[0] == 0x0A { break }
            if prompt != nil {
                // See `withoutEcho`: they come as bytes.
                if byte[0] == self.interrupt { throw Failure("Aborted.") }
                if byte[0] == self.suspend { continue }
            }
            bytes.append(byte[0])
        }
        if bytes.last == 0x0D { bytes.removeLast() }
        guard bytes.count <= self.maximumSize, !bytes.isEmpty else {
            throw Failure("The password has to be 1 to \(self.maximumSize) bytes.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("The password is not UTF-8.") }
        return text
    }

    /// Neither shows what is typed nor lets keys end or stop the process: it would leave a terminal that shows nothing.
    private static func withoutEcho<Result>(_ body: () throws -> Result) throws -> Result {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return try body() }
        var silent = settings
        silent.c_lflag &= ~(tcflag_t(ECHO) | tcflag_t(ISIG))
        // Ctrl-C ends the line, so that it is read at once.
        withUnsafeMutableBytes(of: &silent.c_cc) { $0[Int(VEOL)] = self.interrupt }
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) }
        return try body()
    }
}
