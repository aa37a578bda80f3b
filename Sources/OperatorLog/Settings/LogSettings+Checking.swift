//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension LogSettings {
    /// Refuses what cannot work.
    func check() throws(LogError) {
        if let file { try file.check() }
        if let syslog { try syslog.check() }
        if let rateLimit {
            guard rateLimit.equalLines >= 1, (1...86_400).contains(rateLimit.window.components.seconds),
                rateLimit.linesPerSecond.map({ $0 >= 1 }) ?? true
            else {
                throw .invalid("a rate limit needs at least one line, and a window of 1 s to 1 day")
            }
        }
    }
}

extension LogSettings.File {
    /// The file's whole path.
    var path: String { self.directory.hasSuffix("/") ? self.directory + self.name : self.directory + "/" + self.name }

    func check() throws(LogError) {
        guard !self.directory.isEmpty, !self.directory.utf8.contains(0) else {
            throw .invalid("a log file needs a directory")
        }
        guard !["", ".", ".."].contains(self.name),
            !self.name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
        else {
            throw .invalid("a log file needs a name without \"/\"")
        }
        guard self.maximumSize.map({ $0 >= 1024 }) ?? true else {
            throw .invalid("a log file's maximum size must be at least 1024 bytes")
        }
        guard self.interval.map({ $0 >= .seconds(1) }) ?? true, self.maximumAge.map({ $0 >= .seconds(1) }) ?? true
        else {
            throw .invalid("a log file's interval and maximum age must be at least a second")
        }
        guard (0...1000).contains(self.keptFiles) else {
            throw .invalid("0 to 1000 old log files can be kept")
        }
    }
}

extension LogSettings.Syslog {
    func check() throws(LogError) {
        let isPrintable = self.identifier.utf8.allSatisfy {
            (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: ":")
        }
        guard isPrintable, (1...32).contains(self.identifier.utf8.count) else {
            throw .invalid("a syslog identifier has 1 to 32 characters of ASCII, without a space, \"[\" and \":\"")
        }
        // What fits into the address of a Unix socket on all systems.
        guard (1...103).contains(self.path.utf8.count), !self.path.utf8.contains(0) else {
            throw .invalid("the path of a syslog socket has 1 to 103 bytes")
        }
    }
}
