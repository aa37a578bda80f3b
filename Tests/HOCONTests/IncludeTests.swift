//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

@Suite("Includes")
struct IncludeTests {
    @Test(
        "The forms of the statement",
        arguments: [
            #"include "x.conf""#, #"include"x.conf""#, #"include file("x.conf")"#, #"include file( "x.conf" )"#,
            #"include required("x.conf")"#, #"include required( file("x.conf") )"#, #"{ include "x.conf" }"#,
        ]
    )
    func forms(text: String) throws {
        #expect(try json(text, files: ["x.conf": "a = 1"]) == #"{"a":1}"#)
    }

    @Test("What is included merges where it stands")
    func merging() throws {
        let text = "a = 1, b { x = 1, include \"x.conf\", z = 3 }"
        #expect(try json(text, files: ["x.conf": "{ x = 7, y = 2, z = 7 }"]) == #"{"a":1,"b":{"x":7,"y":2,"z":3}}"#)
    }

    @Test("Names are relative to the file which includes")
    func nested() throws {
        let files = [
            "etc/x.conf": "include \"sub/y.conf\"", "etc/sub/y.conf": "include \"/abs.conf\"", "/abs.conf": "a = 1",
        ]
        #expect(try json("include \"etc/x.conf\"", files: files) == #"{"a":1}"#)
        let value = try HOCON.parse("include \"etc/x.conf\"", file: "main.conf", include: loader(files))["a"]
        #expect(value?.location.description == "/abs.conf:1:5")
    }

    @Test("A substitution is looked up where its file was included, then from the root")
    func substitutions() throws {
        let files = ["x.conf": "p = ${q}, q = 1, r = ${s}"]
        #expect(
            try json("q = 5, s = 6, a { include \"x.conf\" }", files: files)
                == #"{"q":5,"s":6,"a":{"p":1,"q":1,"r":6}}"#
        )
        #expect(
            try json("s = 6, a = [{ include \"x.conf\" }], q = 7", files: files)
                == #"{"s":6,"a":[{"p":7,"q":1,"r":6}],"q":7}"#
        )
    }

    @Test("A missing file is nothing, unless it is required")
    func missing() throws {
        #expect(try json("a = 1, include \"none.conf\"") == #"{"a":1}"#)
        #expect(
            failure("a = 1\ninclude required(\"none.conf\")")?.description
                == "main.conf:2:1: the required file none.conf is not there"
        )
    }

    @Test("The loader is told what the include says")
    func request() throws {
        var requests: [IncludeRequest] = []
        _ = try HOCON.parse("a {\n include required(file(\"b\")) }", file: "dir/main.conf") {
            request throws(HOCONError) in
            requests.append(request)
            return IncludedText(file: "b", text: "")
        }
        let location = SourceLocation(file: "dir/main.conf", line: 2, column: 2)
        #expect(
            requests == [
                IncludeRequest(name: "b", includingFile: "dir/main.conf", isRequired: true, location: location)
            ]
        )
        #expect(requests.first?.path == "dir/b")
    }

    @Test(
        "Errors",
        arguments: [
            ("include \"main.conf\"", "main.conf:1:1: the file main.conf includes itself"),
            ("include \"x.conf\"", "y.conf:1:1: the file x.conf includes itself"),
            ("include \"bad.conf\"", "bad.conf:2:3: expected a value, found the end of the text"),
            ("include url(\"http://x\")", "main.conf:1:9: \(HOCONError.Problem.includeUnsupported(kind: "url"))"),
            (
                "include required(classpath(\"x\"))",
                "main.conf:1:18: \(HOCONError.Problem.includeUnsupported(kind: "classpath"))"
            ),
            ("include file(x)", "main.conf:1:14: expected a quoted file name, found 'x'"),
            ("include file(\"x\"", "main.conf:1:17: expected ')', found the end of the text"),
            (
                "include = 1",
                """
                main.conf:1:9: expected "name", file("name") or required(...) after include \
                (quote the word to use it as a key), found '='
                """
            ),
        ]
    )
    func errors(text: String, expected: String) {
        let files = [
            "main.conf": text, "x.conf": "include \"y.conf\"", "y.conf": "include \"x.conf\"", "bad.conf": "\na=",
        ]
        #expect(failure(text, files: files)?.description == expected)
    }
}
