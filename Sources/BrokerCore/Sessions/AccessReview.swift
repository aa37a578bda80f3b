//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// The questions whether a client may still have what its session holds, while they are being asked.
///
/// An object, so that a late answer can tell whether it still belongs to what the session waits for: the session may
/// have gone, have come back to another client, or be asked about anew.
final class AccessReview {
    /// Whom the questions are about.
    let client: ClientInfo
    /// The connection that gets the session once it is settled what it may keep; nil: none waits.
    ///
    /// It forgets the review before it closes, so a review never keeps a connection that is gone.
    let connection: Connection?
    /// Subscriptions that have not been asked about.
    var remaining: ArraySlice<Session.Entry>
    /// A late answer is on its way.
    var isAwaiting = false
    /// About a subscription nobody could say anything.
    var isUnanswered = false
    /// Subscriptions taken away, and one of them.
    private(set) var revokedCount = 0
    private(set) var firstRevoked: TopicFilter?

    init(of session: Session, for client: ClientInfo, before connection: Connection?) {
        self.client = client
        self.connection = connection
        self.remaining = Array(session.entries.values)[...]
    }

    func noteRevoked(_ filter: TopicFilter) {
        self.revokedCount += 1
        if self.firstRevoked == nil { self.firstRevoked = filter }
    }
}
