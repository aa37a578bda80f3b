//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

@Suite("Substitutions")
struct SubstitutionTests {
    @Test(
        "What they come to",
        arguments: [
            ("a = ${b}, b = 1", #"{"a":1,"b":1}"#),
            ("a = ${b.c}, b { c = [1] }", #"{"a":[1],"b":{"c":[1]}}"#),
            (#"a = ${"b.c"}, "b.c" = 1"#, #"{"a":1,"b.c":1}"#),
            ("a = ${b}, b = 1, b = 2", #"{"a":2,"b":2}"#),
            ("a = x ${b} y, b = 1", #"{"a":"x 1 y","b":1}"#),
            ("a = ${b}${b}, b = 1", #"{"a":"11","b":1}"#),
            ("a = ${b} [2], b = [1]", #"{"a":[1,2],"b":[1]}"#),
            ("a = [${b}, ${?c}], b = 1", #"{"a":[1],"b":1}"#),
            ("a = ${?b}", "{}"),
            ("a = ${?b}${?c}", "{}"),
            ("a = x${?b}", #"{"a":"x"}"#),
            ("a = ${?b} [1]", #"{"a":[1]}"#),
            ("a = ${?b} { c = 1 }", #"{"a":{"c":1}}"#),
            ("a = 1, a = ${?b}", #"{"a":1}"#),
            ("a = ${b}, b = null", #"{"a":null,"b":null}"#),
            (#"a = "${b}""#, #"{"a":"${b}"}"#),
            ("a = ${nothing}, a = 1", #"{"a":1}"#),
        ]
    )
    func tree(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test(
        "Objects merge with what they are built on",
        arguments: [
            ("a = ${b} { d = 2 }, b { c = 1 }", #"{"a":{"c":1,"d":2},"b":{"c":1}}"#),
            ("a = { c = 0, d = 0 } ${b}, b { c = 1 }", #"{"a":{"c":1,"d":0},"b":{"c":1}}"#),
            ("b { c = 1 }, a = ${b}, a.d = 2", #"{"b":{"c":1},"a":{"c":1,"d":2}}"#),
            ("b { c { x = 1 } }, a = ${b}, a.c.y = 2", #"{"b":{"c":{"x":1}},"a":{"c":{"x":1,"y":2}}}"#),
            ("b { c = 1 }, a = 5, a = ${b}", #"{"b":{"c":1},"a":{"c":1}}"#),
            // A base which is changed later changes what is built on it.
            ("b { c = 1 }, a = ${b} { d = 1 }, b { c = 7 }", #"{"b":{"c":7},"a":{"c":7,"d":1}}"#),
            // A member of the object which is built, seen through the base.
            ("b { x = ${a.z}, z = 1 }, a = ${b}, a.z = 2", #"{"b":{"x":2,"z":1},"a":{"x":2,"z":2}}"#),
            (
                "base { p = 1 }, common = ${base}, a = ${common} { inner = ${common} }",
                #"{"base":{"p":1},"common":{"p":1},"a":{"p":1,"inner":{"p":1}}}"#
            ),
        ]
    )
    func objects(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    /// The examples of the specification's section on self-referential substitutions.
    @Test(
        "A value may refer to what it was before",
        arguments: [
            ("a = 1, a = ${a}2", #"{"a":"12"}"#),
            ("a = [1], a = ${a} [2], a = ${a} [3]", #"{"a":[1,2,3]}"#),
            ("a = [1], a = [${a}, 2]", #"{"a":[[1],2]}"#),
            ("a { b = [1] }, a.b = ${a.b} [2]", #"{"a":{"b":[1,2]}}"#),
            ("a = ${?a}foo", #"{"a":"foo"}"#),
            ("a = ${?a}", "{}"),
            ("bar { foo = 42, baz = ${bar.foo} }", #"{"bar":{"foo":42,"baz":42}}"#),
            ("bar { foo = 42, baz = ${bar.foo} }, bar { foo = 43 }", #"{"bar":{"foo":43,"baz":43}}"#),
            (
                "bar { a = ${foo.d}, b = 1 }, bar.b = 3, foo { c = ${bar.b}, d = 2 }, foo.d = 4",
                #"{"bar":{"a":4,"b":3},"foo":{"c":3,"d":4}}"#
            ),
            ("foo { a { c = 1 } }, foo = ${foo.a}, foo { a = 2 }", #"{"foo":{"a":2,"c":1}}"#),
            ("a { b = 1 }, a { b = ${a.b}0 }", #"{"a":{"b":"10"}}"#),
        ]
    )
    func lookingBack(text: String, expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test("What the text does not define, the environment may")
    func environment() throws {
        let environment = ["HOME": "/home/x", "b": "9", "a": "env"]
        #expect(try json("a = ${HOME}/y", environment: environment) == #"{"a":"/home/x/y"}"#)
        #expect(try json("a = ${?b}, b = 1", environment: environment) == #"{"a":1,"b":1}"#)
        #expect(try json("a = ${b}, b = null", environment: environment) == #"{"a":null,"b":null}"#)
        #expect(try json("a = ${a}:more".replacing(":", with: "-"), environment: environment) == #"{"a":"env-more"}"#)
        #expect(try json("c = 1, c = ${?OTHER}", environment: environment) == #"{"c":1}"#)
    }

    @Test("The place of a value is that of the substitution which gave it")
    func location() throws {
        #expect(try value("b = 1\na = ${b}").location.description == "main.conf:2:5")
    }

    @Test(
        "Errors",
        arguments: [
            ("a = ${b}", "main.conf:1:5: \(HOCONError.Problem.undefinedSubstitution(path: "b"))"),
            ("a = [1, x${b.c}]", "main.conf:1:10: \(HOCONError.Problem.undefinedSubstitution(path: "b.c"))"),
            ("a = ${b.c}, b = 1", "main.conf:1:5: \(HOCONError.Problem.undefinedSubstitution(path: "b.c"))"),
            ("a = ${a}", "main.conf:1:5: \(HOCONError.Problem.substitutionCycle(path: "a"))"),
            ("a = ${b}, b = ${c}, c = ${a}", "main.conf:1:25: \(HOCONError.Problem.substitutionCycle(path: "a"))"),
            ("a { b = ${a} }", "main.conf:1:9: \(HOCONError.Problem.substitutionCycle(path: "a"))"),
            ("a { b = ${c} }, c = ${a}", "main.conf:1:9: \(HOCONError.Problem.substitutionCycle(path: "c"))"),
            ("a { b = [${?a}] }", "main.conf:1:10: \(HOCONError.Problem.substitutionCycle(path: "a"))"),
            ("a = ${b} { }, b = 1", "main.conf:1:5: \(HOCONError.Problem.mixedConcatenation)"),
            ("a = ${b} [ ], b = 1", "main.conf:1:5: \(HOCONError.Problem.mixedConcatenation)"),
            ("a = ${b} x, b { }", "main.conf:1:5: \(HOCONError.Problem.mixedConcatenation)"),
            ("a = ${b}, a += 1, b { }", "main.conf:1:13: \(HOCONError.Problem.mixedConcatenation)"),
        ]
    )
    func errors(text: String, expected: String) {
        #expect(failure(text)?.description == expected)
    }
}
