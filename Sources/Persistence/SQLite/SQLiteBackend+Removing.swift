//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB

    extension SQLiteBackend {
        /// Removes deliveries, as far as they are there.
        ///
        /// - Parameter keys: in any order.
        static func remove(
            _ keys: some Collection<DeliveryKey>,
            _ statements: Statements,
            _ references: inout References
        ) throws(SQLiteFailure) {
            // Mostly they are in order as they are, which sorting finds out quickly.
            let keys = keys.sorted { ($0.session, $0.delivery) < ($1.session, $1.delivery) }
            var rest = keys[...]
            while let session = rest.first?.session {
                let end = rest.firstIndex { $0.session != session } ?? rest.endIndex
                try Self.remove(rest[..<end].map(\.delivery), of: session, statements, &references)
                rest = rest[end...]
            }
        }

        private static func remove(
            _ deliveries: [Int64],
            of session: Int64,
            _ statements: Statements,
            _ references: inout References
        ) throws(SQLiteFailure) {
            let select = statements.selectDeliveries
            select.set(1, session)
            let found = try RowRuns(of: deliveries, select, parameter: 2) { _ in
                references.remove(select.int64(1), bytes: select.clampedByteCount(2))
                return true
            }
            for run in found.runs {
                statements.deleteDeliveries.set(1, session)
                statements.deleteDeliveries.set(2, run.lowerBound)
                statements.deleteDeliveries.set(3, run.upperBound)
                try statements.deleteDeliveries.run()
            }
        }
    }

#endif
