//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Testing

@testable import BrokerCore

/// As much gives way as comes, and no more.
@Suite struct StoreLimitTests {
    private let store = ModelStore.prompt()

    private func broker(_ configure: (inout BrokerSettings) -> Void) -> TestBroker {
        TestBroker(store: self.store) {
            $0.queuedMessagesInMemory = 3
            configure(&$0)
        }
    }

    private func publish(_ count: Int, _ bytes: Int, to topic: String, _ broker: TestBroker) {
        let publisher = broker.connected("p")
        for number in 0..<count {
            publisher.publish(topic, "\(100 + number)" + String(repeating: "x", count: bytes - 4), qos: .atLeastOnce)
            broker.settle()
        }
        publisher.drop()
        broker.commit()
    }

    private func numbers(_ client: String) -> [Int?] { self.store.tables.texts(client).map { Int($0.prefix(3)) } }

    // MARK: Bytes of the store as a whole

    @Test(arguments: [3, 1000])
    func smallOnesGiveWayToLargeOnes(inMemory: Int) {
        let broker = self.broker {
            $0.maximumStoredBytes = 10_000
            $0.queuedMessagesInMemory = inMemory
        }
        broker.away("c", "s")
        self.publish(150, 100, to: "s", broker)
        #expect(self.numbers("c") == Array(150..<250))
        self.publish(50, 1000, to: "s", broker)
        #expect(self.numbers("c") == Array(140..<150))
        #expect(self.store.byteCount == 10_000)
        self.publish(5, 100, to: "s", broker)
        #expect(self.store.byteCount <= 10_000)
    }

    /// It is the session with most bytes that gives way, not the one with most messages.
    @Test func theLargestGivesWay() {
        let broker = self.broker { $0.maximumStoredBytes = 10_000 }
        broker.away("many", "m")
        broker.away("large", "l")
        broker.away("c", "s")
        self.publish(20, 100, to: "m", broker)
        self.publish(8, 1000, to: "l", broker)
        self.publish(3, 1500, to: "s", broker)
        #expect(self.store.tables.texts("many").count == 20)
        // The second came when the first had made more room than it took.
        #expect(self.numbers("large") == Array(104..<108) && self.numbers("c") == [100, 101, 102])
    }

    @Test func whatFindsNotEnoughToDisplaceDisplacesNothing() {
        let broker = self.broker { $0.maximumStoredBytes = 1000 }
        broker.away("c", "s")
        self.publish(10, 100, to: "s", broker)
        self.publish(1, 1001, to: "s", broker)
        #expect(self.numbers("c") == Array(100..<110))
        #expect(broker.metrics.droppedQueueFull == 1)
    }

    // MARK: A limit that has been lowered

    @Test(arguments: [false, true])
    func whatWasAcceptedStays(ofBytes: Bool) {
        var broker = self.broker { _ in }
        broker.away("c", "s")
        self.publish(20, 100, to: "s", broker)
        broker = broker.restarted {
            $0.queuedMessagesInMemory = 3
            if ofBytes { $0.maximumStoredBytesPerSession = 500 } else { $0.maximumStoredMessagesPerSession = 5 }
        }
        let client = broker.kept("c", receiveMaximum: 1)
        client.drop()
        broker.commit()
        #expect(self.numbers("c") == Array(100..<120))
        self.publish(2, 100, to: "s", broker)
        // One is in flight.
        #expect(self.numbers("c") == [100] + Array(103..<120) + [100, 101])
        #expect(broker.kept("c").drain().count == 20)
        #expect(self.store.tables.deliveryCount == 0)
    }
}
