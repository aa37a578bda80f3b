//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@Suite("Topics")
struct TopicFilterTests {
    @Test(
        "filters are parsed",
        arguments: [
            ("a", 1, false), ("/", 2, false), ("//", 3, false), ("a/b/c", 3, false), ("#", 1, true), ("+", 1, true),
            ("+/+", 2, true), ("/+", 2, true), ("+/", 2, true), ("/#", 2, true), ("a/+/b/#", 4, true),
            ("$SYS/#", 2, true),
            (" ", 1, false), ("$share", 1, false), ("$queue", 1, false), ("$shared/a", 2, false),
            ("é/\u{1F600}", 2, false),
        ]
    )
    func parses(_ text: String, _ levels: Int, _ hasWildcards: Bool) throws {
        let filter = try TopicFilter(text)
        #expect(filter.text == text)
        #expect(filter.filter == text)
        #expect(filter.share == nil)
        #expect(filter.levelCount == levels)
        #expect(filter.levels.count == levels)
        #expect(filter.levels.joined(separator: "/") == text)
        #expect(filter.hasWildcards == hasWildcards)
        #expect("\(filter)" == text)
    }

    @Test(
        "shares are parsed",
        arguments: [
            ("$share/g/a", "g", "a", false), ("$share/g/#", "g", "#", false), ("$share/g//", "g", "/", false),
            ("$share/a b/x/+", "a b", "x/+", false), ("$queue/a/b", "", "a/b", true), ("$queue/#", "", "#", true),
            ("$queue//", "", "/", true), ("$share/$share/a", "$share", "a", false),
        ]
    )
    func parsesShares(_ text: String, _ group: String, _ rest: String, _ isQueue: Bool) throws {
        let filter = try TopicFilter(text)
        #expect(filter.text == text)
        #expect(filter.filter == rest)
        #expect(filter.share?.group == group)
        #expect(filter.share?.isQueue == isQueue)
        #expect(filter.levelCount == rest.split(separator: "/", omittingEmptySubsequences: false).count)
    }

    @Test(
        "bad filters are refused",
        arguments: [
            "", "a#", "#a", "a/#/b", "##", "#/", "/#/", "a+", "+a", "a/b+/c", "++", "+#", "a/+b", "\0", "a/\0",
            "$share/", "$share/x", "$share//t", "$share/g/", "$share/+/t", "$share/#/t", "$share/a+b/t", "$share/g/a#",
            "$share/\0/t", "$queue/", "$queue/a#", String(repeating: "a", count: 65_536),
        ]
    )
    func refuses(_ text: String) {
        let error = #expect(throws: MQTTError.self) { try TopicFilter(text) }
        #expect(error?.reason == .topicFilterInvalid)
    }

    @Test(
        "filters match",
        arguments: [
            ("a", "a"), ("a/b", "a/b"), ("#", "a"), ("#", "a/b/c"), ("#", "/"), ("#", "/a"), ("+", "a"), ("+/+", "/a"),
            ("+/+", "a/"), ("/+", "/a"), ("+/", "a/"), ("a/#", "a"), ("a/#", "a/"), ("a/#", "a/b/c"), ("a/+", "a/"),
            ("a/+", "a/b"), ("a/+/c", "a/b/c"), ("a/+/#", "a/b"), ("a/+/#", "a/b/c/d"), ("+/b/#", "a/b"),
            ("$SYS/#", "$SYS"), ("$SYS/#", "$SYS/a"), ("$SYS/+", "$SYS/a"), ("a/#", "a/$b"), ("a/+", "a/$b"),
            ("//", "//"),
            ("+//+", "a//b"), ("$share/g/a/+", "a/b"), ("$queue/a/+", "a/b"), ("/#", "/"), ("+/#", "a"),
            ("sport/tennis/player1/#", "sport/tennis/player1"),
        ]
    )
    func matches(_ filter: String, _ topic: String) throws {
        #expect(try TopicFilter(filter).matches(topic: topic))
    }

    @Test(
        "filters do not match",
        arguments: [
            ("a", "b"), ("a", "A"), ("a", "a/"), ("a", "/a"), ("a/", "a"), ("a/b", "a"), ("a", "a/b"), ("+", "a/b"),
            ("+", "/a"), ("a/+", "a"), ("a/+", "a/b/c"), ("a/#", "ab"), ("a/#", "b"), ("ab", "a"), ("a", "ab"),
            ("a/+/c", "a/b/d"), ("a/+/c", "a/c"), ("#", "$SYS"), ("#", "$SYS/a"), ("+", "$a"), ("+/a", "$SYS/a"),
            ("+/#", "$SYS/a"), ("/#", "a"), ("$share/g/#", "$SYS/a"), ("a/+/#", "a"), ("#", ""), ("+", ""),
            // The same character, composed and decomposed: other bytes, another topic.
            ("\u{E9}", "e\u{301}"),
        ]
    )
    func differs(_ filter: String, _ topic: String) throws {
        #expect(try !TopicFilter(filter).matches(topic: topic))
    }

    @Test("filters are equal by bytes, not by characters")
    func equality() throws {
        let composed = try TopicFilter("\u{E9}")
        let decomposed = try TopicFilter("e\u{301}")
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, try TopicFilter("\u{E9}")]).count == 2)
    }

    @Test("a slash in front of a combining mark still separates levels")
    func combiningMark() throws {
        let filter = try TopicFilter("a/\u{301}b")
        #expect(filter.levelCount == 2)
        #expect(filter.levels.count == 2)
        #expect(try TopicFilter("a/+").matches(topic: "a/\u{301}b"))
        let shared = try TopicFilter("$share/g/\u{301}b")
        #expect(shared.share?.group == "g")
        #expect(shared.filter.utf8.count == 3)
    }

    @Test("topic names", arguments: [("a", true), ("/", true), (" ", true), ("$SYS/a", true), ("a b/\u{1F600}", true)])
    func validNames(_ name: String, _ isValid: Bool) { #expect(TopicName.isValid(name) == isValid) }

    @Test(
        "bad topic names",
        arguments: [
            "", "+", "#", "a/+", "a/#", "a+b", "\0", "12345678+", "1234567#", String(repeating: "a", count: 65_536),
        ]
    )
    func invalidNames(_ name: String) {
        #expect(!TopicName.isValid(name))
        let buffer = ByteBuffer(string: name)
        let isValid = TopicName.isValid(buffer.readableBytesSpan)
        #expect(!isValid)
    }

    @Test("the fast UTF-8 check agrees with the standard library on random bytes")
    func utf8AgainstStandardLibrary() {
        var generator = SeededGenerator(seed: 7)
        let interesting: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xE1, 0xED, 0xEE, 0xF0, 0xF3, 0xF4,
        ]
        var valid = 0
        for _ in 0..<200_000 {
            let count = Int.random(in: 0...10, using: &generator)
            let sample = (0..<count).map { _ in interesting[Int.random(in: 0..<interesting.count, using: &generator)] }
            let expected = String(validating: sample, as: UTF8.self) != nil
            let isValid = UTF8Rules.isValidMQTTString(sample.span.bytes)
            if isValid { valid += 1 }
            if isValid != expected { Issue.record("\(sample)") }
        }
        // The sample must contain both kinds to say anything.
        #expect(valid > 1000)
    }
}
