//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB

    extension SQLiteBackend {
        package func sweep() throws(StoreError) -> Bool {
            guard self.hasLeft else { return false }
            let now = self.clock.now
            var isDone = false
            try self.inTransaction { statements, totals in
                var references = References()
                var room = Self.slice
                while room > 0 {
                    let select = statements.selectEnded
                    let session = try select.step() ? select.int64(0) : nil
                    select.rewind()
                    guard let session else {
                        isDone = true
                        break
                    }
                    // A session counts as well: a hundred thousand without any deliveries are no small slice.
                    room -= 1 + (try Self.clear(session, statements, &references, room: room))
                }
                try references.write(statements, &totals, at: now)
            }
            self.hasLeft = !isDone
            return self.hasLeft
        }

        /// Removes deliveries of a session that has ended, and forgets it with the last.
        ///
        /// - Returns: how many it has removed.
        private static func clear(
            _ session: Int64,
            _ statements: Statements,
            _ references: inout References,
            room: Int
        ) throws(SQLiteFailure) -> Int {
            var count = 0
            var last: Int64 = 0
            let select = statements.selectLeft
            select.set(1, session)
            select.set(2, room)
            while try select.step() {
                last = select.int64(0)
                references.remove(select.int64(1), bytes: select.clampedByteCount(2))
                count += 1
            }
            select.rewind()
            if count > 0 {
                statements.deleteLeft.set(1, session)
                statements.deleteLeft.set(2, last)
                try statements.deleteLeft.run()
            }
            if count < room {
                statements.deleteEnded.set(1, session)
                try statements.deleteEnded.run()
            }
            return count
        }
    }

#endif
