//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore

extension AccessControl {
    /// Whether a client that is connected may stay: what has let it in is still in the settings. That is its user with
    /// the same password, its connection, an authenticator that has accepted it, or that anonymous clients are allowed.
    ///
    /// No departed way may say no. The further authenticators are asked in their order; one that judges everybody says
    /// no to a client that has come before it was asked.
    public func mayStay(_ client: ClientInfo) -> Answer<Bool> {
        let snapshot = self.snapshot
        let departures = snapshot.settings.departures
        guard !departures.isEmpty else { return self.mayStay(client, snapshot) }
        return Answer<Bool?>.firstOpinion(of: departures[...], else: nil) {
            $0.mayStay(client)
        } isOpinion: {
            $0 == false
        }
        .then { $0 == false ? .now(false) : self.mayStay(client, snapshot) }
    }

    private func mayStay(_ client: ClientInfo, _ snapshot: AccessSnapshot) -> Answer<Bool> {
        let note = self.admissions.note(of: client)
        guard let byDefault = self.mayStayByDefault(client, note, snapshot) else { return .now(false) }
        return Answer<Bool?>.firstOpinion(of: snapshot.ways[...], else: nil) { way in
            way.authenticator.mayStay(client).then { word in
                Answer<Bool?>.now(word ?? Self.opinion(of: way, on: note))
            }
        } isOpinion: {
            $0 != nil
        }
        .then { .now($0 ?? byDefault) }
    }

    /// Whether a client may stay of whom no further authenticator has an opinion; nil: whatever they say, it may not.
    private func mayStayByDefault(
        _ client: ClientInfo,
        _ note: Admissions.Note?,
        _ snapshot: AccessSnapshot
    ) -> Bool? {
        if client.origin.userName != nil || note?.means == .method { return true }
        if let name = client.userName, let user = snapshot.users[UTF8String(name)] {
            let holds = note.map { $0.means == .user(since: user.since) } ?? (user.since == 0)
            return holds ? true : nil
        }
        var hasCredentials = client.userName != nil
        if case .way = note?.means { hasCredentials = true }
        // Credentials that are given are checked, if there is anything to check them against.
        return snapshot.settings.allowAnonymous && !(hasCredentials && snapshot.hasPasswordSource)
    }

    /// What follows for a client from what has let it in, if a further authenticator has no opinion of its own.
    private static func opinion(of way: AccessSnapshot.Way, on note: Admissions.Note?) -> Bool? {
        switch note?.means {
        case .way(way.number): true
        case .method: nil
        default: way.authenticator.judgesEverybody && (note?.generation ?? 0) < way.since ? false : nil
        }
    }
}
