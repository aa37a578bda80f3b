//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import MQTTCodec

/// The topics that a rule is about: a topic filter in which `${clientid}` and `${username}` stand for the client's own,
/// or, with `@` before it, one literal text.
///
/// `@#` is the subscription to exactly `#`; `@` itself is no part of it. What a client calls itself never widens a
/// match: values with `+`, `#`, `/` or U+0000, and values that start with `$` at the start of the pattern, match
/// nothing, and make a rule that denies deny everything.
public struct TopicPattern: Sendable, CustomStringConvertible {
    /// A part of a pattern's text.
    enum Piece: Sendable, Hashable {
        case text([UInt8])
        case clientIdentifier
        case userName
    }

    /// A level of a filter.
    enum Level: Sendable, Hashable {
        case literal([UInt8])
        /// `+`
        case single
        /// `#`
        case rest
        case pieces([Piece])
    }

    /// Levels that a pattern may have.
    public static let maximumLevels = 128

    /// The pattern as it was written.
    public let text: String
    let isLiteral: Bool
    /// All of it but the `@`.
    let pieces: [Piece]
    /// The levels of the filter, for a literal pattern those behind the prefix of a share; none if it is no filter.
    let levels: [Level]
    /// Whether the levels are all of it.
    let isFilter: Bool
    /// The levels as they are for every client, if there are no placeholders.
    let fixedLevels: [FilterRelation.Level]?

    /// Reads a pattern.
    /// - Throws: why it is none, with no part of it
    public init(_ text: String) throws(TopicPatternError) {
        let isLiteral = text.utf8.first == UInt8(ascii: "@")
        let body = Array(text.utf8.dropFirst(isLiteral ? 1 : 0))
        guard !body.isEmpty else { throw .empty }
        let pieces = try Self.pieces(of: body)
        // Any value will do for the placeholders: those that would change the meaning never come in.
        let example = pieces.flatMap { if case .text(let bytes) = $0 { bytes } else { [UInt8(ascii: "x")] } }
        let filter = try? TopicFilter(String(decoding: example, as: UTF8.self))
        guard let filter else {
            guard isLiteral else { throw .invalidFilter }
            self.init(text: text, isLiteral: true, pieces: pieces, levels: [], isFilter: false)
            return
        }
        guard isLiteral || filter.share == nil else { throw .sharedSubscription }
        guard filter.levelCount <= Self.maximumLevels else { throw .tooManyLevels }
        let prefix = filter.share.map { $0.isQueue ? 1 : 2 } ?? 0
        self.init(
            text: text,
            isLiteral: isLiteral,
            pieces: pieces,
            levels: Self.levels(of: pieces, behind: prefix),
            isFilter: prefix == 0
        )
    }

    private init(text: String, isLiteral: Bool, pieces: [Piece], levels: [Level], isFilter: Bool) {
        self.text = text
        self.isLiteral = isLiteral
        self.pieces = pieces
        self.levels = levels
        self.isFilter = isFilter
        self.fixedLevels = FilterRelation.levels(of: levels, for: nil)
    }

    /// Splits at the placeholders.
    private static func pieces(of body: [UInt8]) throws(TopicPatternError) -> [Piece] {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var rest = body[...]
        while let byte = rest.first {
            guard rest.starts(with: "${".utf8) else {
                literal.append(byte)
                rest = rest.dropFirst()
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw .unknownPlaceholder }
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = []
            switch String(decoding: rest[...end], as: UTF8.self) {
            case "${clientid}": pieces.append(.clientIdentifier)
            case "${username}": pieces.append(.userName)
            default: throw .unknownPlaceholder
            }
            rest = rest[(end + 1)...]
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        return pieces
    }

    /// Splits at the slashes. `+/#` at the start becomes `#`, which is the same: a topic has at least one level.
    private static func levels(of pieces: [Piece], behind prefix: Int) -> [Level] {
        var levels: [Level] = []
        var current: [Piece] = []
        func finish() {
            switch current.count {
            case 0: levels.append(.literal([]))
            case 1:
                if case .text(let bytes) = current[0] {
                    levels.append(Self.level(bytes))
                } else {
                    levels.append(.pieces(current))
                }
            default: levels.append(.pieces(current))
            }
            current = []
        }
        for piece in pieces {
            guard case .text(let bytes) = piece else {
                current.append(piece)
                continue
            }
            let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if index > 0 { finish() }
                if !part.isEmpty { current.append(.text(Array(part))) }
            }
        }
        finish()
        levels.removeFirst(min(prefix, levels.count))
        return levels == [.single, .rest] ? [.rest] : levels
    }

    private static func level(_ bytes: [UInt8]) -> Level {
        switch bytes {
        case [UInt8(ascii: "+")]: .single
        case [UInt8(ascii: "#")]: .rest
        default: .literal(bytes)
        }
    }

    /// Whether it contains `+` or `#`.
    var hasWildcards: Bool { self.levels.contains { $0 == .single || $0 == .rest } }

    /// The pattern as it was written.
    public var description: String { self.text }

    var usesClientIdentifier: Bool { self.pieces.contains(.clientIdentifier) }
    var usesUserName: Bool { self.pieces.contains(.userName) }
}

extension TopicPattern: Hashable {
    /// Compares bytes, not characters.
    public static func == (left: Self, right: Self) -> Bool {
        left.isLiteral == right.isLiteral && left.pieces == right.pieces
    }

    /// Hashes bytes, not characters.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.isLiteral)
        hasher.combine(self.pieces)
    }
}

/// Why a text is no pattern for topics.
public enum TopicPatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is nothing, or nothing behind the `@`.
    case empty
    /// It is no topic filter: a wildcard that is not alone in its level, `#` not at the end, or too long.
    case invalidFilter
    /// It starts with `$share/` or `$queue/`.
    case sharedSubscription
    /// A `${` that begins neither `${clientid}` nor `${username}`.
    case unknownPlaceholder
    /// It has more levels than ``TopicPattern/maximumLevels``.
    case tooManyLevels

    /// What is wrong.
    public var description: String {
        switch self {
        case .empty: "the topic is empty"
        case .invalidFilter: "not a topic filter"
        case .sharedSubscription:
            "rules are about the filter behind $share/<name>/; leave the prefix out, or put @ before it"
        case .unknownPlaceholder: "a placeholder that is neither ${clientid} nor ${username}"
        case .tooManyLevels: "more than \(TopicPattern.maximumLevels) levels"
        }
    }
}
