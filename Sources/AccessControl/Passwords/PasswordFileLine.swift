//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A line of a password file, as it stands there.
struct PasswordFileLine: Sendable, Equatable {
    /// Without its line break.
    let text: String

    init(text: String) {
        self.text = text
    }

    init(user: String, password: PasswordHash) {
        self.text = "\(user):\(password.text)"
    }

    /// The lines of a file. A file that ends in a line break has no empty line behind it.
    static func lines(of text: String) -> [PasswordFileLine] {
        var parts = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { part in
            PasswordFileLine(text: String(Substring(part.last == UInt8(ascii: "\r") ? part.dropLast() : part)))
        }
    }

    /// Whether there is nothing, or a remark.
    var isBlank: Bool {
        self.text.utf8.first == UInt8(ascii: "#")
            || self.text.utf8.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private var colon: String.Index? { self.text.utf8.firstIndex(of: UInt8(ascii: ":")) }

    /// What stands before the first colon; nil without one.
    var user: String? { self.isBlank ? nil : self.colon.map { String(self.text[..<$0]) } }

    /// What stands behind the first colon; nil without one.
    var password: String? {
        self.isBlank ? nil : self.colon.map { String(self.text[self.text.utf8.index(after: $0)...]) }
    }

    /// Whether a name can stand in a file, and in CONNECT.
    static func isValid(user: String) -> Bool {
        (1...65_535).contains(user.utf8.count) && user.utf8.first != UInt8(ascii: "#")
            && user.utf8.contains { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            && user.utf8.allSatisfy {
                $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") && $0 != 0
            }
    }
}
