//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Synchronization

/// The members of one shared subscription, and whose turn it is.
///
/// Shared by all shards. Membership changes here do not make routes wrong: a route names the group, and the member
/// is chosen for each message.
final class SharedGroup: Sendable {
    struct Member: Sendable {
        var address: SessionAddress
        var subscription: Subscription
        var isOnline: Bool
    }

    private struct State {
        var members: [Member] = []
        var next = 0
        var favourite: SessionAddress?
    }

    /// The filter that makes a session a member, share and all.
    let filter: String
    private let state = Mutex(State())
    private let strategy: SharedStrategy

    init(filter: String, strategy: SharedStrategy) {
        self.filter = filter
        self.strategy = strategy
    }

    var isEmpty: Bool { self.state.withLock { $0.members.isEmpty } }

    /// Whether messages may have to be stored for one of the members.
    var hasStoredMember: Bool {
        self.state.withLock { $0.members.contains { $0.subscription.account != nil } }
    }

    /// Whether a message may go to one of the members.
    func contains(where isSuitable: (Member) -> Bool) -> Bool {
        self.state.withLock { $0.members.contains(where: isSuitable) }
    }

    /// What ``choose(publisher:topicHash:excluding:onlineOnly:hasRoom:)`` asks for a message that is to stay stored:
    /// members for whom it would be come first, those among them that have room before all.
    func keptFirst(_ hasRoom: ((Member) -> Bool)?) -> (Member) -> Bool {
        let isKept = { (member: Member) in
            member.subscription.account != nil && member.subscription.qos > .atMostOnce
        }
        guard let hasRoom, self.contains(where: { isKept($0) && hasRoom($0) }) else { return isKept }
        return { isKept($0) && hasRoom($0) }
    }

    /// - Returns: whether the session was no member before.
    func insert(_ address: SessionAddress, _ subscription: Subscription, isOnline: Bool) -> Bool {
        self.state.withLock { state in
            let member = Member(address: address, subscription: subscription, isOnline: isOnline)
            if let index = state.members.firstIndex(where: { $0.address == address }) {
                state.members[index] = member
                return false
            }
            state.members.append(member)
            return true
        }
    }

    func remove(_ address: SessionAddress) -> Bool {
        self.state.withLock { state in
            guard let index = state.members.firstIndex(where: { $0.address == address }) else { return false }
            state.members.remove(at: index)
            if index < state.next { state.next -= 1 }
            return true
        }
    }

    func move(_ old: SessionAddress, to new: SessionAddress) {
        self.state.withLock { state in
            guard let index = state.members.firstIndex(where: { $0.address == old }) else { return }
            state.members[index].address = new
            if state.favourite == old { state.favourite = new }
        }
    }

    func setOnline(_ address: SessionAddress, _ isOnline: Bool) {
        self.state.withLock { state in
            guard let index = state.members.firstIndex(where: { $0.address == address }) else { return }
            state.members[index].isOnline = isOnline
        }
    }

    /// The member that gets a message; nil: none is there for it.
    ///
    /// Members that are offline are chosen only when all are.
    ///
    /// - Parameters:
    ///   - excluded: a member that has just left with the message.
    ///   - onlineOnly: whether an offline member is no choice at all.
    ///   - hasRoom: whether a member can take the message; one that can't is chosen only when none can, and never with
    ///     `onlineOnly`. nil: all can.
    func choose(
        publisher: UTF8String?,
        topicHash: UInt64,
        excluding excluded: SessionAddress? = nil,
        onlineOnly: Bool = false,
        hasRoom: ((Member) -> Bool)? = nil
    ) -> Member? {
        self.state.withLock { state in
            let needsRoom: Bool
            if let hasRoom {
                needsRoom = state.members.contains { member in
                    member.address != excluded && (member.isOnline || !onlineOnly) && hasRoom(member)
                }
                // The offline one that has it now is better off with it.
                guard needsRoom || !onlineOnly else { return nil }
            } else {
                needsRoom = false
            }
            let isFree = { (member: Member) in
                member.address != excluded && (!needsRoom || hasRoom?(member) != false)
            }
            let onlineCount = state.members.count { $0.isOnline && isFree($0) }
            guard onlineCount > 0 || !onlineOnly else { return nil }
            let isCandidate = { (member: Member) in isFree(member) && (onlineCount == 0 || member.isOnline) }
            let count = onlineCount > 0 ? onlineCount : state.members.count(where: isFree)
            guard count > 0 else { return nil }
            if self.strategy == .sticky, let favourite = state.favourite,
                let member = state.members.first(where: { $0.address == favourite && isCandidate($0) })
            {
                return member
            }
            let start: Int
            switch self.strategy {
            case .roundRobin, .sticky: start = state.next
            case .random: start = Int.random(in: 0..<state.members.count)
            case .hashClient: start = Int(UInt(bitPattern: publisher?.hashValue ?? 0) % UInt(state.members.count))
            case .hashTopic: start = Int(truncatingIfNeeded: topicHash % UInt64(state.members.count))
            }
            for step in 0..<state.members.count {
                let index = (start + step) % state.members.count
                guard isCandidate(state.members[index]) else { continue }
                state.next = (index + 1) % state.members.count
                state.favourite = state.members[index].address
                return state.members[index]
            }
            return nil
        }
    }
}
