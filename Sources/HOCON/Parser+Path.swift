//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Parser {
    /// Reads a path, `a.b."c.d"`. White space within belongs to the names; around it, it does not.
    mutating func parsePath(expecting: String) throws(HOCONError) -> [String] {
        let start = location
        var elements: [String] = []
        var name = ""
        var isQuoted = false
        var space = ""
        var isEmpty = true

        while let byte = cursor.byte {
            if cursor.spaceLength > 0 {
                space = cursor.skipSpace()
                continue
            }
            guard byte == .quote || cursor.isAtUnquoted else { break }
            if !isEmpty { name += space }
            space = ""
            isEmpty = false
            if byte == .quote {
                name += try parseQuoted()
                isQuoted = true
            } else if byte == .dot {
                guard isQuoted || !name.isEmpty else { throw HOCONError(.emptyPathElement, at: location) }
                elements.append(name)
                name = ""
                isQuoted = false
                cursor.advance()
            } else {
                let from = cursor.offset
                while cursor.isAtUnquoted, cursor.byte != .dot { cursor.advance() }
                name += cursor.text(from: from)
            }
        }

        if isEmpty { throw expected(expecting) }
        guard isQuoted || !name.isEmpty else { throw HOCONError(.emptyPathElement, at: location) }
        elements.append(name)
        guard elements.count <= HOCON.maximumNesting else {
            throw HOCONError(.limitExceeded(.nesting(HOCON.maximumNesting)), at: start)
        }
        return elements
    }

    /// Reads `${path}` or `${?path}`, the cursor being at the dollar.
    mutating func parseSubstitution() throws(HOCONError) -> SubstitutionSyntax {
        let start = location
        cursor.advance(2)
        let isOptional = cursor.byte == .question
        if isOptional { cursor.advance() }
        let path = try parsePath(expecting: "a path in the substitution")
        guard cursor.byte == .closeBrace else { throw expected("'}' after the path of the substitution") }
        cursor.advance()
        return SubstitutionSyntax(
            path: path,
            basePath: basePath,
            isOptional: isOptional,
            identity: session.nextIdentity(),
            location: start
        )
    }
}
