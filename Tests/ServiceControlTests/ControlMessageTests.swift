//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import ServiceControl

/// The text of the control socket.
struct ControlMessageTests {
    @Test(arguments: [
        ControlMessage("status"),
        ControlMessage("ok", [.init("applied", "mqtt.max_qos"), .init("applied", "log.level"), .init("note", "")]),
        ControlMessage("error", [.init("message", "line one\nline two\r\n\\n is no line end: é")]),
    ])
    func whatIsWrittenIsRead(message: ControlMessage) {
        #expect(message.text.hasSuffix("\n\n"))
        #expect(ControlMessage(text: String(message.text.dropLast())) == message)
    }

    @Test func aValueCannotAddFieldsOrEndTheMessage() {
        let text = ControlMessage("reload", [.init("file", "/x\nfile: /etc/shadow\n\n")]).text
        #expect(text == "reload\nfile: /x\\nfile: /etc/shadow\\n\\n\n\n")
    }

    @Test(arguments: ["", "\n", "ok\nno colon", "ok\n: no name", "ok\nname:no space", "ok\nname:", "a\\q", "ok\nx: \\"])
    func nonsenseIsNoMessage(text: String) {
        #expect(ControlMessage(text: text) == nil)
    }

    @Test func valuesByName() {
        let message = ControlMessage("ok", [.init("a", "1"), .init("b", "2"), .init("a", "3")])
        #expect(message["a"] == "1")
        #expect(message["c"] == nil)
        #expect(message.values("a") == ["1", "3"])
    }
}
