//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What publishers have been promised, and what subscribers may expect of it.
final class StoreLedger {
    /// One message.
    struct Record {
        let topic: String
        let qos: QoS
        /// Sessions, and groups, that had SUBACK for a matching subscription before it was sent.
        var expected: Set<String>
        /// Whether it has been sent more than once.
        var isRepeated = false
        /// Whether its publisher has got PUBACK or PUBREC.
        var isPromised = false
    }

    private(set) var records: [String: Record] = [:]
    /// Whether messages are refused: the store fails now and then, or sessions are full.
    var refusesMessages = false
    private(set) var faults: [String] = []

    func fault(_ text: String) { self.faults.append(text) }

    func begin(_ text: String, _ record: Record) { self.records[text] = record }

    func promise(_ text: String) { self.records[text]?.isPromised = true }

    /// It is sent again.
    func noteRepeated(_ text: String) { self.records[text]?.isRepeated = true }

    /// Somebody gives up a subscription: what has not been promised may find it gone when it is sent again.
    func release(_ account: String) {
        for (text, record) in self.records where !record.isPromised && record.expected.contains(account) {
            self.records[text]?.expected.remove(account)
        }
    }

    /// Whether a message has to come to somebody in the order of the first sending. One that there was no subscription
    /// for, or that may have been refused, may come when it is sent again, behind later ones.
    func isOrdered(_ text: String, for account: String) -> Bool {
        guard let record = self.records[text], record.expected.contains(account) else { return false }
        return !(record.isRepeated && self.refusesMessages)
    }
}
