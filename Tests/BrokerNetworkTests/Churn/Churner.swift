//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// Connects again and again, under many names, and leaves in every way there is.
struct Churner {
    let population: Population

    /// - Throws: when the broker can't be reached at all.
    func run() async throws {
        while !Task.isCancelled {
            let number = self.population.progress.count
            guard number < self.population.connections else { return }
            switch Int.random(in: 0..<10) {
            case 0: try await self.beSilent()
            case 1: try await self.talkNonsense()
            case 2...3: try await self.visit(asResident: Int.random(in: 0..<Population.residents))
            default: try await self.visit(as: number)
            }
            self.population.progress.advance()
        }
    }

    /// Opens a connection and says nothing, or only the beginning of a CONNECT.
    private func beSilent() async throws {
        let client = try await self.population.broker.client("silent")
        if Bool.random() {
            let connect = client.encode(.connect(Connect(clientIdentifier: "silent")))
            if let part = connect.getSlice(at: connect.readerIndex, length: connect.readableBytes / 2) {
                client.send(part)
            }
        }
        await Bool.random() ? client.reset() : client.close()
    }

    private func talkNonsense() async throws {
        let client = try await self.population.broker.client("nonsense-\(Int.random(in: 0..<4))")
        if Bool.random() { client.sendConnect() }
        client.send(ByteBuffer(bytes: (0..<Int.random(in: 1...64)).map { _ in UInt8.random(in: .min ... .max) }))
        await client.halfClose()
    }

    /// A client whose session has to be there whenever it comes.
    private func visit(asResident index: Int) async throws {
        let client = try await self.population.broker.client(Population.resident(index), Population.anyVersion)
        guard let answer = try? await client.connect(clean: false) else { return }
        #expect(answer.reason == .success)
        #expect(answer.sessionPresent, "the session of resident \(index) is lost")
        client.publish("resident/\(Int.random(in: 0..<Population.residents))", "hello", qos: .atLeastOnce)
        await self.converse(client)
        await client.leaveSomehow()
    }

    private func visit(as number: Int) async throws {
        let isOften = Int.random(in: 0..<3) > 0
        let identifier =
            isOften ? Population.stranger(Int.random(in: 0..<Population.strangers)) : "passer-by-\(number % 20)"
        let client = try await self.population.broker.client(identifier, Population.anyVersion)
        client.sendConnect(clean: !isOften || Bool.random()) { connect in
            guard Bool.random() else { return }
            connect.will = Will(topic: "noise/will", payload: ByteBuffer(string: identifier), qos: .atLeastOnce)
        }
        // The first half of all do not wait for the answer before they go on or leave.
        if Bool.random() {
            let answer: ConnectAck? = try? await client.first {
                if case .connectAck(let answer) = $0 { answer } else { nil }
            }
            guard let answer else { return }
            #expect(answer.reason == .success)
        }
        let filters = ["noise/#", "noise/+", "$share/group/noise/#", "noise/\(Int.random(in: 0..<4))", "$SYS/#"]
        client.send(
            .subscribe(
                Subscribe(
                    packetIdentifier: client.nextPacketIdentifier(),
                    filters: filters.shuffled().prefix(2).map {
                        Subscribe.Filter(filter: $0, options: SubscriptionOptions(qos: .exactlyOnce))
                    }
                )
            )
        )
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
            client.publish("noise/\(Int.random(in: 0..<4))", identifier, qos: qos, isRetained: Bool.random())
        }
        if Bool.random() {
            client.send(
                .unsubscribe(Unsubscribe(packetIdentifier: client.nextPacketIdentifier(), filters: ["noise/#"]))
            )
        }
        await self.converse(client)
        await client.leaveSomehow()
    }

    /// Answers some packets as a client should; stops at the answer to a ping.
    private func converse(_ client: NetworkClient) async {
        client.send(.pingRequest)
        var patience = Int.random(in: 0..<40)
        while patience > 0, let packet = await client.next() {
            patience -= 1
            switch packet {
            case .publish(let publish) where publish.qos == .atLeastOnce:
                client.acknowledge(.publishAck, publish.packetIdentifier)
            case .publish(let publish) where publish.qos == .exactlyOnce:
                client.acknowledge(.publishReceived, publish.packetIdentifier)
            case .acknowledgement(let packet) where packet.kind == .publishReceived:
                client.acknowledge(.publishRelease, packet.packetIdentifier)
            case .acknowledgement(let packet) where packet.kind == .publishRelease:
                client.acknowledge(.publishComplete, packet.packetIdentifier)
            case .pingResponse: patience = min(patience, Int.random(in: 0..<4))
            default: break
            }
            if patience == 0 { return }
            if case .pingResponse = packet { return }
        }
    }
}
