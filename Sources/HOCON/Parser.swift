//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What the parsers of a text and of all it includes share.
final class ParseSession {
    let include: HOCON.IncludeLoader
    var openFiles: [String] = []
    var includeCount = 0
    private(set) var identities = 0

    init(include: @escaping HOCON.IncludeLoader) {
        self.include = include
    }

    /// A number no other definition has.
    func nextIdentity() -> Int {
        identities += 1
        return identities
    }
}

/// Reads one text into its syntax. Recursive, with the depth bounded by ``HOCON/maximumNesting``.
struct Parser {
    var cursor: Cursor
    let file: String
    let session: ParseSession
    /// Where the root of the text stands in the whole; empty in a list, for nothing in a list has a path.
    let basePath: [String]
    /// Where the object being read stands in the whole; `nil` in a list.
    var path: [String]?
    var depth: Int

    init(text: String, file: String, basePath: [String]?, baseDepth: Int, session: ParseSession) {
        cursor = Cursor(text)
        self.file = file
        self.session = session
        self.basePath = basePath ?? []
        path = basePath
        depth = baseDepth
    }

    var location: SourceLocation {
        SourceLocation(file: file, line: cursor.line, column: cursor.column)
    }

    func expected(_ what: String) -> HOCONError {
        HOCONError(.expected(what, found: cursor.found), at: location)
    }

    /// Reads the whole text. The braces around the root may be left out.
    mutating func parseDocument() throws(HOCONError) -> ObjectSyntax {
        cursor.skipBlank()
        guard cursor.byte == .openBrace else {
            if cursor.byte == .openBracket { throw expected("an object at the root") }
            let root = ObjectSyntax(at: location)
            try parseMembers(into: root, isBraced: false)
            return root
        }
        let root = try parseObject()
        cursor.skipBlank()
        guard cursor.isAtEnd else { throw expected("the end of the text after the closing '}' of the root") }
        return root
    }

    mutating func parseObject() throws(HOCONError) -> ObjectSyntax {
        let object = ObjectSyntax(at: location)
        try enter(1)
        cursor.advance()
        try parseMembers(into: object, isBraced: true)
        leave(1)
        return object
    }

    mutating func parseArray() throws(HOCONError) -> ArraySyntax {
        var array = ArraySyntax(elements: [], identity: nil, location: location)
        let identities = session.identities
        let outerPath = path
        path = nil
        try enter(1)
        cursor.advance()
        while true {
            cursor.skipBlank()
            if cursor.byte == .closeBracket { break }
            array.elements.append(try parseValue())
            try parseSeparator(closing: .closeBracket, expecting: "a comma, a new line or ']'")
        }
        cursor.advance()
        leave(1)
        path = outerPath
        // Only substitutions take numbers, or lists which hold some.
        if session.identities != identities { array.identity = session.nextIdentity() }
        return array
    }

    /// Steps into `levels` of nesting; there must be a `leave` for each.
    mutating func enter(_ levels: Int) throws(HOCONError) {
        guard depth + levels <= HOCON.maximumNesting else {
            throw HOCONError(.limitExceeded(.nesting(HOCON.maximumNesting)), at: location)
        }
        depth += levels
    }

    mutating func leave(_ levels: Int) {
        depth -= levels
    }

    private mutating func parseMembers(into object: ObjectSyntax, isBraced: Bool) throws(HOCONError) {
        let closing: UInt8? = isBraced ? .closeBrace : nil
        while true {
            cursor.skipBlank()
            if isBraced, cursor.byte == .closeBrace {
                cursor.advance()
                return
            }
            if cursor.isAtEnd, !isBraced { return }
            try parseMember(into: object)
            try parseSeparator(
                closing: closing,
                expecting: isBraced ? "a comma, a new line or '}'" : "a comma or a new line"
            )
        }
    }

    /// Steps over what separates two members or elements: a comma, new lines, or both.
    private mutating func parseSeparator(closing: UInt8?, expecting: String) throws(HOCONError) {
        let sawNewline = cursor.skipBlank()
        if cursor.byte == .comma {
            cursor.advance()
        } else if let byte = cursor.byte, byte != closing, !sawNewline {
            throw expected(expecting)
        } else if cursor.isAtEnd, closing != nil {
            throw expected(expecting)
        }
    }

    /// What follows a key may stand on a later line. If it does not, the cursor stays, so that the error is told there.
    private mutating func skipToAssignment() {
        cursor.skipSpace()
        var ahead = cursor
        ahead.skipBlank()
        switch ahead.byte {
        case .some(.openBrace), .some(.equals), .some(.colon), .some(.plus): cursor = ahead
        default: break
        }
    }

    private mutating func parseMember(into object: ObjectSyntax) throws(HOCONError) {
        if try parseInclude(into: object) { return }

        let keyLocation = location
        let key = try parsePath(expecting: "a key")
        guard let first = key.first else { throw expected("a key") }
        try enter(key.count - 1)
        let outerPath = path
        path = outerPath.map { $0 + key }

        skipToAssignment()
        var definitions: Definitions
        switch cursor.byte {
        case .some(.openBrace):
            definitions = try parseValue()
        case .some(.equals), .some(.colon):
            cursor.advance()
            cursor.skipBlank()
            definitions = try parseValue()
        case .some(.plus) where cursor.peek(1) == .equals:
            let location = location
            cursor.advance(2)
            cursor.skipBlank()
            let element = try parseValue()
            definitions = [
                .append(AppendSyntax(element: element, identity: session.nextIdentity(), location: location))
            ]
        default:
            throw expected("'=', ':', '+=' or '{' after the key")
        }

        path = outerPath
        leave(key.count - 1)
        for inner in key.dropFirst().reversed() {
            let wrapper = ObjectSyntax(at: keyLocation)
            wrapper.define(inner, definitions, at: keyLocation)
            definitions = [.object(wrapper)]
        }
        object.define(first, definitions, at: keyLocation)
    }
}
