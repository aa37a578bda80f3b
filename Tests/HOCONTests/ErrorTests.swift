//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

@Suite("Errors name the place and what was expected")
struct ErrorTests {
    @Test(
        "Grammar",
        arguments: [
            ("a = 1\nb", "main.conf:2:2: expected '=', ':', '+=' or '{' after the key, found the end of the text"),
            ("a\nb = 1", "main.conf:1:2: expected '=', ':', '+=' or '{' after the key, found the end of the line"),
            ("a = ", "main.conf:1:5: expected a value, found the end of the text"),
            ("a { b = }", "main.conf:1:9: expected a value, found '}'"),
            ("a { b = 1", "main.conf:1:10: expected a comma, a new line or '}', found the end of the text"),
            ("a = [1, 2", "main.conf:1:10: expected a comma, a new line or ']', found the end of the text"),
            ("a = [1 }", "main.conf:1:8: expected a comma, a new line or ']', found '}'"),
            ("a = 1 }", "main.conf:1:7: expected a comma or a new line, found '}'"),
            ("a = 1,, b = 2", "main.conf:1:7: expected a key, found ','"),
            ("a = [,]", "main.conf:1:6: expected a value, found ','"),
            ("= 1", "main.conf:1:1: expected a key, found '='"),
            ("[1]", "main.conf:1:1: expected an object at the root, found '['"),
            (
                "{ a = 1 } b",
                "main.conf:1:11: expected the end of the text after the closing '}' of the root, found 'b'"
            ),
            ("ä = \"x", "main.conf:1:7: expected a closing quote on the same line, found the end of the text"),
            ("a = \"x\n\"", "main.conf:1:7: expected a closing quote on the same line, found the end of the line"),
            ("a = \"\"\"x\n", "main.conf:2:1: expected a closing \"\"\", found the end of the text"),
            ("a = ${b", "main.conf:1:8: expected '}' after the path of the substitution, found the end of the text"),
            ("a = ${}", "main.conf:1:7: expected a path in the substitution, found '}'"),
            (
                "a = 0.0.0.0:1883",
                "main.conf:1:12: expected a value (a string with this character must be quoted), found ':'"
            ),
            ("a..b = 1", "main.conf:1:3: expected a name between the dots of the path (quote an empty name)"),
            (".a = 1", "main.conf:1:1: expected a name between the dots of the path (quote an empty name)"),
            ("a. = 1", "main.conf:1:4: expected a name between the dots of the path (quote an empty name)"),
            ("a = [1] b", "main.conf:1:5: \(HOCONError.Problem.mixedConcatenation)"),
            ("a = { } b", "main.conf:1:5: \(HOCONError.Problem.mixedConcatenation)"),
            ("a = { } [ ]", "main.conf:1:5: \(HOCONError.Problem.mixedConcatenation)"),
            ("a = 1, a += 2", "main.conf:1:10: \(HOCONError.Problem.mixedConcatenation)"),
        ]
    )
    func grammar(text: String, expected: String) {
        #expect(failure(text)?.description == expected)
    }

    @Test(
        "Escapes",
        arguments: [#"\x"#, #"\u12g4"#, #"\u12"#, #"\ud800"#, #"\ud800\u0041"#, #"\udc00"#, #"\"#]
    )
    func escapes(escape: String) {
        let error = failure("a = \"" + escape + "\"")
        // A backslash before the closing quote escapes the quote, so that the string does not end.
        #expect(
            error?.problem
                == (escape == #"\"# ? .expected("a closing quote on the same line", found: .endOfText) : .invalidEscape)
        )
    }

    @Test("A message never quotes a value")
    func secrets() throws {
        let texts = ["password = sesame:x", "password = \"sesame", "password = \"sesame\\x\"", "password = [sesame] x"]
        for text in texts {
            let message = try #require(failure(text)?.description)
            #expect(!message.contains("sesame"))
        }
        let value = try value("a = sesame")
        #expect(throws: HOCONError(.unreadable(expected: "a size such as 512, 64KB, 10MB or 1GB"), at: value.location))
        {
            try value.byteSize()
        }
    }
}
