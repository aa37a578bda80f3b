//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import GRDBSQLite

    extension Database {
        /// Runs one long statement, and meanwhile tells that it goes on.
        ///
        /// SQLite does not say how far it is, so the mark goes from `start` ever more slowly towards `end`: half of the
        /// way in about the time that a file of this size takes.
        func telling<Result>(
            _ progress: (Double) -> Void,
            from start: Double,
            to end: Double,
            _ body: () throws -> Result
        ) throws -> Result {
            // A page has some twenty rows, and each takes a few instructions.
            let pages = try Int32.fetchOne(self, sql: "SELECT min(page_count, 1000000) FROM pragma_page_count") ?? 0
            let interval = max(1000, pages * 4)
            return try withoutActuallyEscaping(progress) { progress in
                let mark = ProgressMark(start: start, end: end, progress: progress)
                // The pointer is sound: the handler is taken away again before the mark ends, and SQLite calls it on
                // this thread only, from within `body`.
                sqlite3_progress_handler(
                    self.sqliteConnection,
                    interval,
                    { mark in
                        if let mark { Unmanaged<ProgressMark>.fromOpaque(mark).takeUnretainedValue().move() }
                        return 0
                    },
                    Unmanaged.passUnretained(mark).toOpaque()
                )
                defer { sqlite3_progress_handler(self.sqliteConnection, 0, nil, nil) }
                return try withExtendedLifetime(mark) { try body() }
            }
        }
    }

    /// How far it looks as if something were.
    private final class ProgressMark {
        private let start: Double
        private let end: Double
        private let progress: (Double) -> Void
        private var steps = 0.0

        init(start: Double, end: Double, progress: @escaping (Double) -> Void) {
            self.start = start
            self.end = end
            self.progress = progress
        }

        func move() {
            self.steps += 1
            self.progress(self.start + (self.end - self.start) * self.steps / (self.steps + 25))
        }
    }

#endif
