//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension ReasonCode {
    /// The packets that carry reason codes, grouped where they share a set (table 2-6).
    enum Carrier {
        case connectAck
        /// PUBACK and PUBREC.
        case publishAck
        /// PUBREL and PUBCOMP.
        case publishRelease
        case subscribeAck
        case unsubscribeAck
        case disconnect
        case auth
    }

    /// Checks that the packet may carry this code, for example [MQTT-3.2.2-8] for CONNACK.
    /// - Throws: `protocolError` when table 2-6 does not list it.
    func check(in carrier: Carrier) throws(MQTTError) {
        guard isListed(in: carrier) else { throw .protocolError("reason code is not defined for this packet") }
    }

    /// Table 2-6 by columns.
    private func isListed(in carrier: Carrier) -> Bool {
        switch carrier {
        case .connectAck:
            switch rawValue {
            case 0x00, 0x80...0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99...0x9D, 0x9F: true
            default: false
            }
        case .publishAck:
            switch rawValue {
            case 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99: true
            default: false
            }
        case .publishRelease:
            rawValue == 0x00 || rawValue == 0x92
        case .subscribeAck:
            switch rawValue {
            case 0x00...0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2: true
            default: false
            }
        case .unsubscribeAck:
            switch rawValue {
            case 0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91: true
            default: false
            }
        case .disconnect:
            switch rawValue {
            case 0x00, 0x04, 0x80...0x83, 0x87, 0x89, 0x8B...0x90, 0x93...0xA2: true
            default: false
            }
        case .auth:
            switch rawValue {
            case 0x00, 0x18, 0x19: true
            default: false
            }
        }
    }
}
