//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The rules of sections 4.7 and 4.8.2, as plainly as they can be put.
enum NaiveTopic {
    private static let slash = UInt8(ascii: "/")
    private static let singleLevel = [UInt8(ascii: "+")]
    private static let multiLevel = [UInt8(ascii: "#")]

    static func levels(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: slash, omittingEmptySubsequences: false).map(Array.init)
    }

    static func isTopic(_ bytes: [UInt8], isUTF8: Bool) -> Bool {
        isUTF8 && (1...65_535).contains(bytes.count)
            && !bytes.contains { $0 == 0 || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }

    /// The filter without the prefix of its share; nil when the whole is no filter.
    static func filterPart(of bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count <= 65_535, !bytes.contains(0) else { return nil }
        var parts = self.levels(of: bytes)
        if parts.count > 1, parts[0] == Array("$share".utf8) {
            guard parts.count > 2, !parts[1].isEmpty, self.isPlain(parts[1]) else { return nil }
            parts.removeFirst(2)
        } else if parts.count > 1, parts[0] == Array("$queue".utf8) {
            parts.removeFirst()
        }
        let filter = Array(parts.joined(separator: [slash]))
        guard !filter.isEmpty else { return nil }
        for (index, level) in parts.enumerated() {
            let isLast = index == parts.count - 1
            guard self.isPlain(level) || level == self.singleLevel || (level == self.multiLevel && isLast) else {
                return nil
            }
        }
        return filter
    }

    private static func isPlain(_ level: [UInt8]) -> Bool {
        !level.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }

    static func matches(filter: [UInt8], topic: [UInt8]) -> Bool {
        let filterLevels = self.levels(of: filter)
        if topic.first == UInt8(ascii: "$"), !self.isPlain(filterLevels[0]) { return false }
        return self.matches(filterLevels[...], self.levels(of: topic)[...])
    }

    private static func matches(_ filter: ArraySlice<[UInt8]>, _ topic: ArraySlice<[UInt8]>) -> Bool {
        guard let wanted = filter.first else { return topic.isEmpty }
        // `#` stands for any number of levels, none among them.
        if wanted == self.multiLevel { return true }
        guard let level = topic.first else { return false }
        return (wanted == self.singleLevel || wanted == level) && self.matches(filter.dropFirst(), topic.dropFirst())
    }
}
