//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB

    /// Runs of rows that lie one behind the other in a table and are to be deleted.
    ///
    /// What waited together mostly goes together. So one search finds many rows, and one statement deletes a run of them:
    /// a fraction of what a search and a statement for each would take.
    struct RowRuns {
        private(set) var runs: [ClosedRange<Int64>] = []

        /// Rows passed over that are not looked for, until a search for the next is quicker.
        private static let patience = 8

        /// Finds rows by their numbers.
        ///
        /// - Parameters:
        ///   - numbers: ascending.
        ///   - select: gives the rows from a number to another, which are its last two parameters, by ascending numbers; the
        ///     number is its first column.
        ///   - parameter: the first of the two.
        ///   - visit: is called for each that is there, with its place among the numbers; whether it is to be deleted.
        init(
            of numbers: [Int64],
            _ select: Statement,
            parameter: Int32,
            visit: (_ place: Int) -> Bool
        ) throws(SQLiteFailure) {
            guard let last = numbers.last else { return }
            var next = 0
            select.set(parameter + 1, last)
            defer { select.rewind() }
            while next < numbers.count {
                select.rewind()
                select.set(parameter, numbers[next])
                let start = next
                var strangers = 0
                var extends = false
                while strangers < Self.patience {
                    guard try select.step() else { return }
                    let number = select.int64(0)
                    // Some may not be there any more.
                    while next < numbers.count, numbers[next] < number { next += 1 }
                    guard next < numbers.count else { return }
                    guard numbers[next] == number else {
                        strangers += 1
                        extends = false
                        continue
                    }
                    strangers = 0
                    let goes = visit(next)
                    if goes { self.add(number, extends) }
                    extends = goes
                    next += 1
                }
                // A search in a table that is damaged may end in front of what it looks for, again and again.
                if next == start { next += 1 }
            }
        }

        private mutating func add(_ number: Int64, _ extends: Bool) {
            if extends, let last = self.runs.popLast() {
                self.runs.append(last.lowerBound...number)
            } else {
                self.runs.append(number...number)
            }
        }
    }

#endif
