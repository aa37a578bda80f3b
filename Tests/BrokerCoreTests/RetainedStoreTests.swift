//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

@Suite struct RetainedStoreTests {
    private let start = MonotonicTime(milliseconds: 0)

    private func store(_ change: (inout BrokerSettings) -> Void = { _ in }) -> RetainedStore {
        var settings = BrokerSettings()
        change(&settings)
        return RetainedStore(settings: settings)
    }

    private func message(_ topic: String, _ text: String = "x", seconds: UInt32? = nil) throws -> Message {
        try Message(
            topic: topic,
            payload: ByteBuffer(string: text),
            isRetained: true,
            expiresAt: seconds.map { self.start.adding(seconds: $0) }
        )
    }

    private func topics(_ store: RetainedStore, _ filter: String, at seconds: UInt32 = 0) throws -> [String] {
        store.messages(matching: try TopicFilter(filter), at: self.start.adding(seconds: seconds))
            .map(\.topic).sorted()
    }

    @Test func thePlainMeaningHoldsForAnything() throws {
        var generator = SeededGenerator(seed: 2)
        let words = ["a", "b", "", "$x", "\u{E9}", "e\u{301}"]
        let store = self.store()
        var model: [UTF8String: Int] = [:]
        for number in 0..<3000 {
            let levels = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                words.randomElement(using: &generator) ?? ""
            }
            let topic = levels.joined(separator: "/")
            guard !topic.isEmpty else { continue }
            let isClearing = generator.once(in: 3)
            let outcome = store.store(try self.message(topic, isClearing ? "" : "\(number)"))
            model[UTF8String(topic)] = isClearing ? nil : number
            if case .refused = outcome { Issue.record("\(topic) was refused") }
        }
        #expect(store.count == model.count)
        #expect(store.byteCount == model.reduce(0) { $0 + $1.key.text.utf8.count + "\($1.value)".utf8.count })
        for _ in 0..<500 {
            var levels = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                generator.once(in: 2) ? "+" : words.randomElement(using: &generator) ?? ""
            }
            if generator.once(in: 2) { levels[levels.count - 1] = "#" }
            guard let filter = try? TopicFilter(levels.joined(separator: "/")) else { continue }
            let found = Set(store.messages(matching: filter, at: self.start).map { UTF8String($0.topic) })
            let expected = Set(model.keys.filter { filter.matches(topic: $0.text) })
            #expect(found == expected, "\(filter)")
        }
        for topic in model.keys {
            #expect(store.message(of: topic.text).map { String(buffer: $0.payload) } == model[topic].map { "\($0)" })
            _ = store.store(try self.message(topic.text, ""))
        }
        #expect(store.count == 0 && store.byteCount == 0)
        #expect(try self.topics(store, "#") == [])
    }

    @Test func clearingWhatIsNotThereDoesNothing() throws {
        let store = self.store()
        _ = store.store(try self.message("a/b"))
        for topic in ["a", "a/b/c", "c"] {
            guard case .unchanged = store.store(try self.message(topic, "")) else {
                Issue.record("\(topic)")
                return
            }
        }
        #expect(try self.topics(store, "#") == ["a/b"])
    }

    @Test func theNumberIsLimited() throws {
        let store = self.store { $0.maximumRetainedMessages = 2 }
        for topic in ["a", "b"] { _ = store.store(try self.message(topic)) }
        guard case .refused = store.store(try self.message("c")), case .stored = store.store(try self.message("a", "2"))
        else {
            Issue.record("a third was stored, or the first not replaced")
            return
        }
        _ = store.store(try self.message("b", ""))
        guard case .stored = store.store(try self.message("c")) else {
            Issue.record("there is room again")
            return
        }
        #expect(try self.topics(store, "#") == ["a", "c"])
    }

    @Test func theBytesAreLimited() throws {
        let store = self.store { $0.maximumRetainedBytes = 20 }
        _ = store.store(try self.message("a", "123456789"))
        guard case .refused = store.store(try self.message("b", "1234567890")),
            case .stored = store.store(try self.message("a", "1234567890123456789"))
        else {
            Issue.record("11 bytes fitted beside 10 in 20, or 20 in place of 10 did not")
            return
        }
        #expect(store.byteCount == 20)
        guard case .refused = store.store(try self.message("a", "12345678901234567890")) else {
            Issue.record("21 bytes were stored")
            return
        }
        #expect(store.byteCount == 20, "what was there stays")
        #expect(store.count == 1)
    }

    @Test func expiredMessagesAreNotFoundAndGo() throws {
        let store = self.store()
        _ = store.store(try self.message("a/short", seconds: 10))
        _ = store.store(try self.message("a/long", seconds: 20))
        _ = store.store(try self.message("a/ever"))
        for filter in ["#", "a/+", "a/#"] {
            #expect(try self.topics(store, filter, at: 9) == ["a/ever", "a/long", "a/short"])
            #expect(try self.topics(store, filter, at: 10) == ["a/ever", "a/long"])
        }
        #expect(store.expire(at: self.start.adding(seconds: 10)) == ["a/short"])
        #expect(store.count == 2)
        #expect(store.expire(at: self.start.adding(seconds: 1000)) == ["a/long"])
        #expect(store.count == 1)
    }

    @Test func whatReplacesAMessageHasItsOwnExpiry() throws {
        let store = self.store()
        for seconds in [10, 30, 20] as [UInt32] { _ = store.store(try self.message("a", seconds: seconds)) }
        #expect(store.expire(at: self.start.adding(seconds: 10)).isEmpty)
        #expect(store.count == 1)
        _ = store.expire(at: self.start.adding(seconds: 20))
        #expect(store.count == 0)
        _ = store.store(try self.message("a", seconds: 10))
        _ = store.store(try self.message("a"))
        #expect(store.expire(at: self.start.adding(seconds: 1000)).isEmpty)
        #expect(store.count == 1)
    }

    /// The entries of expiries that no longer matter do not pile up, and none that matters is lost.
    @Test func manyReplacementsStillExpire() throws {
        let store = self.store()
        for round in 0..<5000 as Range<UInt32> {
            _ = store.store(try self.message("a/\(round % 3)", seconds: 1000 + round))
        }
        _ = store.expire(at: self.start.adding(seconds: 1000 + 4998))
        #expect(store.count == 1)
        _ = store.expire(at: self.start.adding(seconds: 1000 + 4999))
        #expect(store.count == 0)
    }

    // MARK: Through the broker

    @Test func aRetainedMessageIsKeptUntilCleared() {
        let broker = TestBroker(shards: 2)
        let publisher = broker.connected("p")
        publisher.publish("a", "1", qos: .atLeastOnce, retain: true)
        publisher.publish("a", "2", qos: .atLeastOnce, retain: true)
        let late = broker.connected("late", on: 1)
        late.subscribe("a", qos: .atMostOnce)
        let messages = late.takeMessages()
        #expect(messages.map(\.text) == ["2"])
        #expect(messages.map(\.isRetained) == [true])
        #expect(messages.map(\.qos) == [.atMostOnce])
        publisher.publish("a", "", retain: true)
        #expect(late.takeMessages().map(\.isRetained) == [false], "routed like any other message")
        late.subscribe("a")
        #expect(late.takeTexts() == [])
        late.subscribe("$share/g/a")
        #expect(late.takeTexts() == [])
    }

    /// Deep topics take far more than their bytes: what they take is limited too, and given back.
    @Test func theTreeItselfIsLimited() throws {
        let store = self.store { $0.maximumRetainedBytes = 1 << 20 }
        let rest = String(repeating: "/a", count: 120)
        var stored: [String] = []
        for number in 0..<10_000 {
            let message = try Message(topic: "\(number)" + rest, payload: ByteBuffer(string: "x"), isRetained: true)
            guard case .stored = store.store(message) else { break }
            stored.append(message.topic)
        }
        // Two megabytes at about 31 KB a topic.
        #expect((40..<80).contains(stored.count))
        for topic in stored { _ = store.store(try Message(topic: topic, payload: ByteBuffer(), isRetained: true)) }
        let again = try Message(topic: "again" + rest, payload: ByteBuffer(string: "x"), isRetained: true)
        guard case .stored = store.store(again) else { return #expect(Bool(false), "there is room again") }
    }

    @Test func beyondTheLimitAMessageIsDeliveredButNotKept() {
        let broker = TestBroker { $0.maximumRetainedMessages = 1 }
        let live = broker.connected("live")
        live.subscribe("#")
        let publisher = broker.connected("p")
        publisher.publish("a", "1", qos: .atLeastOnce, retain: true)
        publisher.publish("b", "2", qos: .atLeastOnce, retain: true)
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success, .success])
        #expect(live.takeTexts() == ["1", "2"])
        let late = broker.connected("late")
        late.subscribe("#")
        #expect(late.takeTexts() == ["1"])
        #expect(broker.metrics.retainedRefused == 1)
    }

    @Test func whatRemainsOfTheExpiryIsSent() {
        let broker = TestBroker()
        broker.connected("p").publish("a", "1", retain: true, properties: [.messageExpiryInterval(100)])
        broker.advance(milliseconds: 40_500)
        let late = broker.connected("late")
        late.subscribe("a")
        #expect(late.takeMessages().map(\.properties.messageExpiryInterval) == [60])
        broker.advance(seconds: 60)
        #expect(broker.state.retainedCount == 0)
    }
}
