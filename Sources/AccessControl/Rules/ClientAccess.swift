//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore

/// What the rules say of one client, found once and kept while it is connected and the rules are the same.
final class ClientAccess: Sendable {
    /// What decides, beside its identifier, which rules are about a client.
    let userName: String?
    let host: String

    let names: ClientNames
    /// The rules that are about it.
    let applicable: RuleMask
    /// The first of them that match all topics, by what the client does; `Int.max` if none does.
    let firstForAllPublishes: Int
    let firstForAllSubscriptions: Int

    init(
        _ client: ClientInfo,
        names: ClientNames,
        applicable: RuleMask,
        firstForAllPublishes: Int?,
        firstForAllSubscriptions: Int?
    ) {
        self.userName = client.userName
        self.host = client.peer.host
        self.names = names
        self.applicable = applicable
        self.firstForAllPublishes = firstForAllPublishes ?? .max
        self.firstForAllSubscriptions = firstForAllSubscriptions ?? .max
    }

    /// Whether a client with the same identifier is the same as far as rules go.
    func isAbout(_ client: ClientInfo) -> Bool {
        guard self.host.hasSameBytes(as: client.peer.host) else { return false }
        switch (self.userName, client.userName) {
        case (nil, nil): return true
        case (let mine?, let other?): return mine.hasSameBytes(as: other)
        default: return false
        }
    }
}

extension String {
    /// Compares bytes. `==` equates canonically equivalent texts, and these are different clients.
    func hasSameBytes(as other: String) -> Bool {
        // `==` is one comparison for short texts, and it is never false for equal bytes. Where it is true for others,
        // one of them is not ASCII; a single scalar that is equivalent to an ASCII one is longer.
        guard self == other, self.utf8.count == other.utf8.count else { return false }
        if self.utf8Span.isKnownASCII { return true }
        let (left, right) = (self.utf8Span.span, other.utf8Span.span)
        for index in left.indices {
            guard left[index] == right[index] else { return false }
        }
        return true
    }
}
