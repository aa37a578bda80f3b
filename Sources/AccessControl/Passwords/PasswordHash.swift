//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Crypto
import CryptoExtras

/// A hashed password, in the forms that mosquitto_passwd writes.
///
/// Swift's maintained packages have neither bcrypt nor Argon2, so PBKDF2 is the form to use.
public enum PasswordHash: Sendable, Hashable {
    /// PBKDF2 with HMAC-SHA-512 (RFC 8018, section 5.2): `$7$<iterations>$<salt>$<digest>`, in Base64.
    case pbkdf2(iterations: Int, salt: [UInt8], digest: [UInt8])
    /// One SHA-512 over password and salt: `$6$<salt>$<digest>`. It is read for compatibility and never written: it is
    /// far too cheap to guess.
    case saltedSHA512(salt: [UInt8], digest: [UInt8])

    /// Iterations that ``make(_:iterations:)`` uses if it is told nothing: about 10 ms of one core.
    public static let defaultIterations = 20_000
    /// The most iterations that are accepted, so that a file cannot keep a thread busy for more than about a second.
    public static let maximumIterations = 1_000_000

    private static let digestLength = 64
    /// The length that mosquitto 2.0 writes, so that it can read our files.
    private static let saltLength = 12
    private static let maximumSaltLength = 128

    /// Reads one of the forms.
    /// - Throws: what is wrong, without quoting it
    public init(parsing text: String) throws(PasswordFormatError) {
        let parts = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].isEmpty else { throw .unknownScheme }
        switch (String(Substring(parts[1])), parts.count) {
        case ("7", 5):
            guard let iterations = Int(Substring(parts[2])), iterations > 0 else { throw .malformed }
            guard iterations <= Self.maximumIterations else { throw .tooManyIterations }
            self = .pbkdf2(
                iterations: iterations,
                salt: try Self.salt(parts[3]),
                digest: try Self.digest(parts[4])
            )
        case ("6", 4):
            self = .saltedSHA512(salt: try Self.salt(parts[2]), digest: try Self.digest(parts[3]))
        case ("6", _), ("7", _): throw .malformed
        default: throw .unknownScheme
        }
    }

    private static func salt(_ text: some Collection<UInt8>) throws(PasswordFormatError) -> [UInt8] {
        guard let salt = Base64.decode(text), (1...Self.maximumSaltLength).contains(salt.count) else {
            throw .malformed
        }
        return salt
    }

    private static func digest(_ text: some Collection<UInt8>) throws(PasswordFormatError) -> [UInt8] {
        guard let digest = Base64.decode(text), digest.count == Self.digestLength else { throw .malformed }
        return digest
    }

    /// Hashes a password with a new salt. Takes its time: not for an event loop.
    /// - Parameter iterations: 1 to ``maximumIterations``; others are brought into that range
    public static func make(_ password: [UInt8], iterations: Int = defaultIterations) -> PasswordHash {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return self.make(password, iterations: iterations, salt: salt)
    }

    static func make(_ password: [UInt8], iterations: Int, salt: [UInt8]) -> PasswordHash {
        let iterations = min(max(iterations, 1), Self.maximumIterations)
        return .pbkdf2(
            iterations: iterations,
            salt: salt,
            digest: Self.derive(password, salt: salt, iterations: iterations)
        )
    }

    /// Whether it is the hash of a password. Takes its time: not for an event loop.
    public func verify(_ password: [UInt8]) -> Bool {
        switch self {
        case .pbkdf2(let iterations, let salt, let digest):
            return Self.isEqual(Self.derive(password, salt: salt, iterations: iterations), digest)
        case .saltedSHA512(let salt, let digest):
            return Self.isEqual(Array(SHA512.hash(data: password + salt)), digest)
        }
    }

    /// The form that a password file holds.
    public var text: String {
        switch self {
        case .pbkdf2(let iterations, let salt, let digest):
            "$7$\(iterations)$\(Base64.encode(salt))$\(Base64.encode(digest))"
        case .saltedSHA512(let salt, let digest):
            "$6$\(Base64.encode(salt))$\(Base64.encode(digest))"
        }
    }

    /// Empty if the library fails, which no digest is equal to.
    private static func derive(_ password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        let key = try? KDF.Insecure.PBKDF2.deriveKey(
            from: password,
            salt: salt,
            using: .sha512,
            outputByteCount: Self.digestLength,
            unsafeUncheckedRounds: iterations
        )
        return key.map { $0.withUnsafeBytes { Array($0) } } ?? []
    }

    /// Takes the same time whichever byte differs.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension PasswordHash: CustomStringConvertible {
    /// Only the scheme: a hash in a log is one to guess at.
    public var description: String {
        switch self {
        case .pbkdf2(let iterations, _, _): "PBKDF2-SHA512, \(iterations) iterations"
        case .saltedSHA512: "salted SHA-512"
        }
    }
}

/// Why a password's stored form cannot be used.
public enum PasswordFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no password.
    case empty
    /// The scheme between the first two `$` is not known.
    case unknownScheme
    /// The scheme is known, and what follows does not have its form.
    case malformed
    /// More iterations than ``PasswordHash/maximumIterations``.
    case tooManyIterations

    /// What is wrong; the stored form is not quoted.
    public var description: String {
        switch self {
        case .empty: "the password is empty"
        case .unknownScheme: "the password's hash is of an unknown scheme; known are $6$ and $7$"
        case .malformed: "the password's hash is malformed"
        case .tooManyIterations:
            "the password's hash asks for more than \(PasswordHash.maximumIterations) iterations"
        }
    }
}
