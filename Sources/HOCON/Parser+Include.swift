//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Parser {
    /// Reads an `include` if one stands here, and merges what it includes into `object`.
    ///
    /// `include` is a key like any other unless white space or a quote follows it.
    mutating func parseInclude(into object: ObjectSyntax) throws(HOCONError) -> Bool {
        let start = location
        var ahead = cursor
        guard ahead.take("include"), ahead.spaceLength > 0 || ahead.byte == .quote else { return false }
        ahead.skipSpace()
        cursor = ahead
        let isRequired = cursor.take("required(")
        cursor.skipSpace()
        let name = try parseIncludeName()
        if isRequired { try parseClosingParenthesis() }
        try include(
            IncludeRequest(name: name, includingFile: file, isRequired: isRequired, location: start),
            into: object
        )
        return true
    }

    private mutating func parseIncludeName() throws(HOCONError) -> String {
        if cursor.byte == .quote { return try parseQuoted() }
        for kind in ["url", "classpath"] where cursor.bytes[cursor.offset...].starts(with: (kind + "(").utf8) {
            throw HOCONError(.includeUnsupported(kind: kind), at: location)
        }
        guard cursor.take("file(") else {
            throw expected(
                "\"name\", file(\"name\") or required(...) after include (quote the word to use it as a key)"
            )
        }
        cursor.skipSpace()
        guard cursor.byte == .quote else { throw expected("a quoted file name") }
        let name = try parseQuoted()
        try parseClosingParenthesis()
        return name
    }

    private mutating func parseClosingParenthesis() throws(HOCONError) {
        cursor.skipSpace()
        guard cursor.byte == .closeParenthesis else { throw expected("')'") }
        cursor.advance()
    }

    private func include(_ request: IncludeRequest, into object: ObjectSyntax) throws(HOCONError) {
        session.includeCount += 1
        guard session.includeCount <= HOCON.maximumIncludeCount else {
            throw HOCONError(.limitExceeded(.includeCount(HOCON.maximumIncludeCount)), at: request.location)
        }
        guard let included = try session.include(request) else {
            if request.isRequired { throw HOCONError(.includeMissing(name: request.name), at: request.location) }
            return
        }
        guard !session.openFiles.contains(included.file) else {
            throw HOCONError(.includeCycle(file: included.file), at: request.location)
        }
        // The text which was parsed first is open too, but includes nothing by being there.
        guard session.openFiles.count <= HOCON.maximumIncludeDepth else {
            throw HOCONError(.limitExceeded(.includeDepth(HOCON.maximumIncludeDepth)), at: request.location)
        }
        session.openFiles.append(included.file)
        var parser = Parser(
            text: included.text,
            file: included.file,
            basePath: path,
            baseDepth: depth,
            session: session
        )
        object.merge(try parser.parseDocument())
        session.openFiles.removeLast()
    }
}
