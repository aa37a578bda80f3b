//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The unit of a duration that is written without one.
public enum DurationUnit: Int64, Sendable {
    /// Nanoseconds.
    case nanoseconds = 1
    /// Microseconds.
    case microseconds = 1_000
    /// Milliseconds.
    case milliseconds = 1_000_000
    /// Seconds.
    case seconds = 1_000_000_000
    /// Minutes.
    case minutes = 60_000_000_000
    /// Hours.
    case hours = 3_600_000_000_000
    /// Days of 24 hours.
    case days = 86_400_000_000_000

    init?(name: Substring) {
        switch name {
        case "ns", "nano", "nanos", "nanosecond", "nanoseconds": self = .nanoseconds
        case "us", "micro", "micros", "microsecond", "microseconds": self = .microseconds
        case "ms", "milli", "millis", "millisecond", "milliseconds": self = .milliseconds
        case "s", "second", "seconds": self = .seconds
        case "m", "minute", "minutes": self = .minutes
        case "h", "hour", "hours": self = .hours
        case "d", "day", "days": self = .days
        default: return nil
        }
    }
}

extension HOCONValue {
    /// The value as a duration: `10s`, `1.5 h`, `500ms`, `1d`; a bare number is in `defaultUnit`.
    ///
    /// The range is that of 64 bits of nanoseconds, 292 years.
    ///
    /// - Throws: an error if it is no duration or outside the range.
    public func duration(defaultUnit: DurationUnit) throws(HOCONError) -> Duration {
        let expected = "a duration such as 500ms, 10s, 5m, 2h or 1d"
        let (number, name) = try numberWithUnit(expected)
        guard let unit = name.isEmpty ? defaultUnit : DurationUnit(name: name) else {
            throw HOCONError(.unreadable(expected: expected), at: location)
        }
        return .nanoseconds(try multiply(number, by: unit.rawValue, expected: expected))
    }

    /// The value as a number of bytes, 0 or more: `10MB`, `64k`, `1 GiB`; a bare number is in bytes.
    ///
    /// The units are `B`, and `K`, `M`, `G`, `T` with or without `B` or `iB`, in any case. They are powers of 1024, also
    /// `KB` and `MB`, where HOCON's own text takes powers of 1000: NanoMQ has always counted like that, and a limit
    /// must not shrink when its file is brought over.
    ///
    /// - Throws: an error if it is no size, negative, or does not fit into 64 bits.
    public func byteSize() throws(HOCONError) -> Int64 {
        let expected = "a size such as 512, 64KB, 10MB or 1GB"
        let (number, name) = try numberWithUnit(expected)
        let factor: Int64
        switch name.lowercased() {
        case "", "b", "byte", "bytes": factor = 1
        case "k", "kb", "kib": factor = 1 << 10
        case "m", "mb", "mib": factor = 1 << 20
        case "g", "gb", "gib": factor = 1 << 30
        case "t", "tb", "tib": factor = 1 << 40
        default: throw HOCONError(.unreadable(expected: expected), at: location)
        }
        let size = try multiply(number, by: factor, expected: expected)
        guard size >= 0 else { throw HOCONError(.unreadable(expected: expected), at: location) }
        return size
    }

    /// The value of a percentage as a fraction: `75%` is 0.75. The sign is required: a bare `0.5` could mean either.
    public func percentage() throws(HOCONError) -> Double {
        let expected = "a percentage such as 75%"
        let (number, name) = try numberWithUnit(expected)
        guard name == "%", let value = number.double else {
            throw HOCONError(.unreadable(expected: expected), at: location)
        }
        return value / 100
    }

    /// The parts of a number with a unit behind it, white space between them or not.
    private func numberWithUnit(_ expected: String) throws(HOCONError) -> (HOCONNumber, Substring) {
        switch content {
        case .number(let number):
            return (number, "")
        case .string(let text):
            let bytes = Array(text.utf8)
            guard let length = NumberGrammar.length(in: bytes, from: 0) else {
                throw HOCONError(.unreadable(expected: expected), at: location)
            }
            let number = HOCONNumber(grammatical: String(decoding: bytes[..<length], as: UTF8.self))
            // A number is ASCII, so its length in bytes is its length in characters.
            let unit = text.dropFirst(length).drop { $0 == " " || $0 == "\t" }
            return (number, unit)
        default:
            throw wrongType(expected)
        }
    }

    private func multiply(_ number: HOCONNumber, by factor: Int64, expected: String) throws(HOCONError) -> Int64 {
        if let integer = number.integer {
            let (product, overflow) = integer.multipliedReportingOverflow(by: factor)
            if !overflow { return product }
        } else if let double = number.double {
            // Rounded by hand: the standard library's way needs the system's mathematics library.
            let product = double * Double(factor) + (double < 0 ? -0.5 : 0.5)
            if product.magnitude < 9.2e18 { return Int64(product) }
        }
        throw HOCONError(.overflow(expected: expected), at: location)
    }
}
