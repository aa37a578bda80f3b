//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    package import BrokerCore
    import GRDB
    import MQTTCodec

    extension SQLiteBackend {
        package func page(_ request: BacklogRequest) throws(StoreError) -> BacklogPage {
            let now = self.clock.now
            return try self.withDatabase { _, statements in
                var gathering = PageGathering(request)
                if request.includesInflight {
                    let select = statements.selectInflight
                    defer { select.rewind() }
                    select.set(1, request.session.value)
                    while try select.step() {
                        if request.wantsOnlyShared, select.isNull(4) { continue }
                        gathering.inflight.append(try self.entry(select, at: now))
                    }
                }
                let select = request.wantsOnlyShared ? statements.selectShared : statements.selectQueued
                defer { select.rewind() }
                select.set(1, request.session.value)
                select.set(2, request.after.value)
                while try select.step() {
                    guard gathering.wants(StoreNumber(value: select.int64(0))) else { continue }
                    guard gathering.hasRoom else { break }
                    gathering.add(try self.entry(select, at: now))
                }
                return gathering.page
            }
        }

        /// The row that the statement is at.
        private func entry(_ row: Statement, at now: StoreClock.Reading) throws(StoreError) -> BacklogPage.Entry {
            let delivery = row.int64(0)
            guard row.number(0) != nil, let qos = QoS(stored: row.int64(1)), qos > .atMostOnce,
                let packetIdentifier = UInt16(exactly: row.int64(5)),
                let identifiers = StoredIdentifiers.decode(row.bytes(3))
            else { throw self.corrupt("delivery \(delivery)") }
            let group = row.text(4)
            guard group != nil || row.isNull(4) else { throw self.corrupt("delivery \(delivery)") }
            guard !row.isNull(8) else { throw self.corrupt("message \(row.int64(7)) is missing") }
            return BacklogPage.Entry(
                delivery: StoreNumber(value: delivery),
                message: try self.message(row, from: 8, at: now),
                qos: qos,
                isRetained: row.int64(2) != 0,
                identifiers: identifiers,
                group: group,
                packetIdentifier: packetIdentifier,
                isConfirmed: row.int64(6) != 0
            )
        }

        /// The message whose columns, from its number on, begin at a column of a row.
        func message(_ row: Statement, from first: Int32, at now: StoreClock.Reading) throws(StoreError) -> Message {
            let number = row.int64(first)
            guard let message = Message(stored: row, from: first, at: now) else {
                throw self.corrupt("message \(number)")
            }
            return message
        }

        func corrupt(_ detail: String) -> StoreError { .corrupt(path: self.path, detail: detail) }
    }

    extension Message {
        /// The columns of a message: number, topic, properties, payload, qos, retained, expires_at, payload_format and
        /// publisher. nil: they can't be.
        convenience init?(stored row: Statement, from first: Int32, at now: StoreClock.Reading) {
            let topic = row.bytes(first + 1).bytes
            let properties = row.bytes(first + 2)
            let publisher = row.text(first + 8)
            guard let number = row.number(first), TopicName.isValid(topic), let qos = QoS(stored: row.int64(first + 4)),
                row.isNull(first + 7) || (0...1).contains(row.int64(first + 7)),
                publisher != nil || row.isNull(first + 8),
                Properties.areForwarded(properties)
            else { return nil }
            self.init(
                topic: topic,
                propertyBytes: properties.bytes,
                payload: row.bytes(first + 3).bytes,
                qos: qos,
                isRetained: row.int64(first + 5) != 0,
                expiresAt: row.optionalInt64(first + 6).map { now.time(of: $0) },
                payloadFormatIndicator: row.optionalInt64(first + 7).map { UInt8(clamping: $0) },
                publisher: publisher,
                number: StoreNumber(value: number)
            )
        }
    }

    extension QoS {
        /// nil: no quality of service.
        init?(stored value: Int64) {
            guard let value = UInt8(exactly: value) else { return nil }
            self.init(rawValue: value)
        }
    }

#endif
