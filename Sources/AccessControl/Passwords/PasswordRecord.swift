//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Crypto

/// What is stored of a user's password: itself, or its hash.
///
/// Its description does not tell the password, so a record may be part of something that is logged.
public struct PasswordRecord: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        case plain([UInt8])
        case hashed(PasswordHash)
    }

    let form: Form

    /// A password as it is.
    /// - Throws: if it is empty
    public init(plain password: String) throws(PasswordFormatError) {
        guard !password.isEmpty else { throw .empty }
        self.form = .plain(Array(password.utf8))
    }

    /// A hash.
    public init(_ hash: PasswordHash) {
        self.form = .hashed(hash)
    }

    /// Reads what a configuration or a password file holds: a hash if it has the form `$<scheme>$...`, otherwise the
    /// password itself. A plain password of the form of a hash cannot be stored; hash it.
    /// - Throws: what is wrong with the hash, or that there is nothing
    public init(parsing text: String) throws(PasswordFormatError) {
        if Self.looksHashed(text) {
            self.init(try PasswordHash(parsing: text))
        } else {
            try self.init(plain: text)
        }
    }

    /// `$`, letters or digits or dashes, `$`.
    private static func looksHashed(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "$") else { return false }
        let rest = text.utf8.dropFirst()
        guard let end = rest.firstIndex(of: UInt8(ascii: "$")), end > rest.startIndex else { return false }
        return rest[..<end].allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// Whether to verify it takes so long that an event loop may not do it.
    public var isSlow: Bool {
        switch form {
        case .plain, .hashed(.saltedSHA512): false
        case .hashed(.pbkdf2): true
        }
    }

    /// Whether a password is the right one; takes the same time wherever they differ.
    public func verify(_ password: [UInt8]) -> Bool {
        switch self.form {
        case .plain(let expected): PasswordDigest(expected) == PasswordDigest(password)
        case .hashed(let hash): hash.verify(password)
        }
    }
}

extension PasswordRecord: CustomStringConvertible, CustomReflectable {
    /// How it is stored, and nothing of the password.
    public var description: String {
        switch self.form {
        case .plain: "plain"
        case .hashed(let hash): hash.description
        }
    }

    /// Nothing: `dump` shall not print passwords either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A password's mark under a key that only this process knows.
///
/// Marks are compared instead of passwords: where two marks differ says nothing of where the passwords do.
struct PasswordDigest: Sendable, Equatable {
    private static let key = SymmetricKey(size: .bits256)
    private let code: HMAC<SHA256>.MAC

    init(_ password: [UInt8]) {
        self.code = HMAC<SHA256>.authenticationCode(for: password, using: Self.key)
    }
}
