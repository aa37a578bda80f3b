//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

@Suite("Limits protect the process from a hostile text")
struct LimitTests {
    private let nesting = HOCONError.Problem.limitExceeded(.nesting(HOCON.maximumNesting))

    private func times(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    @Test("Nesting, to the limit and beyond")
    func nestingOfValues() throws {
        #expect(try json("a = " + times("[", 64) + times("]", 64)) == "{\"a\":" + times("[", 64) + times("]", 64) + "}")
        #expect(failure("a = " + times("[", 65))?.problem == nesting)
        #expect(failure("a = " + times("[", 1_000_000))?.problem == nesting)
        _ = try json("a = " + times("{a=", 63) + "{}" + times("}", 63))
        #expect(failure(times("a{", 1_000_000))?.problem == nesting)
        #expect(failure(times("a=[{", 1_000_000))?.problem == nesting)
    }

    @Test("Paths count as nesting")
    func nestingOfPaths() throws {
        _ = try json("a" + times(".a", 63) + " = 1")
        #expect(failure("a" + times(".a", 64) + " = 1")?.problem == nesting)
        #expect(failure("a" + times(".a", 1_000_000) + " = 1")?.problem == nesting)
        #expect(failure("x = ${a" + times(".a", 1_000_000) + "}")?.problem == nesting)
        #expect(failure(times("a.a.a.a{", 20))?.problem == nesting)
    }

    @Test("Includes: depth, number, and nesting carried on")
    func includes() {
        func parse(_ text: String, _ answer: @escaping (IncludeRequest) -> String) -> HOCONError.Problem? {
            var count = 0
            do throws(HOCONError) {
                _ = try HOCON.parse(text, file: "main.conf") { request throws(HOCONError) in
                    count += 1
                    return IncludedText(file: "\(count)", text: answer(request))
                }
                return nil
            } catch {
                return error.problem
            }
        }
        #expect(parse("include \"x\"") { _ in "include \"x\"" } == .limitExceeded(.includeDepth(16)))
        #expect(parse(times("include \"x\"\n", 257)) { _ in "" } == .limitExceeded(.includeCount(256)))
        #expect(parse(times("include \"x\"\n", 256)) { _ in "" } == nil)
        #expect(parse("include \"x\"") { _ in times("a{", 10) + "include \"x\"" + times("}", 10) } == nesting)
    }

    @Test("A few lines which describe more than there is memory for")
    func expansion() {
        let steps = HOCONError.Problem.limitExceeded(.resolutionSteps(1_000_000))
        for (seed, next) in [("x", "${%}${%}"), ("[1]", "${%} ${%}"), ("{ x = 1 }", "{ l = ${%}, r = ${%} }")] {
            var text = "a0 = \(seed)\n"
            for index in 1...40 { text += "a\(index) = " + next.replacing("%", with: "a\(index - 1)") + "\n" }
            #expect(failure(text)?.problem == steps)
        }
    }

    @Test("A long chain of substitutions")
    func chain() throws {
        func text(_ length: Int) -> String {
            (0..<length).map { "a\($0) = ${a\($0 + 1)}\n" }.joined() + "a\(length) = 1"
        }
        #expect(try json(text(50)).hasSuffix(#""a50":1}"#))
        #expect(failure(text(10_000))?.problem == .limitExceeded(.substitutionDepth(96)))
        #expect(failure("a = 1\n" + times("a = ${a}x\n", 500))?.problem == .limitExceeded(.substitutionDepth(96)))
    }

    @Test("A long list may be made of many +=")
    func appending() throws {
        let list = try HOCON.parse(times("a += 1\n", 10_000), file: "main.conf")["a"]?.array()
        #expect(list?.count == 10_000)
    }
}
