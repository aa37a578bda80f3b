//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What is wrong with a configuration text, and where.
///
/// An error never quotes a value of the text: a value may be a password.
public struct HOCONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where the problem was found.
    public var location: SourceLocation

    /// What the problem is.
    public var problem: Problem

    /// Makes an error; include loaders use it to report a file they could not read.
    public init(_ problem: Problem, at location: SourceLocation) {
        self.location = location
        self.problem = problem
    }

    /// `file:line:column: message`.
    public var description: String { "\(location): \(problem)" }
}

extension HOCONError {
    /// The kinds of problem.
    public enum Problem: Sendable, Equatable {
        /// The text does not follow the grammar here.
        case expected(String, found: Found)
        /// A quoted string holds an escape that JSON does not know, or half a surrogate pair.
        case invalidEscape
        /// A path such as `a..b` has an element without a name.
        case emptyPathElement
        /// A limit which protects the process was reached.
        case limitExceeded(Limit)
        /// A required substitution, `${path}`, names nothing.
        case undefinedSubstitution(path: String)
        /// A substitution leads back to itself.
        case substitutionCycle(path: String)
        /// Values of different kinds, such as a list and a string, stand side by side.
        case mixedConcatenation
        /// A file includes itself, directly or through others.
        case includeCycle(file: String)
        /// A file which was required is not there.
        case includeMissing(name: String)
        /// An include of a kind which is not offered: `url` or `classpath`.
        case includeUnsupported(kind: String)
        /// The loader could not read the file; the text says why.
        case includeFailed(name: String, reason: String)
        /// A value has another type than the reader wants.
        case wrongType(expected: String, found: HOCONValue.TypeName)
        /// A value has the right type, but cannot be read as what is wanted.
        case unreadable(expected: String)
        /// A value does not fit into the type which is to hold it.
        case overflow(expected: String)
    }

    /// What stands where something else was expected.
    public enum Found: Sendable, Equatable {
        /// One character.
        case character(Unicode.Scalar)
        /// The end of the line.
        case endOfLine
        /// The end of the text.
        case endOfText
    }

    /// The limits which protect the process from a hostile text.
    public enum Limit: Sendable, Equatable {
        /// Objects and lists within each other, or elements of a path.
        case nesting(Int)
        /// Substitutions which lead to substitutions.
        case substitutionDepth(Int)
        /// Steps of work while substitutions are resolved.
        case resolutionSteps(Int)
        /// Files which include each other.
        case includeDepth(Int)
        /// Files altogether.
        case includeCount(Int)
    }
}

extension HOCONError.Problem: CustomStringConvertible {
    /// The message, without the place.
    public var description: String {
        switch self {
        case .expected(let what, let found): "expected \(what), found \(found)"
        case .invalidEscape: "expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and a code point"
        case .emptyPathElement: "expected a name between the dots of the path (quote an empty name)"
        case .limitExceeded(let limit): "\(limit)"
        case .undefinedSubstitution(let path): "the substitution ${\(path)} names nothing; use ${?\(path)} if it may"
        case .substitutionCycle(let path): "the substitution ${\(path)} leads back to itself"
        case .mixedConcatenation: "expected values of one kind side by side: only strings, only lists or only objects"
        case .includeCycle(let file): "the file \(file) includes itself"
        case .includeMissing(let name): "the required file \(name) is not there"
        case .includeUnsupported(let kind):
            "expected include \"name\" or include file(\"name\"): \(kind)() is not offered"
        case .includeFailed(let name, let reason): "the file \(name) cannot be included: \(reason)"
        case .wrongType(let expected, let found): "expected \(expected), found \(found.rawValue)"
        case .unreadable(let expected): "expected \(expected)"
        case .overflow(let expected): "expected \(expected); the value is too large"
        }
    }
}

extension HOCONError.Found: CustomStringConvertible {
    /// The words for a message.
    public var description: String {
        switch self {
        case .character(let scalar): "'\(scalar.escaped(asASCII: false))'"
        case .endOfLine: "the end of the line"
        case .endOfText: "the end of the text"
        }
    }
}

extension HOCONError.Limit: CustomStringConvertible {
    /// The words for a message.
    public var description: String {
        switch self {
        case .nesting(let limit): "expected at most \(limit) levels of objects, lists and path elements"
        case .substitutionDepth(let limit): "expected at most \(limit) substitutions which lead to each other"
        case .resolutionSteps(let limit): "the substitutions need more than \(limit) steps to resolve"
        case .includeDepth(let limit): "expected at most \(limit) files which include each other"
        case .includeCount(let limit): "expected at most \(limit) included files"
        }
    }
}
