//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore
import MQTTCodec
import NIOCore

extension AccessControl {
    /// Who a client is.
    public func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
        self.authenticate(request, self.snapshotToJudge, attempts: 3)
    }

    /// What is known of a client before the further authenticators are asked.
    private enum Standing: Sendable {
        /// It has proved who it is.
        case authenticated(AccessSnapshot.User?)
        /// It has proved nothing, and that is allowed.
        case anonymous
        /// Its user is not in the list.
        case unknown
        case refused(ReasonCode, AccessRefusal)
    }

    private func authenticate(
        _ request: AuthenticationRequest,
        _ snapshot: AccessSnapshot,
        attempts: Int
    ) -> Answer<AuthenticationVerdict> {
        guard !self.isBlocked(request.client, snapshot) else {
            return .now(self.refuse(request, snapshot, .connectionRateExceeded, .blockedAddress))
        }
        guard request.method == nil else {
            if case .connect = request.stage { self.admit(request.client, by: .method, snapshot) }
            return .now(.pass)
        }

        let answer = self.standing(of: request, snapshot).then { standing in
            self.complete(request, snapshot, standing)
        }
        guard case .later(let work) = answer else { return answer }
        return .later {
            let verdict = await work()
            let now = self.snapshot
            if now === snapshot { return verdict }
            // What was found out belongs to settings that do not hold any more.
            guard attempts > 1 else { return self.refuse(request, now, .serverBusy, .busy) }
            return await self.authenticate(request, now, attempts: attempts - 1).value()
        }
    }

    // MARK: Our own users

    private func standing(of request: AuthenticationRequest, _ snapshot: AccessSnapshot) -> Answer<Standing> {
        let client = request.client
        if client.origin.userName != nil { return .now(.authenticated(nil)) }
        guard client.userName != nil || request.password != nil else {
            return .now(
                snapshot.settings.allowAnonymous ? .anonymous : .refused(.notAuthorized, .noCredentials)
            )
        }
        guard snapshot.hasPasswordSource else {
            return .now(
                snapshot.settings.allowAnonymous ? .anonymous : .refused(.badUserNameOrPassword, .unknownUser)
            )
        }
        guard let name = client.userName, let user = snapshot.users[UTF8String(name)] else { return .now(.unknown) }
        guard let password = request.password else {
            return .now(.refused(.badUserNameOrPassword, .wrongPassword))
        }
        return self.check(user, Array(password.readableBytesView), client, snapshot)
    }

    private func check(
        _ user: AccessSnapshot.User,
        _ password: [UInt8],
        _ client: ClientInfo,
        _ snapshot: AccessSnapshot
    ) -> Answer<Standing> {
        guard user.record.isSlow else {
            return .now(
                user.record.verify(password)
                    ? .authenticated(user) : .refused(.badUserNameOrPassword, .wrongPassword)
            )
        }
        let digest = PasswordDigest(password)
        guard !user.isVerified(digest) else { return .now(.authenticated(user)) }
        return .later {
            switch await self.verify(user.record, password, client, snapshot) {
            case .right:
                user.noteVerified(digest)
                return .authenticated(user)
            case .wrong: return .refused(.badUserNameOrPassword, .wrongPassword)
            case .blocked: return .refused(.connectionRateExceeded, .blockedAddress)
            case .busy: return .refused(.serverBusy, .busy)
            }
        }
    }

    private enum SlowResult: Sendable {
        case right
        case wrong
        case blocked
        case busy
    }

    /// Checks a slow password when its turn comes, unless its address has failed too often meanwhile: of a thousand
    /// attempts at once only the first few are to cost anything.
    private func verify(
        _ record: PasswordRecord,
        _ password: [UInt8],
        _ client: ClientInfo,
        _ snapshot: AccessSnapshot
    ) async -> SlowResult {
        let isRight = await self.hashing.perform {
            !self.isBlocked(client, snapshot) && record.verify(password)
        }
        switch isRight {
        case true?: return .right
        case false?: return self.isBlocked(client, snapshot) ? .blocked : .wrong
        case nil: return .busy
        }
    }

    /// Refuses a user that does not exist, after as much work as for one that does.
    private func refuseUnknown(
        _ request: AuthenticationRequest,
        _ snapshot: AccessSnapshot
    ) -> Answer<AuthenticationVerdict> {
        let refusal: @Sendable () -> AuthenticationVerdict = {
            self.refuse(request, snapshot, .badUserNameOrPassword, .unknownUser)
        }
        guard snapshot.settings.authenticators.isEmpty, let password = request.password,
            let decoy = snapshot.decoy(for: request.client.userName ?? "")
        else { return .now(refusal()) }
        let bytes = Array(password.readableBytesView)
        guard decoy.isSlow else {
            _ = decoy.verify(bytes)
            return .now(refusal())
        }
        _ = PasswordDigest(bytes)
        return .later {
            switch await self.verify(decoy, bytes, request.client, snapshot) {
            case .right, .wrong: refusal()
            case .blocked: self.refuse(request, snapshot, .connectionRateExceeded, .blockedAddress)
            case .busy: self.refuse(request, snapshot, .serverBusy, .busy)
            }
        }
    }

    // MARK: The others

    /// A verdict, and whose it is.
    private struct Opinion: Sendable {
        let verdict: AuthenticationVerdict
        /// nil: nobody's.
        let way: AccessSnapshot.Way?

        init(_ verdict: AuthenticationVerdict, of way: AccessSnapshot.Way?) {
            self.verdict = verdict
            self.way = way
        }
    }

    private func complete(
        _ request: AuthenticationRequest,
        _ snapshot: AccessSnapshot,
        _ standing: Standing
    ) -> Answer<AuthenticationVerdict> {
        if case .refused(let reason, let refusal) = standing {
            return .now(self.refuse(request, snapshot, reason, refusal))
        }
        return Answer<Opinion>.firstOpinion(of: snapshot.ways[...], else: Opinion(.pass, of: nil)) { way in
            way.authenticator.authenticate(request).then { verdict in Answer<Opinion>.now(Opinion(verdict, of: way)) }
        } isOpinion: {
            if case .pass = $0.verdict { false } else { true }
        }
        .then { self.conclude($0, request, snapshot, standing) }
    }

    /// What becomes of a client by its standing and the opinion of the further authenticators.
    private func conclude(
        _ opinion: Opinion,
        _ request: AuthenticationRequest,
        _ snapshot: AccessSnapshot,
        _ standing: Standing
    ) -> Answer<AuthenticationVerdict> {
        let client = request.client
        switch (opinion.verdict, standing) {
        case (.refuse(let reason), _):
            let isGuess = opinion.way?.authenticator.guesses.contains(reason) ?? false
            let refusal = AccessRefusal.refusedByAuthenticator(reason)
            return .now(self.refuse(request, snapshot, reason, refusal, isGuess: isGuess))
        case (.accept, .authenticated(let user?)), (.pass, .authenticated(let user?)):
            self.admit(client, by: .user(since: user.since), snapshot)
            return .now(.accept())
        case (.accept, .authenticated(nil)):
            self.admit(client, by: .connection, snapshot)
            return .now(opinion.verdict)
        case (.pass, .authenticated(nil)):
            self.admit(client, by: .connection, snapshot)
            return .now(.accept())
        // If it passes: nobody has anything against it, and nobody has said that it is who it says; other extensions
        // may.
        case (.accept, .anonymous), (.pass, .anonymous):
            self.admit(client, by: .open, snapshot)
            return .now(opinion.verdict)
        case (.accept, .unknown):
            if let way = opinion.way { self.admit(client, by: .way(way.number), snapshot) }
            return .now(opinion.verdict)
        case (.pass, .unknown): return self.refuseUnknown(request, snapshot)
        default: return .now(opinion.verdict)
        }
    }

    /// Notes what has let a client in, where a later change of the settings could put that in doubt.
    private func admit(_ client: ClientInfo, by means: Admissions.Means, _ snapshot: AccessSnapshot) {
        let isInDoubt =
            switch means {
            case .way, .method: true
            case .user(let since): since > 0 || snapshot.newestJudge > 0
            // Who is not noted is taken for such a one, that has come under the first settings.
            case .open, .connection: snapshot.newestJudge > 0
            }
        self.admissions.admit(
            client,
            isInDoubt ? Admissions.Note(means: means, generation: snapshot.generation) : nil
        )
    }

    /// Refuses a client, counts that against its address if it may have been a guess, and tells of it.
    ///
    /// - Parameter isGuess: whether a further authenticator takes its refusal for one of a guess
    private func refuse(
        _ request: AuthenticationRequest,
        _ snapshot: AccessSnapshot,
        _ reason: ReasonCode,
        _ refusal: AccessRefusal,
        isGuess isGuessOfAuthenticator: Bool = false
    ) -> AuthenticationVerdict {
        let client = request.client
        self.onEvent(.refused(client, refusal))
        let isGuess =
            switch refusal {
            case .unknownUser, .wrongPassword: true
            // Who gave nothing has not guessed either.
            case .refusedByAuthenticator:
                isGuessOfAuthenticator && (client.userName != nil || request.password != nil)
            case .noCredentials, .blockedAddress, .busy: false
            }
        if isGuess, let limit = snapshot.settings.failureLimit, let key = FailureCounter.key(client.peer),
            let time = self.failures.noteFailure(key, limit)
        {
            self.onEvent(.blocked(address: client.peer.host, for: time))
        }
        return .refuse(reason)
    }

    private func isBlocked(_ client: ClientInfo, _ snapshot: AccessSnapshot) -> Bool {
        guard snapshot.settings.failureLimit != nil, let key = FailureCounter.key(client.peer) else { return false }
        return self.failures.isBlocked(key)
    }
}
