//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// The whole broker without sockets: the input is a script for eight clients on two shards.
///
/// Each step is a byte, whose upper half says what happens and whose lower half to which client, and what the step
/// needs after it. Every packet that the broker sends must be one, and when all is over its tables must agree.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBroker(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var script = Script(rest: UnsafeBufferPointer(start: start, count: count)[...])
    let network = SimulatedNetwork(shardCount: 2)
    while let step = script.next() {
        let client = Int(step & 0x07)
        switch step >> 4 {
        case 0...4: network.send(script.bytes(), from: client)
        case 5: network.send(prefabricated(&script), from: client)
        case 6: network.connect(client, with: connectPacket(&script))
        case 7: network.subscribe(client, subscribePacket(&script, network.version(of: client)))
        case 8: network.disconnect(client)
        case 9: network.toggleWritable(client)
        case 10: network.advance(milliseconds: 1 << Int64(script.byte() % 40))
        case 11: network.deliverMail(to: client % 2)
        case 12: network.endTurn(of: client % 2)
        case 13: network.open(client)
        case 14: network.acknowledgeAll(client)
        default: network.settle()
        }
    }
    network.finish()
    return 0
}

/// Reads a script; behind its end everything is zero.
struct Script {
    var rest: Slice<UnsafeBufferPointer<UInt8>>

    mutating func next() -> UInt8? { self.rest.popFirst() }

    mutating func byte() -> UInt8 { self.rest.popFirst() ?? 0 }

    /// As many bytes as the next one says.
    mutating func bytes() -> ByteBuffer {
        let part = self.rest.prefix(Int(self.byte()))
        self.rest = self.rest.dropFirst(part.count)
        return ByteBuffer(bytes: part)
    }
}

private let versions = [ProtocolVersion.v3_1, .v3_1_1, .v5, .v5]
private let topics = ["a", "a/b", "a//c", "$SYS/x", "é/\u{301}"]
private let filters = ["a", "a/b", "a/+", "#", "+/b", "$share/g/a/#", "$queue/a", "$SYS/#", "$share/g/#"]

/// A CONNECT that is let in, so that the fuzzer need not find one: few client identifiers, so that they collide.
private func connectPacket(_ script: inout Script) -> ByteBuffer {
    let choice = script.byte()
    let version = versions[Int(choice & 3)]
    var connect = Connect(version: version, clientIdentifier: "c\(script.byte() % 4)")
    connect.cleanStart = choice & 4 != 0
    if version == .v5 {
        if choice & 8 != 0 { connect.properties.append(.sessionExpiryInterval(UInt32(script.byte()))) }
        if choice & 16 != 0 { connect.properties.append(.receiveMaximum(UInt16(script.byte()) + 1)) }
        if choice & 32 != 0 { connect.properties.append(.topicAliasMaximum(2)) }
        if choice & 64 != 0 { connect.properties.append(.maximumPacketSize(UInt32(script.byte()) + 8)) }
    }
    if choice & 128 != 0 {
        connect.will = Will(topic: "a/b", payload: ByteBuffer(string: "will"), qos: .atLeastOnce, isRetained: true)
    }
    return encoded(.connect(connect), version)
}

/// A SUBSCRIBE to one of a few filters, with any options.
private func subscribePacket(_ script: inout Script, _ version: ProtocolVersion) -> ByteBuffer {
    let options = script.byte()
    let filter = filters[Int(script.byte()) % filters.count]
    guard let qos = QoS(rawValue: options % 3) else { fail("no QoS below 3") }
    let isVersion5 = version == .v5
    var subscription = SubscriptionOptions(qos: qos)
    if isVersion5 {
        subscription.noLocal = options & 0x10 != 0 && !filter.hasPrefix("$share")
        subscription.retainAsPublished = options & 0x20 != 0
    }
    var subscribe = Subscribe(packetIdentifier: 1, filters: [.init(filter: filter, options: subscription)])
    if isVersion5, options & 0x40 != 0 { subscribe.properties.append(.subscriptionIdentifier(7)) }
    return encoded(.subscribe(subscribe), version)
}

/// A PUBLISH or a PUBREL in the form that all versions without properties have.
private func prefabricated(_ script: inout Script) -> ByteBuffer {
    let choice = script.byte()
    let identifier = UInt16(script.byte() % 4) + 1
    guard let qos = QoS(rawValue: choice % 4) else {
        return ByteBuffer(bytes: [0x62, 2, 0, UInt8(identifier)])
    }
    let publish = Publish(
        topic: topics[Int(choice >> 4) % topics.count],
        payload: ByteBuffer(repeating: 0x78, count: choice & 8 != 0 ? 5000 : Int(choice & 1)),
        qos: qos,
        isRetained: choice & 4 != 0,
        packetIdentifier: qos == .atMostOnce ? 0 : identifier
    )
    return encoded(.publish(publish), script.byte() & 1 == 0 ? .v3_1_1 : .v5)
}

private func encoded(_ packet: Packet, _ version: ProtocolVersion) -> ByteBuffer {
    var bytes = ByteBuffer()
    do throws(MQTTError) {
        try packet.encode(into: &bytes, version: version)
    } catch {
        fail("the target's own packet cannot be encoded: \(error)")
    }
    return bytes
}

/// Ends the run, with a reason, unless the condition holds.
func check(_ condition: Bool, _ reason: @autoclosure () -> String) {
    if !condition { fail(reason()) }
}

/// A trap is what libFuzzer records as a crash.
func fail(_ reason: String) -> Never { fatalError(reason) }
