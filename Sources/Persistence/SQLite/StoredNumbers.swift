//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB

    /// What numbers in the database may be. Damage may leave any, and arithmetic with those at the ends of the range
    /// would stop the broker.
    enum StoredNumbers {
        /// Bytes of one message: a packet has 256 MiB at most [MQTT 5.0, section 1.5.5].
        static let bytes: ClosedRange<Int64> = 0...(1 << 31)
        /// What is counted over all rows.
        static let totals: ClosedRange<Int64> = 0...(1 << 53)
        /// What sessions, messages and deliveries are known by. Above that, the count that they come from would soon
        /// leave its range.
        static let numbers: ClosedRange<Int64> = 1...(.max / 2)

        /// A sum that stays in its range.
        static func total(_ sum: Int) -> Int { min(max(sum, 0), 1 << 53) }
    }

    extension Statement {
        /// Bytes of a message; nil: there can't be so many.
        func byteCount(_ column: Int32) -> Int? {
            let value = self.int64(column)
            return !self.isNull(column) && StoredNumbers.bytes.contains(value) ? Int(value) : nil
        }

        /// The same, where a row is removed: a wrong size is no reason to keep it, and must not keep other rows from
        /// being written in the same transaction.
        func clampedByteCount(_ column: Int32) -> Int {
            Int(min(max(self.int64(column), StoredNumbers.bytes.lowerBound), StoredNumbers.bytes.upperBound))
        }

        /// The identifier of a packet that is under way; nil: there is none of this number [MQTT-2.2.1-3].
        func packetIdentifier(_ column: Int32) -> UInt16? {
            guard let identifier = UInt16(exactly: self.int64(column)), identifier != 0 else { return nil }
            return identifier
        }

        /// The number of a session, message or delivery; nil: there is none like it.
        func number(_ column: Int32) -> Int64? {
            let value = self.int64(column)
            return StoredNumbers.numbers.contains(value) ? value : nil
        }
    }

#endif
