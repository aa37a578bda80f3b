//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

@Suite("The grammar")
struct ParserTests {
    @Test(
        "Texts and their trees",
        arguments: [
            ("", "{}"),
            ("# only a comment\n// another", "{}"),
            ("{}", "{}"),
            (" { a : 1 } # after", #"{"a":1}"#),
            (#"{"a": 1, "b": [true, false, null], "c": {"d": "e"}}"#, #"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#),
            ("a=1\nb:2\nc{d=3}", #"{"a":1,"b":2,"c":{"d":3}}"#),
            ("a = 1, b = 2,\nc = 3,", #"{"a":1,"b":2,"c":3}"#),
            ("a = [1, 2,\n 3\n 4,\n]", #"{"a":[1,2,3,4]}"#),
            ("a = []", #"{"a":[]}"#),
            ("a =\n\n  5", #"{"a":5}"#),
            ("a\n{ b = 1 }", #"{"a":{"b":1}}"#),
            ("a # why\n = 1", #"{"a":1}"#),
            ("a = 1 // one\nb = 2 # two", #"{"a":1,"b":2}"#),
            ("\u{FEFF}a = 1", #"{"a":1}"#),
            ("a\u{A0}=\u{3000}1", #"{"a":1}"#),
            ("a = 1\r\nb = 2\r\n", #"{"a":1,"b":2}"#),
        ]
    )
    func tree(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test(
        "Keys and paths",
        arguments: [
            ("a.b.c = 1", #"{"a":{"b":{"c":1}}}"#),
            (#"a."b.c".d = 1"#, #"{"a":{"b.c":{"d":1}}}"#),
            (#""" = 1"#, #"{"":1}"#),
            ("a b = 1", #"{"a b":1}"#),
            (#"a"b"c = 1"#, #"{"abc":1}"#),
            ("10.0foo = 1", #"{"10":{"0foo":1}}"#),
            ("true = 1", #"{"true":1}"#),
            ("größe = 1", #"{"größe":1}"#),
            ("included = 1", #"{"included":1}"#),
            ("include.a = 1", #"{"include":{"a":1}}"#),
            (#""include" = 1"#, #"{"include":1}"#),
        ]
    )
    func keys(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test(
        "The same key again",
        arguments: [
            ("a = 1, a = 2", #"{"a":2}"#),
            ("a.b = 1, a.c = 2", #"{"a":{"b":1,"c":2}}"#),
            ("a { b = 1, x { y = 1 } }\na { c = 2, x { z = 2 } }", #"{"a":{"b":1,"x":{"y":1,"z":2},"c":2}}"#),
            ("a = [1], a = [2]", #"{"a":[2]}"#),
            ("a { b = 1 }, a = 5, a { c = 1 }", #"{"a":{"c":1}}"#),
            ("a { b = 1 }, a = null", #"{"a":null}"#),
            ("a += 1, a += 2", #"{"a":[1,2]}"#),
            ("a = [1], a += [2], a += { b = 3 }", #"{"a":[1,[2],{"b":3}]}"#),
            ("a { b = [1] }, a { b += 2 }, a.b += 3", #"{"a":{"b":[1,2,3]}}"#),
            ("a += 1, a = [7], a += 2", #"{"a":[7,2]}"#),
            ("a = [{ b = [1], b += 2 }]", #"{"a":[{"b":[1,2]}]}"#),
        ]
    )
    func repeated(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test(
        "Strings",
        arguments: [
            ("a = hello world ", #"{"a":"hello world"}"#),
            ("a = 10s", #"{"a":"10s"}"#),
            ("a = 127.0.0.1", #"{"a":"127.0.0.1"}"#),
            ("a = /tmp/x-y_z(1)", #"{"a":"/tmp/x-y_z(1)"}"#),
            ("a = 50 %", #"{"a":"50 %"}"#),
            ("a = one/two // three", #"{"a":"one/two"}"#),
            ("a = trueish", #"{"a":"trueish"}"#),
            ("a = null and void", #"{"a":"null and void"}"#),
            (#"a = "x # y // z""#, ##"{"a":"x # y // z"}"##),
            (#"a = "x"  y "z""#, #"{"a":"x  y z"}"#),
            (#"a = "\u00e4\t\ud83d\ude00\/""#, "{\"a\":\"ä\t😀/\"}"),
            (#"a = "\"\\\n""#, #"{"a":"\"\\n"}"#),
            (##"a = """one"two\n"## + "\nthree\"\"\"", ##"{"a":"one\"two\n\nthree"}"##),
            (##"a = """x""""""##, ##"{"a":"x\"\""}"##),
            (##"a = """""" "##, ##"{"a":""}"##),
            ("a = [x y, z]", #"{"a":["x y","z"]}"#),
        ]
    )
    func strings(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test(
        "Numbers keep their text; what is not one is a string",
        arguments: [
            ("0", "0"), ("-1", "-1"), ("1.50", "1.50"), ("1e+5", "1e+5"), ("-0.5E-3", "-0.5E-3"),
            ("99999999999999999999", "99999999999999999999"),
            ("01", #""01""#), ("1.", #""1.""#), (".5", #"".5""#), ("1.2.3", #""1.2.3""#), ("-", #""-""#),
            ("1e", #""1e""#), ("0x10", #""0x10""#), ("1 2", #""1 2""#),
        ]
    )
    func numbers(text: String, expected: String) throws {
        #expect(try json("a = \(text)") == "{\"a\":\(expected)}")
    }

    @Test(
        "Values side by side",
        arguments: [
            ("a = [1] [2, 3]", #"{"a":[1,2,3]}"#),
            ("a = { b = 1 } { b = 2, c = 3 }", #"{"a":{"b":2,"c":3}}"#),
            ("a = [{ b = 1 } { c = 2 }]", #"{"a":[{"b":1,"c":2}]}"#),
        ]
    )
    func sideBySide(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test("Every value and key knows its place, counted in scalars from 1")
    func locations() throws {
        let root = try HOCON.parse("a {\n  ü = [ü, 2]\n}\nb.c = x y", file: "main.conf")
        let list = try #require(root.value(at: ["a", "ü"]))
        #expect(list.location == SourceLocation(file: "main.conf", line: 2, column: 7))
        #expect(try list.array()[1].location == SourceLocation(file: "main.conf", line: 2, column: 11))
        #expect(try root.value(at: ["b"])?.object().member("c")?.keyLocation.description == "main.conf:4:1")
        #expect(root.value(at: ["b", "c"])?.location.description == "main.conf:4:7")
    }
}
