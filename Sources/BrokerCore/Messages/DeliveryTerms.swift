//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// How one subscriber gets a message: what its subscriptions make of it.
struct DeliveryTerms {
    let qos: QoS
    /// The RETAIN flag of its copy.
    let isRetained: Bool
    /// The v5 subscription identifiers that go with it.
    var identifiers: [UInt32] = []
    /// The shared group that chose the subscriber; another member gets the message if this one leaves.
    var group: SharedGroup?
    /// What this delivery is known by in the store; `none`: it is not stored.
    var number = StoreNumber.none
}
