//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import BrokerCore
    import MQTTCodec

    /// A topic filter of a token, with placeholders for the client that shows it: `${clientid}` and `%c`, `${username}`
    /// and `%u`. `eq ` before it makes it literal: `eq a/+` is about the filter `a/+` itself.
    struct TopicTemplate: Sendable {
        /// The filter for one client.
        enum Filled: Sendable {
            case filter(TopicFilter)
            /// Only exactly this.
            case literal(String)
            /// The client has no such name: the rule is not about it.
            case nothing
            /// The client's name would make another filter of it.
            case hostile
        }

        private enum Piece: Sendable {
            case text(String)
            case clientIdentifier
            case userName
        }

        private static let names: [(String, Piece)] = [
            ("${clientid}", .clientIdentifier), ("%c", .clientIdentifier), ("${username}", .userName),
            ("%u", .userName),
        ]

        private let isLiteral: Bool
        private let pieces: [Piece]

        init(_ text: String) throws(JWTFault) {
            var rest = Substring(text).utf8
            self.isLiteral = rest.starts(with: "eq ".utf8)
            if self.isLiteral { rest = rest.dropFirst(3) }
            var pieces: [Piece] = []
            var start = rest.startIndex
            var index = start
            while index < rest.endIndex {
                guard let (name, piece) = Self.names.first(where: { rest[index...].starts(with: $0.0.utf8) }) else {
                    index = rest.index(after: index)
                    continue
                }
                if start < index { pieces.append(.text(String(Substring(rest[start..<index])))) }
                pieces.append(piece)
                index = rest.index(index, offsetBy: name.utf8.count)
                start = index
            }
            if start < rest.endIndex { pieces.append(.text(String(Substring(rest[start...])))) }
            self.pieces = pieces
            // With harmless names it has to be a filter.
            let sample = pieces.map { if case .text(let text) = $0 { text } else { "x" } }.joined()
            guard (try? TopicFilter(sample)) != nil else { throw .access }
        }

        func filled(for client: ClientInfo) -> Filled {
            var text = ""
            for piece in self.pieces {
                let value: String
                switch piece {
                case .text(let fixed):
                    text += fixed
                    continue
                case .clientIdentifier: value = client.clientIdentifier
                case .userName:
                    guard let userName = client.userName else { return .nothing }
                    value = userName
                }
                guard !value.isEmpty else { return .nothing }
                let isHostile = value.utf8.contains { byte in
                    byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "/") || byte == 0
                }
                // At the beginning, `$` would lead into `$SYS` or make a shared subscription of it.
                guard !isHostile, !text.isEmpty || value.utf8.first != UInt8(ascii: "$") else { return .hostile }
                text += value
            }
            if self.isLiteral { return .literal(text) }
            guard let filter = try? TopicFilter(text) else { return .hostile }
            return .filter(filter)
        }
    }
#endif
