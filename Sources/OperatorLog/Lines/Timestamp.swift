//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes times; remembers the last second, as most lines share theirs with the one before.
struct Timestamp {
    private var second = Int64.min
    private var text: [UInt8] = []
    private var localSecond = Int64.min
    private var localText: [UInt8] = []

    /// RFC 3339 in UTC: `2026-11-21T13:44:43.123Z`. Not local time: it neither jumps nor repeats an hour, and lines of
    /// several sites can be put side by side.
    ///
    /// - Parameter time: milliseconds since 1970.
    mutating func append(_ time: Int64, to line: inout [UInt8]) {
        let second = Self.second(of: time)
        if second != self.second {
            var seconds = time_t(second)
            var parts = tm()
            gmtime_r(&seconds, &parts)
            self.second = second
            self.text = []
            Self.append(Int(parts.tm_year) + 1900, digits: 4, to: &self.text)
            Self.append(Int(parts.tm_mon) + 1, digits: 2, after: "-", to: &self.text)
            Self.append(Int(parts.tm_mday), digits: 2, after: "-", to: &self.text)
            Self.append(Int(parts.tm_hour), digits: 2, after: "T", to: &self.text)
            Self.append(Int(parts.tm_min), digits: 2, after: ":", to: &self.text)
            Self.append(Int(parts.tm_sec), digits: 2, after: ":", to: &self.text)
        }
        line += self.text
        Self.append(Int(time - second * 1000), digits: 3, after: ".", to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    /// As the system's log has it, in local time: `Nov 21 13:44:43` (RFC 3164, section 4.1.2).
    mutating func appendLocal(_ time: Int64, to line: inout [UInt8]) {
        let second = Self.second(of: time)
        if second != self.localSecond {
            var seconds = time_t(second)
            var parts = tm()
            localtime_r(&seconds, &parts)
            let months: [StaticString] = [
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
            ]
            self.localSecond = second
            self.localText = []
            self.localText.append(months[max(0, min(11, Int(parts.tm_mon)))])
            self.localText.append(UInt8(ascii: " "))
            if parts.tm_mday < 10 { self.localText.append(UInt8(ascii: " ")) }
            Self.append(Int(parts.tm_mday), digits: 1, to: &self.localText)
            Self.append(Int(parts.tm_hour), digits: 2, after: " ", to: &self.localText)
            Self.append(Int(parts.tm_min), digits: 2, after: ":", to: &self.localText)
            Self.append(Int(parts.tm_sec), digits: 2, after: ":", to: &self.localText)
        }
        line += self.localText
    }

    /// Rounds down, before 1970 as well.
    private static func second(of time: Int64) -> Int64 { time >= 0 ? time / 1000 : (time - 999) / 1000 }

    private static func append(
        _ number: Int,
        digits: Int,
        after separator: Unicode.Scalar? = nil,
        to text: inout [UInt8]
    ) {
        if let separator { text.append(UInt8(ascii: separator)) }
        let decimal = String(max(0, number)).utf8
        if decimal.count < digits { text += repeatElement(UInt8(ascii: "0"), count: digits - decimal.count) }
        text += decimal
    }
}

extension [UInt8] {
    mutating func append(_ literal: StaticString) {
        literal.withUTF8Buffer { self.append(contentsOf: $0) }
    }
}
