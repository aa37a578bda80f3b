//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Finds the known key which an unknown one was probably meant to be.
enum NearestKey {
    /// Keys longer than this were not mistyped, and would take long to compare.
    private static let maximumLength = 64

    static func find(_ key: String, among known: [String]) -> String? {
        guard key.utf8.count <= maximumLength else { return nil }
        let name = lastElement(key)
        var best: (key: String, distance: Int)?
        for candidate in known {
            var distance = distance(key, candidate)
            // The right name in the wrong block is a near miss as well.
            let candidateName = lastElement(candidate)
            if candidateName.utf8.count > 3 { distance = min(distance, self.distance(name, candidateName) + 1) }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        // Two letters which changed places make a distance of 2, but in the shortest names that would be anything.
        let length = name.utf8.count
        guard let best, best.distance <= max(length / 3, length < 3 ? 1 : 2) else { return nil }
        return best.key
    }

    /// The number of bytes to insert, remove or replace to make one text of another (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, byte) in left.utf8.enumerated() {
            var diagonal = index
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }

    private static func lastElement(_ key: String) -> String {
        key.lastIndex(of: ".").map { String(key[key.index(after: $0)...]) } ?? key
    }
}
