//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import BrokerNetwork
import MQTTCodec
import NIOCore
import NanoMQ
import Testing

extension NetworkTests {
    /// Listeners that come, change and go while clients are there.
    @Suite struct ListenerChangeTests {
        private func settings(_ name: String, port: Int = 0) -> ListenerSettings {
            ListenerSettings(name: name, host: "127.0.0.1", port: port)
        }

        private func at(_ index: Int, of running: RunningBroker) -> RunningBroker {
            RunningBroker(broker: running.broker, address: running.broker.addresses[index])
        }

        private func brief(_ changes: [ListenerChange]) -> [String] {
            changes.map { "\($0.listener) \($0.action.rawValue)\($0.error == nil ? "" : "!")" }
        }

        @Test func addedAndRemoved() async throws {
            let (one, two, three) = (self.settings("one"), self.settings("two"), self.settings("three"))
            try await RunningBroker.with(listeners: [one, two]) { running in
                let staying = try await running.connected("staying")
                let leaving = try await self.at(1, of: running).connected("leaving")
                let old = try await self.at(1, of: running).connected("old", .v3_1_1)
                let waiting = try await self.at(1, of: running).client("waiting")
                let gone = running.broker.addresses[1]

                let changes = try await running.broker.apply(listeners: [one, three])
                #expect(self.brief(changes) == ["tcp:three added", "tcp:two removed"])
                #expect(await leaving.next() == .disconnect(Disconnect(reason: .administrativeAction)))
                #expect(await leaving.next() == nil)
                #expect(await old.next() == nil)
                #expect(await waiting.next() == nil)
                await #expect(throws: (any Error).self) { try await NetworkClient("late", to: gone) }
                try await staying.ping()
                _ = try await self.at(1, of: running).connected("new")
                #expect(running.broker.listenerStatus.map(\.settings.name) == ["one", "three"])
                #expect(try await running.broker.apply(listeners: [one, three]) == [])
            }
        }

        @Test func limitsChangeForThoseWhoComeFromNowOn() async throws {
            var listener = self.settings("one")
            try await RunningBroker.with(listeners: [listener]) { running in
                let address = running.address
                let first = try await running.connected("first")
                listener.maximumConnections = 1
                #expect(self.brief(try await running.broker.apply(listeners: [listener])) == ["tcp:one changed"])
                let second = try await running.client("second")
                #expect(await second.next() == nil)
                listener.maximumConnections = nil
                listener.requiresProxyHeader = true
                try await running.broker.apply(listeners: [listener])
                let third = try await running.client("third")
                third.send(ByteBuffer(string: "PROXY UNKNOWN\r\n"))
                try await third.connect()
                try await first.ping()
                #expect(running.broker.addresses == [address])
            }
        }

