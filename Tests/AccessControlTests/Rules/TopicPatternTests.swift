//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import AccessControl

@Suite struct TopicPatternTests {
    @Test(arguments: [
        ("", TopicPatternError.empty),
        ("@", .empty),
        ("a/#/b", .invalidFilter),
        ("a+", .invalidFilter),
        ("${clientid}+", .invalidFilter),
        ("#/${clientid}", .invalidFilter),
        ("a\u{0}", .invalidFilter),
        ("${clientId}", .unknownPlaceholder),
        ("a/${", .unknownPlaceholder),
        ("@${host}", .unknownPlaceholder),
        ("$share/g/a", .sharedSubscription),
        ("$queue/a", .sharedSubscription),
        (String(repeating: "/", count: 128), .tooManyLevels),
    ])
    func refuses(_ text: String, _ expected: TopicPatternError) {
        #expect(throws: expected) { try TopicPattern(text) }
    }

    @Test(arguments: [
        "a", "#", "+/#", "/", "$SYS/#", "${clientid}", "x-${clientid}-${username}/+/#", "@#", "@$share/g/#", "@a#b",
        "$", "${clientid}${clientid}", String(repeating: "/", count: 127),
    ])
    func accepts(_ text: String) throws {
        #expect(try TopicPattern(text).description == text)
    }

    @Test func comparesBytes() throws {
        #expect(try TopicPattern("\u{E9}") != TopicPattern("e\u{301}"))
        #expect(try TopicPattern("@a") != TopicPattern("a"))
        #expect(try TopicPattern("a/+") == TopicPattern("a/+"))
    }

    @Test func errorsQuoteNothing() {
        let error = #expect(throws: TopicPatternError.self) { try TopicPattern("secret+/x") }
        #expect(error.map { "\($0)".contains("secret") } == false)
    }
}
