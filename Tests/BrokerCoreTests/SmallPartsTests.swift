//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

@Suite struct SmallPartsTests {
    // MARK: Time

    @Test func timersComeInOrderAndWhenDue() {
        var generator = SeededGenerator(seed: 3)
        var timers = Timers()
        let deadlines = (0..<500).map { _ in Int64.random(in: 0..<1000, using: &generator) }
        for (slot, deadline) in deadlines.enumerated() {
            timers.add(.will, slot: UInt32(slot), generation: 1, at: MonotonicTime(milliseconds: deadline))
        }
        var popped: [Int64] = []
        for now in stride(from: Int64(0), through: 1000, by: 100) {
            while let due = timers.popDue(at: MonotonicTime(milliseconds: now)) {
                #expect(due.deadline.milliseconds <= now && due.deadline.milliseconds > now - 100)
                #expect(deadlines[Int(due.slot)] == due.deadline.milliseconds)
                popped.append(due.deadline.milliseconds)
            }
        }
        #expect(popped == deadlines.sorted())
    }

    @Test func timeSaturates() {
        let late = MonotonicTime(milliseconds: .max - 5)
        #expect(late.adding(seconds: .max).milliseconds == .max)
        #expect(late.adding(milliseconds: 5).milliseconds == .max)
        let start = MonotonicTime(milliseconds: 0)
        #expect(start.adding(seconds: .max).milliseconds == 4_294_967_295_000)
        for (milliseconds, seconds) in [(-1, 0), (0, 0), (1, 1), (1000, 1), (1001, 2), (.max, .max)]
            as [(
                Int64, UInt32
            )]
        {
            #expect(start.seconds(until: MonotonicTime(milliseconds: milliseconds)) == seconds)
        }
        #expect(MonotonicTime(milliseconds: .min).seconds(until: MonotonicTime(milliseconds: .max)) == 0)
    }

    // MARK: Text

    @Test(arguments: [
        ("plain", #"plain"#), ("a\"b\\c", #"a\"b\\c"#), ("\u{0}\n\r\t\u{1F}", #"\u0000\u000a\u000d\u0009\u001f"#),
        ("\u{7F}\u{E9}e\u{301}\u{1F600}", "\u{7F}\u{E9}e\u{301}\u{1F600}"), ("", ""),
    ])
    func jsonEscapes(_ text: String, quoted: String) {
        var json = JSONObject()
        #expect(json.text == "{}")
        json.add(text, text)
        json.add("n", Int64.min)
        #expect(json.text.utf8.elementsEqual("{\"\(quoted)\":\"\(quoted)\",\"n\":-9223372036854775808}".utf8))
    }

    @Test func stringsAreTheirBytes() {
        let composed = UTF8String("\u{E9}")
        let decomposed = UTF8String("e\u{301}")
        #expect(composed.text == decomposed.text, "Swift's own equality")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, UTF8String("\u{E9}")]).count == 2)
        #expect(TopicLevels("/a//b/").count == 5)
        #expect(TopicLevels("a/\u{301}b").count == 2, "a slash before a combining mark is a slash")
    }

    @Test func messagesLeaveOutWhatBelongsToAConnection() throws {
        let message = try Message(
            topic: "t",
            payload: ByteBuffer(string: "p"),
            properties: [
                .topicAlias(1), .messageExpiryInterval(5), .contentType("c"), .subscriptionIdentifier(3),
                .payloadFormatIndicator(1),
            ],
            publisher: "who"
        )
        #expect(message.properties == [.contentType("c"), .payloadFormatIndicator(1)])
        #expect(message.payloadFormatIndicator == 1)
        #expect(message.byteCount == 1 + 4 + 2 + 1)
        #expect(!message.isExpired(at: MonotonicTime(milliseconds: .max)))
        for topic in ["", "a/+", "#", "a\u{0}"] {
            #expect(throws: MQTTError.self) { try Message(topic: topic, payload: ByteBuffer()) }
        }
    }

    // MARK: Tables

    @Test func slotsAreUsedAgainWithAnotherGeneration() {
        final class Thing {}
        var table = SlotTable<Thing>()
        var places: [(UInt32, UInt32)] = []
        let insert = { (table: inout SlotTable<Thing>) in
            table.insert { slot, generation in
                places.append((slot, generation))
                return Thing()
            }
        }
        let first = insert(&table)
        let second = insert(&table)
        #expect(table[0, 0] === first && table[1, 0] === second)
        table.remove(slot: 0, generation: 1)
        #expect(table.count == 2, "that was another generation")
        table.remove(slot: 0, generation: 0)
        table.remove(slot: 0, generation: 0)
        #expect(table.count == 1 && table[0, 0] == nil)
        let third = insert(&table)
        #expect(table[0, 0] == nil && table[0, 1] === third)
        #expect(places.map(\.0) == [0, 1, 0] && places.map(\.1) == [0, 0, 1])
        #expect(table[9, 0] == nil)
        #expect(table.all.count == 2)
    }

    @Test func theDirectoryTellsTenuresApart() {
        let directory = SessionDirectory()
        let client = UTF8String("c")
        let first = directory.claim(client, for: 0)
        #expect(first.before == nil)
        #expect(directory.claim(client, for: 0) == (first.now, first.now))
        let second = directory.claim(client, for: 1)
        #expect(second.before == first.now && second.now.shard == 1)
        let third = directory.claim(client, for: 0)
        #expect(third.before == second.now && third.now != first.now)
        directory.remove(client, endOf: first.now)
        #expect(directory.count == 1, "that tenure had ended before")
        directory.remove(client, endOf: third.now)
        #expect(directory.count == 0)
    }

    // MARK: Limits of connections

    @Test func connectionsAreLimited() throws {
        let broker = TestBroker(shards: 2) { $0.maximumConnections = 2 }
        let clients = (0..<3).map { broker.client("c\($0)", on: $0 % 2) }
        #expect(clients.map { $0.connection != nil } == [true, true, false])
        #expect(broker.metrics.connectionsAccepted == 2 && broker.metrics.connectionsRefused == 1)
        clients[0].drop()
        #expect(broker.client("d").connection != nil)
    }

    @Test func theRateOfConnectionsIsLimited() {
        let broker = TestBroker { $0.maximumConnectRate = 2 }
        let admitted = { (0..<4).count { _ in broker.client("c").connection != nil } }
        #expect(admitted() == 2)
        broker.advance(milliseconds: 999)
        #expect(admitted() == 0)
        broker.advance(milliseconds: 1)
        #expect(admitted() == 2)
    }
}
