//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The configuration language HOCON, "Human-Optimized Config Object Notation": text in, tree out.
///
/// The language is the one of the specification of the Lightbend `config` library (`HOCON.md`), whole, with these
/// choices where that text leaves one or speaks of the Java platform:
///
/// - The root is an object. An empty text is an empty object.
/// - `include url(...)` and `include classpath(...)` are errors.
/// - Substitutions fall back to the `environment` given by the caller; there is no other fall-back.
/// - Limits on nesting and on the work of resolving protect the process; see ``HOCONError/Limit``.
public enum HOCON {
    /// How deep objects, lists and path elements may stand within each other.
    public static let maximumNesting = 64

    /// How deep files may include each other.
    public static let maximumIncludeDepth = 16

    /// How many files one text may include altogether.
    public static let maximumIncludeCount = 256

    /// How deep the resolving of substitutions and objects may go. This many levels fit into a stack of 512 KiB, which is
    /// what threads other than the first one have on some systems.
    static let maximumResolutionDepth = 96

    /// How many steps the resolving may take; a step is about one value, or 16 bytes of a string put together.
    static let maximumResolutionSteps = 1_000_000

    /// What gives the text of an included file.
    ///
    /// `nil` means that there is no such file, which is an error only if it was required. An error of its own stops
    /// the parse. A loader should bound the size of what it reads: the parser cannot.
    public typealias IncludeLoader = (IncludeRequest) throws(HOCONError) -> IncludedText?

    /// Parses a text and all it includes, and resolves the substitutions.
    ///
    /// The size of `text` is the caller's to bound: memory is proportional to it. Time and stack are bounded here.
    ///
    /// - Parameters:
    ///   - text: the configuration.
    ///   - file: the name of the text for locations, and what relative includes are relative to.
    ///   - environment: the values that substitutions fall back to.
    ///   - include: gives the text of included files; by default there are none.
    /// - Returns: the root object.
    /// - Throws: the first error, with its place and with what was expected there.
    public static func parse(
        _ text: String,
        file: String,
        environment: [String: String] = [:],
        include: @escaping IncludeLoader = { _ in nil }
    ) throws(HOCONError) -> HOCONObject {
        let session = ParseSession(include: include)
        session.openFiles.append(file)
        var parser = Parser(text: text, file: file, basePath: [], baseDepth: 0, session: session)
        let root = try parser.parseDocument()
        var resolver = Resolver(root: root, environment: environment)
        return try resolver.resolve()
    }
}

/// What an `include` asks for.
public struct IncludeRequest: Sendable, Equatable {
    /// The name as written.
    public var name: String

    /// The name of the file which includes.
    public var includingFile: String

    /// Whether the include says `required(...)`: then a missing file is an error.
    public var isRequired: Bool

    /// Where the `include` stands.
    public var location: SourceLocation

    /// Makes a request from its parts.
    public init(name: String, includingFile: String, isRequired: Bool, location: SourceLocation) {
        self.name = name
        self.includingFile = includingFile
        self.isRequired = isRequired
        self.location = location
    }

    /// The name made relative to the directory of the including file; an absolute name stays as it is.
    public var path: String {
        guard !name.hasPrefix("/"), let slash = includingFile.lastIndex(of: "/") else { return name }
        return includingFile[...slash] + name
    }
}

/// The text of an included file.
public struct IncludedText: Sendable, Equatable {
    /// The name of the file, for locations and for finding cycles: the same file should always get the same name.
    public var file: String

    /// The configuration.
    public var text: String

    /// Makes an included text from its parts.
    public init(file: String, text: String) {
        self.file = file
        self.text = text
    }
}
