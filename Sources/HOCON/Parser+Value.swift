//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Parser {
    /// One of the values which stand side by side.
    private enum Piece {
        case simple(HOCONValue)
        case space(String)
        case array(ArraySyntax)
        case object(ObjectSyntax)
        case substitution(SubstitutionSyntax)
    }

    /// Reads one value, or several side by side, up to the end of the line, a comma or a closing bracket.
    mutating func parseValue() throws(HOCONError) -> Definitions {
        let start = location
        var pieces: [Piece] = []
        var space = ""
        while let byte = cursor.byte, byte != .newline, !cursor.isAtComment {
            if byte == .comma || byte == .closeBrace || byte == .closeBracket { break }
            if cursor.spaceLength > 0 {
                space = cursor.skipSpace()
                continue
            }
            if !pieces.isEmpty, !space.isEmpty { pieces.append(.space(space)) }
            space = ""
            pieces.append(try parsePiece(byte))
        }
        guard let first = pieces.first else { throw expected("a value") }
        guard pieces.count > 1 else { return [single(first)] }
        return try join(pieces, at: start)
    }

    private mutating func parsePiece(_ byte: UInt8) throws(HOCONError) -> Piece {
        let start = location
        switch byte {
        case .quote:
            return .simple(HOCONValue(.string(try parseQuoted()), at: start))
        case .openBracket:
            return .array(try parseArray())
        case .openBrace:
            return .object(try parseObject())
        case .dollar where cursor.peek(1) == .openBrace:
            return .substitution(try parseSubstitution())
        default:
            return .simple(HOCONValue(try parseUnquoted(), at: start))
        }
    }

    /// Reads a number, `true`, `false`, `null` or an unquoted string.
    private mutating func parseUnquoted() throws(HOCONError) -> HOCONValue.Content {
        let start = cursor.offset
        // A number first: its exponent may have a plus sign, which an unquoted string may not.
        if let length = NumberGrammar.length(in: cursor.bytes, from: start) {
            var after = cursor
            after.advance(length)
            if !after.isAtUnquoted {
                cursor = after
                return .number(HOCONNumber(grammatical: cursor.text(from: start)))
            }
        }
        while cursor.isAtUnquoted { cursor.advance() }
        guard cursor.offset > start else {
            throw expected("a value (a string with this character must be quoted)")
        }
        switch cursor.text(from: start) {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        case let text: return .string(text)
        }
    }

    private func single(_ piece: Piece) -> Syntax {
        switch piece {
        case .simple(let value): .literal(value)
        // Spaces are only kept between other pieces, so none is ever alone.
        case .space(let text): .literal(HOCONValue(.string(text), at: location))
        case .array(let array): .array(array)
        case .object(let object): .object(object)
        case .substitution(let substitution): .substitution(substitution)
        }
    }

    /// Puts values which stand side by side together, as far as that can be done before substitutions are resolved.
    private func join(_ pieces: [Piece], at start: SourceLocation) throws(HOCONError) -> Definitions {
        let hasObject = pieces.contains {
            if case .object = $0 { true } else { false }
        }
        if hasObject { return try joinObjects(pieces, at: start) }

        var joined: [ConcatenationSyntax.Piece] = []
        for piece in pieces {
            switch piece {
            case .simple(let value): joined.append(.text(value.simpleText ?? ""))
            case .space(let space): joined.append(.space(space))
            case .array(let array): joined.append(.array(array))
            case .substitution(let substitution): joined.append(.substitution(substitution))
            case .object: throw HOCONError(.mixedConcatenation, at: start)
            }
        }
        let concatenation = ConcatenationSyntax(pieces: joined, identity: session.nextIdentity(), location: start)
        return [try concatenation.withoutSubstitutions(identity: session.nextIdentity) ?? .concatenation(concatenation)]
    }

    /// Objects side by side merge, which is what several definitions of one key do: so they become that.
    private func joinObjects(_ pieces: [Piece], at start: SourceLocation) throws(HOCONError) -> Definitions {
        var definitions: Definitions = []
        for piece in pieces {
            switch piece {
            case .space:
                continue
            case .object(let object):
                if case .some(.object(let last)) = definitions.last {
                    last.merge(object)
                } else {
                    definitions.append(.object(object))
                }
            case .substitution(var substitution):
                substitution.mustBeObject = true
                definitions.append(.substitution(substitution))
            case .simple, .array:
                throw HOCONError(.mixedConcatenation, at: start)
            }
        }
        return definitions
    }
}

extension ConcatenationSyntax {
    /// The string or list which the pieces come to if there is no substitution among them; `nil` if there is.
    fileprivate func withoutSubstitutions(identity: () -> Int) throws(HOCONError) -> Syntax? {
        var text = ""
        var texts = 0
        var list: ArraySyntax?
        for piece in pieces {
            switch piece {
            case .substitution:
                return nil
            case .space(let space):
                text += space
            case .text(let more):
                text += more
                texts += 1
            case .array(let array):
                if list == nil { list = ArraySyntax(elements: [], identity: nil, location: location) }
                list?.elements += array.elements
                if list?.identity == nil, array.identity != nil { list?.identity = identity() }
            }
        }
        guard let list else { return .literal(HOCONValue(.string(text), at: location)) }
        guard texts == 0 else { throw HOCONError(.mixedConcatenation, at: location) }
        return .array(list)
    }
}

extension HOCONValue {
    /// The text of a string, number, boolean or null as part of a longer string; `nil` for the others.
    var simpleText: String? {
        switch content {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let number): number.text
        case .string(let text): text
        case .array, .object: nil
        }
    }
}
