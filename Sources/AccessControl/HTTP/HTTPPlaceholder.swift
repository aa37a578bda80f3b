//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import BrokerCore
    import MQTTCodec
    import NIOCore

    /// What a parameter of a request can stand for. `%%` is a percent sign.
    public enum HTTPPlaceholder: Character, Sendable, CaseIterable {
        /// `%u`: the user name.
        case userName = "u"
        /// `%c`: the client identifier.
        case clientIdentifier = "c"
        /// `%a`: the IP address the client connects from.
        case address = "a"
        /// `%P`: the password. Known at CONNECT only.
        case password = "P"
        /// `%p`: the port of the listener.
        case port = "p"
        /// `%r`: the name of the protocol, `MQTT`, or `MQIsdp` for 3.1.
        case protocolName = "r"
        /// `%C`: the common name of the client's certificate.
        case commonName = "C"
        /// `%d`: the subject of the client's certificate.
        case subject = "d"
        /// `%A`: 1 for subscribe, 2 for publish.
        case access = "A"
        /// `%t`: the topic or topic filter.
        case topic = "t"
        /// `%m`: the mount point. Has no value, as in the original.
        case mountPoint = "m"
    }

    /// Whom and what a request is about.
    struct HTTPSubject: Sendable {
        enum Access: UInt8, Sendable {
            case subscribe = 1
            case publish = 2
        }

        let client: ClientInfo
        /// Bytes of its own, so that a request that waits does not keep what was received alive.
        var password: [UInt8]?
        var access: Access?
        var topic: String?

        /// The bytes a placeholder stands for; nil: there are none.
        func value(of placeholder: HTTPPlaceholder) -> [UInt8]? {
            switch placeholder {
            case .userName: self.client.userName.map { Array($0.utf8) }
            case .clientIdentifier: Array(self.client.clientIdentifier.utf8)
            case .address: Array(self.client.peer.host.utf8)
            case .password: self.password
            case .port: self.client.origin.port == 0 ? nil : Array(String(self.client.origin.port).utf8)
            case .protocolName: Array((self.client.version == .v3_1 ? "MQIsdp" : "MQTT").utf8)
            case .commonName:
                self.client.origin.certificate.flatMap { $0.commonName.isEmpty ? nil : Array($0.commonName.utf8) }
            case .subject: self.client.origin.certificate.map { Array($0.subject.utf8) }
            case .access: self.access.map { Array(String($0.rawValue).utf8) }
            case .topic: self.topic.map { Array($0.utf8) }
            case .mountPoint: nil
            }
        }
    }
#endif
