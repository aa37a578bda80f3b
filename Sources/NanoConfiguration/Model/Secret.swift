//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A text which nobody but its user may see: printing it, or what holds it, shows `******`.
public struct Secret: Sendable, Equatable {
    /// What stands for every secret.
    public static let mask = "******"

    /// The text itself.
    public var value: String

    /// Takes a text.
    public init(_ value: String) {
        self.value = value
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `******`.
    public var description: String { Self.mask }

    /// `******`.
    public var debugDescription: String { Self.mask }

    /// Nothing: `dump` and a printed structure must not show it either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
