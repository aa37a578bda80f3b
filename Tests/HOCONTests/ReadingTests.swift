//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

@Suite("Reading values")
struct ReadingTests {
    private func read<Value>(_ text: String, _ read: (HOCONValue) throws(HOCONError) -> Value) throws -> Value {
        try read(try value("a = " + text))
    }

    private func problem(_ text: String, _ read: (HOCONValue) throws(HOCONError) -> Void) throws -> HOCONError.Problem?
    {
        let value = try value("a = " + text)
        do throws(HOCONError) {
            try read(value)
            return nil
        } catch {
            #expect(error.location == value.location)
            return error.problem
        }
    }

    @Test(
        "Durations",
        arguments: [
            ("10s", .seconds(10)), ("10 s", .seconds(10)), ("500ms", .milliseconds(500)), ("1d", .seconds(86_400)),
            ("2 hours", .seconds(7_200)), ("5m", .seconds(300)), ("1.5s", .milliseconds(1_500)), ("7", .seconds(7)),
            ("\"7\"", .seconds(7)), ("0.25", .milliseconds(250)), ("3us", .microseconds(3)), ("9ns", .nanoseconds(9)),
            ("-1s", .seconds(-1)), ("1e3ms", .seconds(1)), ("106751d", .seconds(106_751 * 86_400)),
        ] as [(String, Duration)]
    )
    func durations(text: String, expected: Duration) throws {
        #expect(try read(text) { value throws(HOCONError) in try value.duration(defaultUnit: .seconds) } == expected)
    }

    @Test(
        "What is no duration",
        arguments: ["10 parsecs", "s", "10S", "true", "[]", "106752d", "1e300", "99999999999999999999h"]
    )
    func noDurations(text: String) throws {
        let problem = try problem(text) { value throws(HOCONError) in _ = try value.duration(defaultUnit: .seconds) }
        let expected = "a duration such as 500ms, 10s, 5m, 2h or 1d"
        switch text {
        case "true": #expect(problem == .wrongType(expected: expected, found: .boolean))
        case "[]": #expect(problem == .wrongType(expected: expected, found: .array))
        case "10 parsecs", "s", "10S": #expect(problem == .unreadable(expected: expected))
        default: #expect(problem == .overflow(expected: expected))
        }
    }

    @Test(
        "Sizes: powers of 1024 in any case",
        arguments: [
            ("0", 0), ("512", 512), ("512B", 512), ("64KB", 65_536), ("64kb", 65_536), ("64k", 65_536),
            ("64 KiB", 65_536),
            ("10MB", 10_485_760), ("0.5M", 524_288), ("1GB", 1_073_741_824), ("8191PB", -1), ("1t", 1_099_511_627_776),
            ("9000000TB", -1), ("-1", -1), ("-1KB", -1), ("MB", -1), ("10 MBs", -1), ("10%", -1), ("{}", -1),
        ]
    )
    func sizes(text: String, expected: Int64) throws {
        if expected < 0 {
            #expect(try problem(text) { value throws(HOCONError) in _ = try value.byteSize() } != nil)
        } else {
            #expect(try read(text) { value throws(HOCONError) in try value.byteSize() } == expected)
        }
    }

    @Test("Percentages need their sign")
    func percentages() throws {
        #expect(try read("75%") { value throws(HOCONError) in try value.percentage() } == 0.75)
        #expect(try read("12.5 %") { value throws(HOCONError) in try value.percentage() } == 0.125)
        #expect(try problem("0.5") { value throws(HOCONError) in _ = try value.percentage() } != nil)
    }

    @Test("Whole numbers")
    func integers() throws {
        for (text, expected) in [("10", 10), ("\"10\"", 10), ("1e3", 1_000), ("9223372036854775807", Int64.max)] {
            #expect(try read(text) { value throws(HOCONError) in try value.integer() } == expected)
        }
        let expected = "a whole number"
        for (text, problem) in [
            ("1.5", .unreadable(expected: expected)), ("9223372036854775808", .overflow(expected: expected)),
            ("1e400", .overflow(expected: expected)), ("ten", .wrongType(expected: expected, found: .string)),
            ("null", .wrongType(expected: expected, found: .null)),
        ] as [(String, HOCONError.Problem)] {
            #expect(try self.problem(text) { value throws(HOCONError) in _ = try value.integer() } == problem)
        }
    }

    @Test("Numbers with a fraction")
    func doubles() throws {
        #expect(try read("1.5") { value throws(HOCONError) in try value.double() } == 1.5)
        #expect(
            try problem("1e400") { value throws(HOCONError) in _ = try value.double() }
                == .overflow(expected: "a number")
        )
    }

    @Test("Booleans")
    func booleans() throws {
        for text in ["true", "yes", "on", "\"true\""] {
            #expect(try read(text) { value throws(HOCONError) in try value.boolean() })
        }
        for text in ["false", "no", "off"] {
            #expect(try !read(text) { value throws(HOCONError) in try value.boolean() })
        }
        for text in ["1", "True", "null", "[]"] {
            #expect(try problem(text) { value throws(HOCONError) in _ = try value.boolean() } != nil)
        }
    }

    @Test("Strings, lists and objects")
    func others() throws {
        #expect(try read("1.50") { value throws(HOCONError) in try value.string() } == "1.50")
        #expect(try problem("null") { value throws(HOCONError) in _ = try value.string() } != nil)
        #expect(try problem("[]") { value throws(HOCONError) in _ = try value.string() } != nil)
        let list = try read("{ 1 = b, 0 = a }") { value throws(HOCONError) in try value.array() }
        #expect(list.map(\.content) == [.string("a"), .string("b")])
        #expect(try problem("{ x = b }") { value throws(HOCONError) in _ = try value.array() } != nil)
        #expect(
            try problem("1") { value throws(HOCONError) in _ = try value.object() }
                == .wrongType(expected: "an object", found: .number)
        )
    }
}
