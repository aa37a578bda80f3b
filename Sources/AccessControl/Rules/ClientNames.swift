//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore

/// What a client is called, as far as rules may put it into their topics.
struct ClientNames: Sendable {
    /// What a placeholder stands for.
    enum Value: Sendable, Equatable {
        /// The client has none.
        case absent
        /// It would change the meaning of the pattern it is put into.
        case hostile
        case usable([UInt8])

        init(_ text: String?) {
            guard let text else {
                self = .absent
                return
            }
            let isHostile = text.utf8.contains {
                $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "/") || $0 == 0
            }
            self = isHostile ? .hostile : .usable(Array(text.utf8))
        }
    }

    let clientIdentifier: Value
    let userName: Value

    init(clientIdentifier: String, userName: String?) {
        self.clientIdentifier = Value(clientIdentifier)
        self.userName = Value(userName)
    }

    init(_ client: ClientInfo) {
        self.init(clientIdentifier: client.clientIdentifier, userName: client.userName)
    }

    /// What a placeholder stands for where it stands. A name such as `$SYS` at the start would turn a pattern for the
    /// client's own topics into one for the broker's.
    private func value(of piece: TopicPattern.Piece, isFirst: Bool) -> Value {
        let value: Value
        switch piece {
        case .text(let bytes): return .usable(bytes)
        case .clientIdentifier: value = self.clientIdentifier
        case .userName: value = self.userName
        }
        if isFirst, case .usable(let bytes) = value, bytes.first == UInt8(ascii: "$") { return .hostile }
        return value
    }

    /// Pieces with the names in place; nil if one is missing or may not be put in.
    /// - Parameter isFirst: whether the pieces stand at the start of the pattern
    func fill(_ pieces: [TopicPattern.Piece], isFirst: Bool) -> [UInt8]? {
        var filled: [UInt8] = []
        for piece in pieces {
            guard case .usable(let bytes) = self.value(of: piece, isFirst: isFirst && filled.isEmpty) else {
                return nil
            }
            filled += bytes
        }
        return filled
    }

    /// Whether some bytes are these pieces with the names in place. Makes nothing: it is asked for each message.
    func matches(_ pieces: [TopicPattern.Piece], _ bytes: Span<UInt8>, isFirst: Bool) -> Bool {
        var offset = 0
        for piece in pieces {
            guard case .usable(let value) = self.value(of: piece, isFirst: isFirst && offset == 0),
                bytes.count - offset >= value.count
            else { return false }
            for index in value.indices {
                guard bytes[offset + index] == value[index] else { return false }
            }
            offset += value.count
        }
        return offset == bytes.count
    }

    /// Whether a pattern would have to take in a name that may not be put in.
    func isHostile(to pattern: TopicPattern) -> Bool {
        var isFirst = true
        for piece in pattern.pieces {
            switch self.value(of: piece, isFirst: isFirst) {
            case .hostile: return true
            // What follows an empty name at the start stands at the start too.
            case .usable(let bytes) where bytes.isEmpty: break
            case .usable, .absent: isFirst = false
            }
        }
        return false
    }
}
