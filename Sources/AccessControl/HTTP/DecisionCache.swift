//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import BrokerCore
    import Crypto
    import MQTTCodec
    import NIOCore
    import Synchronization

    /// Remembers for a while what the server has answered.
    final class DecisionCache: Sendable {
        /// What is remembered.
        enum Decision: UInt8, Sendable {
            /// The client is who it says.
            case authenticated
            /// The client may do everything.
            case superUser
            /// The client is no super user, so that this need not be asked again for each topic.
            case ordinaryUser
            /// The client may do this with this topic.
            case allowed
        }

        /// All that an answer depends on, byte by byte: strings are equal to Swift that are not equal to a server. Of
        /// the password a keyed hash, whose key never leaves the process.
        struct Key: Hashable, Sendable {
            fileprivate let bytes: [UInt8]
        }

        /// Keys that are longer are not kept, so that the number of entries limits the memory.
        static let maximumKeyLength = 1024

        private let lifetime: TimeAmount
        private let secret = SymmetricKey(size: .bits256)
        private let entries: Mutex<BoundedMap<Key, NIODeadline>>

        /// nil: nothing is to be remembered.
        init?(lifetime: TimeAmount, maximumEntries: Int) {
            guard lifetime > .zero, maximumEntries > 0 else { return nil }
            self.lifetime = lifetime
            self.entries = Mutex(BoundedMap(limit: maximumEntries))
        }

        /// The key of a decision; nil: it is too long to be kept.
        /// - Parameter isAboutTopic: whether the topic is part of what was asked
        func key(_ decision: Decision, _ subject: HTTPSubject, isAboutTopic: Bool) -> Key? {
            var bytes: [UInt8] = [decision.rawValue]
            func append(_ field: (some Collection<UInt8>)?) {
                // The length of each field comes first, so that no two subjects have the same bytes.
                let length = field.map { UInt32(clamping: $0.count) } ?? .max
                withUnsafeBytes(of: length) { bytes += $0 }
                if let field { bytes += field }
            }
            let client = subject.client
            append(client.clientIdentifier.utf8)
            append(client.userName?.utf8)
            append(client.peer.host.utf8)
            append(String(client.origin.port).utf8)
            append((client.version == .v3_1 ? "MQIsdp" : "MQTT").utf8)
            append(client.origin.certificate?.commonName.utf8)
            append(client.origin.certificate?.subject.utf8)
            append(subject.password.map { Array(HMAC<SHA256>.authenticationCode(for: $0, using: self.secret)) })
            if isAboutTopic {
                append(subject.access.map { [$0.rawValue] })
                append(subject.topic?.utf8)
            }
            return bytes.count <= Self.maximumKeyLength ? Key(bytes: bytes) : nil
        }

        func contains(_ key: Key, at now: NIODeadline) -> Bool {
            self.entries.withLock { entries in
                guard let end = entries.value(for: key) else { return false }
                if now < end { return true }
                entries.remove(key)
                return false
            }
        }

        func insert(_ key: Key, at now: NIODeadline) {
            self.entries.withLock { $0.set(now + self.lifetime, for: key) }
        }

        /// How many answers are kept.
        var count: Int { self.entries.withLock { $0.count } }
    }
#endif
