//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Testing

@testable import BrokerCore

@Suite struct SharedGroupTests {
    private func address(_ slot: Int) -> SessionAddress {
        SessionAddress(shard: 0, slot: UInt32(slot), generation: 0)
    }

    private func group(_ strategy: SharedStrategy, members: Int, offline: Set<Int> = []) -> SharedGroup {
        let group = SharedGroup(filter: "$share/g/t", strategy: strategy)
        let subscription = Subscription(options: SubscriptionOptions(qos: .atLeastOnce))
        for slot in 0..<members {
            #expect(group.insert(self.address(slot), subscription, isOnline: !offline.contains(slot)))
        }
        return group
    }

    private func choose(_ group: SharedGroup, publisher: String? = nil, hash: UInt64 = 0) -> Int? {
        group.choose(publisher: publisher.map { UTF8String($0) }, topicHash: hash).map { Int($0.address.slot) }
    }

    @Test func roundRobinTakesTurns() {
        let group = self.group(.roundRobin, members: 3)
        #expect((0..<7).map { _ in self.choose(group) } == [0, 1, 2, 0, 1, 2, 0])
        // Whoever leaves costs nobody else their turn.
        #expect(group.remove(self.address(0)))
        #expect((0..<3).map { _ in self.choose(group) } == [1, 2, 1])
        #expect(!group.remove(self.address(0)))
    }

    @Test func stickyStaysUntilItsFavouriteGoes() {
        let group = self.group(.sticky, members: 3)
        let favourite = self.choose(group)
        for _ in 0..<5 { #expect(self.choose(group) == favourite) }
        group.setOnline(self.address(favourite ?? 0), false)
        let next = self.choose(group)
        #expect(next != favourite)
        group.setOnline(self.address(favourite ?? 0), true)
        #expect(self.choose(group) == next)
        group.move(self.address(next ?? 0), to: self.address(9))
        #expect(self.choose(group) == 9)
    }

    @Test func hashesChooseTheSameForTheSame() {
        let byClient = self.group(.hashClient, members: 5)
        let byTopic = self.group(.hashTopic, members: 5)
        for number in 0..<20 {
            let first = self.choose(byClient, publisher: "p\(number)", hash: 1)
            #expect(self.choose(byClient, publisher: "p\(number)", hash: UInt64(number) + 2) == first)
            #expect(self.choose(byTopic, publisher: "p\(number)", hash: UInt64(number)) == number % 5)
        }
        let chosen = Set((0..<200).map { self.choose(byClient, publisher: "p\($0)") })
        #expect(chosen.count == 5)
        #expect(self.choose(byClient) != nil, "the broker's own messages have no publisher")
    }

    @Test func randomReachesEverybody() {
        let group = self.group(.random, members: 4)
        #expect(Set((0..<500).map { _ in self.choose(group) }).count == 4)
    }

    @Test(arguments: [SharedStrategy.roundRobin, .random, .sticky, .hashClient, .hashTopic])
    func offlineMembersAreTheLastResort(_ strategy: SharedStrategy) {
        let group = self.group(strategy, members: 4, offline: [0, 1, 3])
        for number in 0..<20 { #expect(self.choose(group, publisher: "\(number)", hash: UInt64(number)) == 2) }
        #expect(group.choose(publisher: nil, topicHash: 0, excluding: self.address(2), onlineOnly: true) == nil)
        #expect(group.choose(publisher: nil, topicHash: 0, excluding: self.address(2)) != nil)
        group.setOnline(self.address(2), false)
        #expect(group.choose(publisher: nil, topicHash: 0, onlineOnly: true) == nil)
        #expect(self.choose(group) != nil, "when all are offline, one of their queues gets it")
        for slot in 0..<4 { #expect(group.remove(self.address(slot))) }
        #expect(self.choose(group) == nil)
        #expect(group.isEmpty)
    }

    @Test func subscribingAgainReplaces() {
        let group = self.group(.roundRobin, members: 1)
        let other = Subscription(options: SubscriptionOptions(qos: .exactlyOnce), identifier: 5)
        #expect(!group.insert(self.address(0), other, isOnline: true))
        #expect(group.choose(publisher: nil, topicHash: 0)?.subscription == other)
    }
}
