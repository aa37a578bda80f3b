//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore

/// What the rules say of one client, found once and kept while it is connected and the rules are the same.
final class ClientAccess: Sendable {
    /// What decides which rules are about a client: its identifier, its user name, and where it comes from.
    let clientIdentifier: String
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
        self.clientIdentifier = client.clientIdentifier
        self.userName = client.userName
        self.host = client.peer.host
        self.names = names
        self.applicable = applicable
        self.firstForAllPublishes = firstForAllPublishes ?? .max
        self.firstForAllSubscriptions = firstForAllSubscriptions ?? .max
    }

    func isAbout(_ client: ClientInfo) -> Bool {
        guard self.clientIdentifier.hasSameBytes(as: client.clientIdentifier),
            self.host.hasSameBytes(as: client.peer.host)
        else { return false }
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
        let (left, right) = (self.utf8Span.span, other.utf8Span.span)
        guard left.count == right.count else { return false }
        for index in left.indices {
            guard left[index] == right[index] else { return false }
        }
        return true
    }
}
