//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import BrokerCore
    import MQTTCodec
    import NanoMQ
    import NIOCore
    import Synchronization
    import Testing

    extension NetworkTests {
        /// What is used after its connection has gone, and what goes while it is used, with sessions on disk. Meant to
        /// be run under the sanitizers, too.
        @Suite struct StoreLifetimeTests {
            private let folder: TemporaryFolder
            private let store: StoreSettings

            init() throws {
                self.folder = try TemporaryFolder()
                self.store = StoreSettings(directory: self.folder.path)
            }

            /// Most messages are in the store only.
            private static func small(_ settings: inout BrokerSettings) { settings.queuedMessagesInMemory = 4 }

            private func leaveSession(_ name: String, _ running: RunningBroker, user: String? = nil) async throws {
                let client = try await running.client(name)
                try await client.connect(clean: false) { $0.userName = user }
                try await client.subscribe("t/#", qos: .atLeastOnce)
                await client.disconnect()
            }

            /// Publishes and waits until everything has been acknowledged.
            private func publish(_ count: Int, _ running: RunningBroker, qos: QoS = .atLeastOnce) async throws {
                let publisher = try await running.connected("publisher-\(count)")
                for number in 0..<count { publisher.publish("t/\(number % 7)", "\(number)", qos: qos) }
                for _ in 0..<count {
                    try await publisher.first { packet -> Void? in
                        guard case .acknowledgement(let answer) = packet else { return nil }
                        #expect(!answer.reason.isError)
                        return ()
                    }
                }
                await publisher.disconnect()
            }

            // MARK: Connection parameters

            @Test func whoSomebodyWasIsKnownWhenTheConnectionAndTheBrokerAreGone() async throws {
                try await RunningBroker.with(store: self.store, settings: Self.small) { running in
                    try await self.leaveSession("c", running, user: "adam")
                    try await self.publish(50, running)
                }
                let rules = NoticingRules()
                try await RunningBroker.with(extensions: [rules], store: self.store, settings: Self.small) { running in
                    // Nobody is connected: whom a message may go to is asked by what the store knows of the client.
                    try await self.publish(20, running)
                    let client = try await running.client("c")
                    let answer = try await client.connect(clean: false) { $0.userName = "adam" }
                    #expect(answer.sessionPresent)
                    var texts: [String] = []
                    while texts.count < 70 { texts.append(try await client.nextPublish().text) }
                    let expected = Array(0..<50) + Array(0..<20)
                    #expect(texts == expected.map { "\($0)" })
                    await client.disconnect()
                }
                #expect(rules.users == ["adam"])
                #expect(rules.clients == ["c"])
            }

            // MARK: Take-over

            /// Client after client takes the session over, on any of the loops, while its messages are being read from
            /// the store and sent.
            @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
            func aSessionIsTakenOverWhileItsBacklogIsDelivered(qos: QoS) async throws {
                let count = 600
                try await RunningBroker.with(threads: 4, store: self.store, settings: Self.small) { running in
                    let first = try await running.client("c")
                    try await first.connect(clean: false)
                    try await first.subscribe("t/#", qos: qos)
                    await first.disconnect()
                    try await self.publish(count, running, qos: qos)
                    var got: [String] = []
                    // Known of QoS 2 messages over all connections, as a client has to.
                    var open: Set<UInt16> = []
                    while Set(got).count < count {
                        let client = try await running.client("c")
                        let answer = try await client.connect(clean: false)
                        #expect(answer.sessionPresent)
                        let part = Int.random(in: 1...80)
                        var taken = 0
                        while taken < part, Set(got).count < count, let packet = await client.next() {
                            switch packet {
                            case .publish(let publish) where qos == .atLeastOnce:
                                got.append(publish.text)
                                client.acknowledge(.publishAck, publish.packetIdentifier)
                                taken += 1
                            case .publish(let publish):
                                if open.insert(publish.packetIdentifier).inserted { got.append(publish.text) }
                                client.acknowledge(.publishReceived, publish.packetIdentifier)
                                taken += 1
                            case .acknowledgement(let answer) where answer.kind == .publishRelease:
                                open.remove(answer.packetIdentifier)
                                client.acknowledge(.publishComplete, answer.packetIdentifier)
                            default: continue
                            }
                        }
                        // It stays open: the next one takes over.
                        if Bool.random() { await client.reset() }
                    }
                    if qos == .exactlyOnce { #expect(got.count == count) }
                    #expect(Set(got) == Set((0..<count).map { "\($0)" }))
                }
            }

            // MARK: Expiry

            @Test func whatExpiresWhileItIsDeliveredIsNotDeliveredAndNotKept() async throws {
                try await RunningBroker.with(store: self.store, settings: Self.small) { running in
                    try await self.leaveSession("c", running)
                    let publisher = try await running.connected("p")
                    for number in 0..<200 {
                        // Every second one has expired as good as at once.
                        var publish = Publish(
                            topic: "t/x",
                            payload: ByteBuffer(string: "\(number)"),
                            qos: .atLeastOnce,
                            packetIdentifier: publisher.nextPacketIdentifier()
                        )
                        if number % 2 == 1 { publish.properties.messageExpiryInterval = 0 }
                        publisher.send(.publish(publish))
                    }
                    try await publisher.ping()
                    let client = try await running.client("c")
                    try await client.connect(clean: false)
                    var texts: [String] = []
                    while texts.count < 100 { texts.append(try await client.nextPublish().text) }
                    #expect(texts == stride(from: 0, to: 200, by: 2).map { "\($0)" })
                    await client.disconnect()
                    await publisher.disconnect()
                    while let totals = running.broker.storeMetrics?.totals, totals.messages > 0, !Task.isCancelled {
                        await Task.yield()
                    }
                    #expect(running.broker.storeMetrics?.totals.messages == 0)
                }
            }
        }
    }

    /// Allows everything, and notices who is asked about.
    private final class NoticingRules: BrokerExtension {
        private let asked = Mutex<(users: Set<String>, clients: Set<String>)>(([], []))

        var users: Set<String> { self.asked.withLock { $0.users } }
        var clients: Set<String> { self.asked.withLock { $0.clients } }

        var interests: ExtensionInterests { .authorization }

        func mayReceive(_ message: Message, client: ClientInfo) -> Bool {
            self.asked.withLock {
                $0.users.insert(client.userName ?? "nobody")
                $0.clients.insert(client.clientIdentifier)
            }
            return true
        }
    }
#endif
