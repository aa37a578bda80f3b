//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// One definition as it was written, substitutions not yet resolved.
enum Syntax {
    /// A value that needs no resolving.
    case literal(HOCONValue)
    /// A list.
    case array(ArraySyntax)
    /// An object.
    case object(ObjectSyntax)
    /// `${path}` or `${?path}`.
    case substitution(SubstitutionSyntax)
    /// Values side by side, of which at least one is a substitution.
    case concatenation(ConcatenationSyntax)
    /// `+=`: one more element for the list defined before.
    case append(AppendSyntax)

    /// Whether the definition may need what was defined before it: to merge with, or to refer back to.
    var needsEarlier: Bool {
        switch self {
        case .literal: false
        case .array(let array): array.identity != nil
        case .object, .substitution, .concatenation, .append: true
        }
    }

    /// What tells the definition apart while it is being resolved; `nil` if it cannot refer to itself.
    var identity: Int? {
        switch self {
        case .literal, .object: nil
        case .array(let array): array.identity
        case .substitution(let substitution): substitution.identity
        case .concatenation(let concatenation): concatenation.identity
        case .append(let append): append.identity
        }
    }
}

/// The definitions of one value in the order in which they were written: the later ones win, or merge.
typealias Definitions = [Syntax]

/// A list as it was written.
struct ArraySyntax {
    var elements: [Definitions]
    /// Set if there are substitutions in the list.
    var identity: Int?
    var location: SourceLocation
}

/// A substitution as it was written.
struct SubstitutionSyntax {
    var path: [String]
    /// The path of the object into which the file was included: the substitution is looked up there first.
    var basePath: [String]
    var isOptional: Bool
    /// Whether an object stands beside it, so that it must be an object too.
    var mustBeObject = false
    var identity: Int
    var location: SourceLocation

    var name: String { path.joined(separator: ".") }
}

/// Values side by side as they were written.
struct ConcatenationSyntax {
    enum Piece {
        /// The text of a string, number, boolean or null.
        case text(String)
        /// The space between two pieces: part of a string, nothing between lists or objects.
        case space(String)
        case substitution(SubstitutionSyntax)
        case array(ArraySyntax)
    }

    var pieces: [Piece]
    var identity: Int
    var location: SourceLocation
}

/// An element to append, as it was written.
struct AppendSyntax {
    var element: Definitions
    var identity: Int
    var location: SourceLocation
}

/// An object as it was written. A class, for it is built up in place.
final class ObjectSyntax {
    struct Field {
        var keyLocation: SourceLocation
        var definitions: Definitions
    }

    var location: SourceLocation
    private(set) var keys: [String] = []
    private(set) var fields: [String: Field] = [:]

    init(at location: SourceLocation) {
        self.location = location
    }

    /// Adds definitions for a key; those that can no longer have an effect are forgotten.
    func define(_ key: String, _ definitions: Definitions, at keyLocation: SourceLocation) {
        var field: Field
        if let earlier = fields.removeValue(forKey: key) {
            field = earlier
            field.keyLocation = keyLocation
        } else {
            keys.append(key)
            field = Field(keyLocation: keyLocation, definitions: [])
        }
        for definition in definitions { Self.add(definition, to: &field.definitions) }
        fields[key] = field
    }

    /// Merges another object into this one, as if it had been written after it.
    func merge(_ other: ObjectSyntax) {
        for key in other.keys {
            guard let field = other.fields[key] else { continue }
            define(key, field.definitions, at: field.keyLocation)
        }
    }

    private static func add(_ definition: Syntax, to definitions: inout Definitions) {
        if case .object(let object) = definition {
            switch definitions.last {
            case .object(let last):
                last.merge(object)
                last.location = object.location
                return
            case .some(let last) where !last.needsEarlier:
                definitions.removeAll()
            default:
                break
            }
        } else if !definition.needsEarlier {
            definitions.removeAll()
        }
        definitions.append(definition)
    }
}