        @Test func aListenerMoves() async throws {
            let free = try await RunningBroker.with { try #require($0.address.port) }
            try await RunningBroker.with(listeners: [self.settings("one"), self.settings("two")]) { running in
                let moving = try await running.connected("moving")
                let staying = try await self.at(1, of: running).connected("staying")
                let wanted = [self.settings("one", port: free), self.settings("two")]
                #expect(self.brief(try await running.broker.apply(listeners: wanted)) == ["tcp:one moved"])
                #expect(await moving.next() == .disconnect(Disconnect(reason: .administrativeAction)))
                #expect(running.broker.addresses.first?.port == free)
                _ = try await self.at(0, of: running).connected("again")
                try await staying.ping()
            }
        }

        /// The new one takes clients before those of the old one are sent away, and only the host is another.
        @Test func clientsOfAMovedListenerAreNotTakenForThoseOfItsSuccessor() async throws {
            let free = try await RunningBroker.with { try #require($0.address.port) }
            let guests = Guests()
            try await RunningBroker.with(listeners: [self.settings("one", port: free)], extensions: [guests]) {
                running in
                let old = try await running.connected("old")
                let moved = ListenerSettings(name: "one", host: "::1", port: free)
                #expect(self.brief(try await running.broker.apply(listeners: [moved])) == ["tcp:one moved"])
                #expect(await old.next() == .disconnect(Disconnect(reason: .administrativeAction)))
                _ = try await self.at(0, of: running).connected("new")
                let origins = guests.clients.map(\.origin)
                #expect(origins.map(\.port) == [UInt16(free), UInt16(free)])
                #expect(Set(origins.map(\.listenerNumber)).count == 2)
            }
        }

        /// The port stays, so the old socket has to go first.
        @Test func aListenerMovesToAnotherHostOnItsPort() async throws {
            let free = try await RunningBroker.with { try #require($0.address.port) }
            let here = self.settings("one", port: free)
            try await RunningBroker.with(listeners: [here]) { running in
                let client = try await running.connected("client")
                let everywhere = ListenerSettings(name: "one", host: "0.0.0.0", port: free)
                #expect(self.brief(try await running.broker.apply(listeners: [everywhere])) == ["tcp:one moved"])
                #expect(await client.next() == .disconnect(Disconnect(reason: .administrativeAction)))
                _ = try await running.connected("again")
                #expect(running.broker.addresses.first?.ipAddress == "0.0.0.0")
            }
        }

        /// On a dual-stack machine the one for IPv6 would have the other's clients too, and only one could be bound.
        @Test func allAddressesOfBothFamiliesOnOnePort() async throws {
            let free = try await RunningBroker.with { try #require($0.address.port) }
            let four = ListenerSettings(name: "four", host: "0.0.0.0", port: free)
            let six = ListenerSettings(name: "six", host: "::", port: free)
            let guests = Guests()
            try await RunningBroker.with(listeners: [six, four], extensions: [guests]) { running in
                func connected(from host: String) async throws -> NetworkClient {
                    let address = try SocketAddress(ipAddress: host, port: free)
                    let there = RunningBroker(broker: running.broker, address: address)
                    return try await there.connected("from \(host)")
                }
                let first = try await connected(from: "127.0.0.1")
                let second = try await connected(from: "::1")
                #expect(guests.clients.map(\.origin.listener) == ["four", "six"])
                #expect(try await running.broker.apply(listeners: [six, four]) == [])

                // Without the other it takes all, for which it has to be bound anew.
                let changes = try await running.broker.apply(listeners: [six])
                #expect(self.brief(changes) == ["tcp:six moved", "tcp:four removed"])
                for client in [first, second] {
                    #expect(await client.next() == .disconnect(Disconnect(reason: .administrativeAction)))
                }
                _ = try await connected(from: "127.0.0.1")
                #expect(guests.clients.last?.origin.listener == "six")

                #expect(
                    self.brief(try await running.broker.apply(listeners: [six, four])) == [
                        "tcp:six moved", "tcp:four added",
                    ]
                )
                _ = try await connected(from: "127.0.0.1")
                #expect(guests.clients.last?.origin.listener == "four")
            }
        }

        @Test func twoListenersExchangeTheirPorts() async throws {
            let ports = try await RunningBroker.with(listeners: [self.settings("a"), self.settings("b")]) {
                $0.broker.addresses.compactMap(\.port)
            }
            let before = [self.settings("one", port: ports[0]), self.settings("two", port: ports[1])]
            let after = [self.settings("one", port: ports[1]), self.settings("two", port: ports[0])]
            try await RunningBroker.with(listeners: before) { running in
                let changes = try await running.broker.apply(listeners: after)
                // Each holds what the other wants.
                #expect(self.brief(changes) == ["tcp:one moved", "tcp:two moved"])
                #expect(running.broker.addresses.compactMap(\.port) == [ports[1], ports[0]])
                _ = try await running.connected("client")
            }
        }

        @Test func whatCannotBeBoundIsSaidAndTheRestIsDone() async throws {
            try await RunningBroker.with { other in
                let taken = try #require(other.address.port)
                try await RunningBroker.with(listeners: [self.settings("one")]) { running in
                    let client = try await running.connected("client")
                    let wanted = [
                        self.settings("one", port: taken), self.settings("two", port: taken), self.settings("three"),
                    ]
                    let changes = try await running.broker.apply(listeners: wanted)
                    #expect(self.brief(changes) == ["tcp:one moved!", "tcp:two added!", "tcp:three added"])
                    #expect(
                        changes[1].error
                            == "cannot listen on 127.0.0.1:\(taken) (tcp:two): address already in use"
                    )
                    // It stays where it was.
                    try await client.ping()
                    _ = try await running.connected("another")
                    #expect(Set(running.broker.listenerStatus.map(\.settings.name)) == ["one", "three"])
                }
            }
        }

        @Test func aBrokerThatDoesNotRunHasNone() async throws {
            let broker = Broker(listeners: [], logger: .silent)
            await #expect(throws: BrokerError.notRunning) { try await broker.apply(listeners: []) }
            #expect(broker.listenerStatus.isEmpty)
        }

        @Test func changesOfManyCallersFollowEachOther() async throws {
            try await RunningBroker.with(listeners: [self.settings("one")]) { running in
                let client = try await running.connected("client")
                try await withThrowingTaskGroup { group in
                    for round in 0..<8 {
                        group.addTask {
                            let wanted = ["one", "extra-\(round)"].map { self.settings($0) }
                            _ = try await running.broker.apply(listeners: wanted)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(running.broker.listenerStatus.count == 2)
                try await client.ping()
            }
        }
    }
}
