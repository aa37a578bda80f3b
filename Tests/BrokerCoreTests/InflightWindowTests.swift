//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// The window of messages in flight, against a plain list.
@Suite struct InflightWindowTests {
    private func message(_ text: String, isOnWire: Bool = true) throws -> InflightMessage {
        InflightMessage(
            state: .published,
            isOnWire: isOnWire,
            message: try Message(topic: "t", payload: ByteBuffer(string: text)),
            terms: DeliveryTerms(qos: .exactlyOnce, isRetained: false)
        )
    }

    private func text(_ message: InflightMessage?) -> String? {
        message?.message.map { String(buffer: $0.payload) }
    }

    @Test func identifiersGoInACircle() throws {
        var window = InflightWindow()
        let any = try self.message("x")
        for expected in 1...65_535 {
            #expect(Int(window.append(any)) == expected)
            if expected > 3 { window.end(UInt16(expected - 3)) }
        }
        #expect(window.append(any) == 1)
        #expect(window.append(any) == 2)
        #expect(window.count == 5)
        #expect(window.all.map(\.identifier) == [65_533, 65_534, 65_535, 1, 2])
        #expect(window[0] == nil)
        #expect(window[3] == nil)
    }

    /// [MQTT-2.2.1-3]: the first identifier is still in flight when the circle comes round, again and again. It is not
    /// given out a second time, and does not stop the others.
    @Test func noIdentifierIsUsedTwice() throws {
        var window = InflightWindow()
        let any = try self.message("x")
        let first = window.append(any)
        for _ in 0..<200_000 {
            guard window.hasFreeIdentifier else { return #expect(window.hasFreeIdentifier) }
            let identifier = window.append(any)
            if identifier == first { return #expect(identifier != first) }
            window.end(identifier)
        }
        #expect(window.count == 1)
        #expect(window[first] != nil)
        window.disconnect()
        #expect(window.nextToResend()?.identifier == first)
        #expect(window.nextToResend() == nil)
        window.end(first)
        #expect(window.isEmpty)
    }

    /// All identifiers there are in flight.
    @Test func identifiersRunOut() throws {
        var window = InflightWindow()
        let any = try self.message("x")
        var given: Set<UInt16> = []
        while window.hasFreeIdentifier { given.insert(window.append(any)) }
        #expect(given.count == 65_535)
        window.end(777)
        #expect(window.hasFreeIdentifier)
        #expect(window.append(any) == 777)
        #expect(!window.hasFreeIdentifier)
    }

    @Test(arguments: 0..<20)
    func anyOrderOfAcknowledgements(_ seed: Int) throws {
        struct Entry {
            let identifier: UInt16
            let text: String
            var isReleased = false
            var isOnWire = true
        }
        var generator = SeededGenerator(seed: UInt64(seed))
        var window = InflightWindow()
        var model: [Entry] = []
        for number in 0..<4000 {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<45:
                guard !window.hasMessagesToResend else { break }
                let identifier = window.append(try self.message("\(number)"))
                #expect(!model.contains { $0.identifier == identifier })
                model.append(Entry(identifier: identifier, text: "\(number)"))
            case 45..<85:
                guard let index = model.indices.randomElement(using: &generator) else { break }
                let entry = model.remove(at: index)
                #expect(self.text(window.end(entry.identifier)) == entry.text)
                #expect(window.end(entry.identifier) == nil, "only once")
            case 85..<95:
                guard let index = model.indices.randomElement(using: &generator) else { break }
                model[index].isReleased = true
                window.release(model[index].identifier)
            case 95:
                window.disconnect()
                for index in model.indices { model[index].isOnWire = false }
            default:
                for _ in 0..<3 {
                    guard let next = model.firstIndex(where: { !$0.isOnWire }) else {
                        #expect(window.nextToResend() == nil)
                        #expect(!window.hasMessagesToResend)
                        break
                    }
                    let resent = window.nextToResend()
                    #expect(resent?.identifier == model[next].identifier)
                    #expect(self.text(resent?.message) == model[next].text)
                    #expect((resent?.message.state == .released) == model[next].isReleased)
                    model[next].isOnWire = true
                }
            }
            #expect(window.count == model.count)
            #expect(window.onWire == model.count(where: \.isOnWire))
            #expect(window.isEmpty == model.isEmpty)
        }
        #expect(window.all.map(\.identifier) == model.map(\.identifier))
        for entry in model {
            #expect(self.text(window[entry.identifier]) == entry.text)
            #expect((window[entry.identifier]?.state == .released) == entry.isReleased)
            window.end(entry.identifier)
        }
        #expect(window.isEmpty && window.all.isEmpty)
    }

    // MARK: After a restart

    /// Takes up messages under these identifiers, in this order.
    private func restored(_ identifiers: [UInt16]) throws -> InflightWindow {
        var window = InflightWindow()
        for identifier in identifiers {
            window.restore(try self.message("\(identifier)", isOnWire: false), under: identifier)
        }
        return window
    }

    private func resend(_ window: inout InflightWindow) -> [UInt16] {
        var identifiers: [UInt16] = []
        while let next = window.nextToResend() { identifiers.append(next.identifier) }
        return identifiers
    }

    /// They go out again in the order in which they were taken up, whatever their identifiers are.
    @Test(
        arguments: [
            [1, 2, 3], [65_534, 65_535, 1, 2], [7, 9, 20, 21], [3, 60_000, 60_001], [60_000, 3, 4], [9, 8, 7, 6],
            [5, 50_000, 6, 50_001, 7], [1, 1100, 1101], [2, 65_535, 1, 40_000], [40_000],
        ] as [[UInt16]]
    )
    func restoring(_ identifiers: [UInt16]) throws {
        var window = try self.restored(identifiers)
        #expect(window.count == identifiers.count && window.onWire == 0 && window.hasMessagesToResend)
        #expect(window.all.map(\.identifier) == identifiers)
        #expect(self.resend(&window) == identifiers)
        #expect(window.onWire == identifiers.count && !window.hasMessagesToResend)
        for identifier in identifiers { #expect(self.text(window[identifier]) == "\(identifier)") }
        // Nothing that is appended gets one of them.
        let any = try self.message("x")
        for _ in 0..<3000 {
            let identifier = window.append(any)
            #expect(!identifiers.contains(identifier))
            window.end(identifier)
        }
        for identifier in identifiers.shuffled() { #expect(self.text(window.end(identifier)) == "\(identifier)") }
        #expect(window.isEmpty && window.onWire == 0 && window.all.isEmpty)
        _ = window.append(any)
        #expect(window.count == 1)
    }

    /// One that can't be, or that is there already, is left out.
    @Test func restoringNonsense() throws {
        var window = try self.restored([5, 0, 5, 6])
        #expect(self.resend(&window) == [5, 6])
    }

    /// As many as there can be, in good time.
    @Test func restoringAll() throws {
        let any = try self.message("x", isOnWire: false)
        var window = InflightWindow()
        for step in 0..<InflightWindow.identifiers {
            window.restore(any, under: UInt16((step + 40_000) % InflightWindow.identifiers + 1))
        }
        #expect(window.count == InflightWindow.identifiers && !window.hasFreeIdentifier)
        #expect(self.resend(&window).first == 40_001)
        window.end(777)
        #expect(window.append(any) == 777)
    }

    @Test(arguments: 0..<50)
    func restoringAndGoingOn(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var model: [UInt16] = []
        var next = UInt16.random(in: 1 ... .max, using: &generator)
        for _ in 0..<Int.random(in: 1..<60, using: &generator) {
            let step =
                generator.once(in: 10)
                ? Int.random(in: 1..<65_000, using: &generator) : Int.random(in: 1..<4, using: &generator)
            next = UInt16((Int(next) - 1 + step) % InflightWindow.identifiers + 1)
            if !model.contains(next) { model.append(next) }
        }
        var window = try self.restored(model)
        #expect(self.resend(&window) == model)
        for _ in 0..<500 {
            if Bool.random(using: &generator) {
                let identifier = window.append(try self.message("x"))
                #expect(!model.contains(identifier))
                model.append(identifier)
            } else if let index = model.indices.randomElement(using: &generator) {
                #expect(window.end(model.remove(at: index)) != nil)
            }
            #expect(window.count == model.count)
            if generator.once(in: 50) {
                window.disconnect()
                #expect(self.resend(&window) == model)
            }
        }
        #expect(window.all.map(\.identifier) == model)
    }
}
