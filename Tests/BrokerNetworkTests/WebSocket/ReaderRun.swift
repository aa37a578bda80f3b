//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

@testable import BrokerNetwork

/// What a reader makes of bytes.
struct ReaderRun: Equatable {
    var payload: [UInt8] = []
    var signals: [WebSocketFrameReader.Signal] = []
    var violation: WebSocketViolation?

    init(
        payload: [UInt8] = [],
        signals: [WebSocketFrameReader.Signal] = [],
        violation: WebSocketViolation? = nil
    ) {
        self.payload = payload
        self.signals = signals
        self.violation = violation
    }

    /// Feeds the pieces one after the other, until a violation or a close.
    init(_ pieces: [some Sequence<UInt8>], maximumLength: Int = .max) {
        var reader = WebSocketFrameReader(maximumLength: maximumLength)
        for piece in pieces {
            let bytes = ByteBuffer(bytes: piece)
            var output = ByteBuffer()
            var position = 0
            defer { self.payload += output.readableBytesView }
            do throws(WebSocketViolation) {
                while let signal = try reader.read(bytes.readableBytesSpan, at: &position, into: &output) {
                    self.signals.append(signal)
                    if case .close = signal { return }
                }
            } catch {
                self.violation = error
                return
            }
        }
    }
}
