//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// An object of a configuration: members by key, in the order in which the keys first appear.
public struct HOCONObject: Sendable {
    /// A key with its value.
    public struct Member: Sendable {
        /// The key: one element of a path.
        public var key: String
        /// Where the key was last written.
        public var keyLocation: SourceLocation
        /// The value.
        public var value: HOCONValue

        /// Makes a member from its parts.
        public init(key: String, keyLocation: SourceLocation, value: HOCONValue) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    /// Where the object was last written.
    public var location: SourceLocation

    /// The members, in the order in which their keys first appear.
    public private(set) var members: [Member] = []

    private var positions: [String: Int] = [:]

    /// Makes an empty object.
    public init(at location: SourceLocation) {
        self.location = location
    }

    /// The value of a key, or `nil`. The key is one element of a path: dots in it are not looked at.
    public subscript(key: String) -> HOCONValue? {
        member(key)?.value
    }

    /// The member of a key, or `nil`.
    public func member(_ key: String) -> Member? {
        guard let position = positions[key], members.indices.contains(position) else { return nil }
        return members[position]
    }

    /// The value at a path, or `nil` if there is none or if a value on the way is no object.
    public func value(at path: some Sequence<String>) -> HOCONValue? {
        var current = HOCONValue(.object(self), at: location)
        for key in path {
            guard case .object(let object) = current.content, let next = object[key] else { return nil }
            current = next
        }
        return current
    }

    /// Sets a member; an earlier one of the same key is replaced in its place.
    public mutating func set(_ member: Member) {
        if let position = positions[member.key], members.indices.contains(position) {
            members[position] = member
        } else {
            positions[member.key] = members.count
            members.append(member)
        }
    }
}

extension HOCONObject: Equatable {
    /// Whether two objects have the same members; neither order nor places are compared.
    public static func == (left: HOCONObject, right: HOCONObject) -> Bool {
        left.members.count == right.members.count
            && left.members.allSatisfy { $0.value == right[$0.key] }
    }
}
