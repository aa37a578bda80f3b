//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The levels of a topic name or filter: the parts between `/`, empty ones included [MQTT-4.7.1].
struct TopicLevels {
    private let levels: [UTF8String]

    init(_ text: String) {
        var text = text
        self.levels = text.withUTF8 { Self.split(UnsafeRawBufferPointer($0)) }
    }

    init(bytes: UnsafeRawBufferPointer) {
        self.levels = Self.split(bytes)
    }

    private static func split(_ bytes: UnsafeRawBufferPointer) -> [UTF8String] {
        var levels: [UTF8String] = []
        var start = bytes.startIndex
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") {
            levels.append(UTF8String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<index])))
            start = index + 1
        }
        levels.append(UTF8String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start...])))
        return levels
    }

    var count: Int { self.levels.count }

    subscript(index: Int) -> UTF8String { self.levels[index] }

    /// Wildcards in a filter's first level do not match topics whose first level starts with `$` [MQTT-4.7.2-1].
    var isSystem: Bool { self.levels[0].text.utf8.first == UInt8(ascii: "$") }
}

extension UTF8String {
    static let singleLevelWildcard = UTF8String("+")
    static let multiLevelWildcard = UTF8String("#")
}
