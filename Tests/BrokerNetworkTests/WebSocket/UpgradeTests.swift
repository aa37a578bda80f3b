//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BrokerNetwork

@Suite struct UpgradeTests {
    typealias Specimen = UpgradeSpecimen

    @Test func theWholeAnswer() throws {
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        socket.send(Specimen().text)
        let answer = socket.text()
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
        let lines = Set(answer.lowercased().split(separator: "\r\n").dropFirst())
        #expect(
            lines == [
                "upgrade: websocket", "connection: upgrade", "sec-websocket-protocol: mqtt",
                "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
            ]
        )
        #expect(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        #expect(!socket.wire.isClosed && !socket.wire.isOutputClosed)
    }

    static let good: [(String, String)] = [
        (Specimen.line("GET /mqtt?token=1&x=/ HTTP/1.1"), "mqtt"),
        (Specimen.with("Upgrade", "h2c, WebSocket"), "mqtt"),
        (Specimen.with("Connection", "keep-alive, Upgrade"), "mqtt"),
        (Specimen.with("Connection", "keep-alive", "upgrade"), "mqtt"),
        (Specimen.with("Sec-WebSocket-Protocol", "mqttv3.1"), "mqttv3.1"),
        (Specimen.with("Sec-WebSocket-Protocol", "mqttv3.1, mqtt"), "mqtt"),
        (Specimen.with("Sec-WebSocket-Protocol", "chat,mqttv3.1"), "mqttv3.1"),
        (Specimen.with("Sec-WebSocket-Protocol", "chat", "mqtt"), "mqtt"),
        (Specimen.with("Content-Length", "0"), "mqtt"),
        (Specimen.with("Origin", "https://anywhere.example"), "mqtt"),
        (Specimen.with("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"), "mqtt"),
    ]

    @Test(arguments: good) func grants(_ request: String, _ subprotocol: String) throws {
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        socket.send(request)
        let answer = socket.text()
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
        #expect(answer.contains("Sec-WebSocket-Protocol: \(subprotocol)\r\n"))
        #expect(!answer.lowercased().contains("extensions"))
    }

    static let bad: [(String, Int)] = [
        ("\u{16}\u{3}\u{1}\u{2}\0 TLS, as it happens\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("GET /mqtt HTTP/2.0\r\n\r\n", 400),
        (Specimen.line("GET /mqtt HTTP/1.0"), 400),
        (Specimen.with("Host"), 400),
        (Specimen.with("Host", "a", "b"), 400),
        (Specimen.line("POST /mqtt HTTP/1.1"), 405),
        (Specimen.line("HEAD /mqtt HTTP/1.1"), 405),
        (Specimen.line("GET / HTTP/1.1"), 404),
        (Specimen.line("GET /mqtt/ HTTP/1.1"), 404),
        (Specimen.line("GET /MQTT HTTP/1.1"), 404),
        (Specimen.line("GET /mqttx HTTP/1.1"), 404),
        ("GET /mqtt HTTP/1.1\r\nHost: a\r\n\r\n", 426),
        (Specimen.with("Upgrade"), 426),
        (Specimen.with("Upgrade", "h2c"), 426),
        (Specimen.with("Connection", "keep-alive"), 426),
        (Specimen.with("Sec-WebSocket-Version"), 426),
        (Specimen.with("Sec-WebSocket-Version", "8"), 426),
        (Specimen.with("Sec-WebSocket-Version", "13", "8"), 426),
        (Specimen.with("Sec-WebSocket-Key"), 400),
        (Specimen.with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="), 400),
        (Specimen.with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), 400),
        (Specimen.with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="), 400),
        (Specimen.with("Sec-WebSocket-Key", "dGhlIHNhbXBsZS!ub25jZQ=="), 400),
        (Specimen.with("Sec-WebSocket-Protocol"), 400),
        (Specimen.with("Sec-WebSocket-Protocol", "chat, MQTT"), 400),
        (Specimen.with("Content-Length", "4"), 400),
        (Specimen.with("Content-Length", "-1"), 400),
        (Specimen.with("Transfer-Encoding", "chunked"), 400),
        (Specimen.with("X Y", "z"), 400),
        (Specimen.with("X", String(repeating: "y", count: 8200)), 431),
        (Specimen.line("GET /" + String(repeating: "y", count: 8200) + " HTTP/1.1"), 431),
    ]

    @Test(arguments: bad) func refuses(_ request: String, _ status: Int) throws {
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        socket.send(request)
        let answer = socket.text()
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains("Connection: close"))
        #expect(answer.hasSuffix(".\n"))
        if status == 426 { #expect(answer.contains("Upgrade: websocket\r\n")) }
        if status == 405 { #expect(answer.contains("Allow: GET\r\n")) }
        if answer.contains("Use version") { #expect(answer.contains("Sec-WebSocket-Version: 13\r\n")) }
        #expect(socket.wire.isOutputClosed && !socket.wire.isClosed)
        #expect(socket.mqtt.context == nil)
        // What follows is not looked at, and a client that does not leave is closed.
        socket.send(Specimen().text)
        #expect(socket.text() == "")
        socket.loop.advanceTime(by: .seconds(2))
        #expect(socket.wire.isClosed)
    }

    @Test func origins() throws {
        var settings = WebSocketSettings()
        settings.origins = ["https://dashboard.example"]
        let cases = [
            (["https://dashboard.example"], 101), (["HTTPS://Dashboard.example"], 101), ([], 403),
            (["https://evil.example"], 403), (["https://dashboard.example.evil.example"], 403), (["null"], 403),
            (["https://dashboard.example", "https://evil.example"], 403),
        ]
        for (origins, status) in cases {
            let socket = try EmbeddedSocket(settings: settings)
            defer { socket.finish() }
            var request = Specimen()
            request.headers += origins.map { ("Origin", $0) }
            socket.send(request.text)
            #expect(socket.text().hasPrefix("HTTP/1.1 \(status) "), "\(origins)")
        }
    }

    @Test func anotherPath() throws {
        var settings = WebSocketSettings()
        settings.path = "/a/b"
        for (path, status) in [("/a/b", 101), ("/a/b?c", 101), ("/mqtt", 404), ("/a", 404)] {
            let socket = try EmbeddedSocket(settings: settings)
            defer { socket.finish() }
            socket.send(Specimen.line("GET \(path) HTTP/1.1"))
            #expect(socket.text().hasPrefix("HTTP/1.1 \(status) "), "\(path)")
        }
    }

    @Test func byteByByte() throws {
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        for byte in Specimen().text.utf8 {
            #expect(socket.wire.sent.readableBytes == 0)
            socket.send([byte])
        }
        #expect(socket.text().hasPrefix("HTTP/1.1 101 "))
        socket.send(.binary([0xC0, 0]))
        #expect(socket.mqtt.received == [0xC0, 0])
    }

    /// A request of 8 KiB is taken, one of a byte more is not.
    @Test func theLargestRequest() throws {
        let rest = RequestLimitHandler.maximumSize - Specimen().text.utf8.count - "X: \r\n".utf8.count
        for (size, status) in [(rest, 101), (rest + 1, 431)] {
            let socket = try EmbeddedSocket()
            defer { socket.finish() }
            socket.send(Specimen.with("X", String(repeating: "y", count: size)))
            #expect(socket.text().hasPrefix("HTTP/1.1 \(status) "))
        }
    }

    @Test func manyHeaders() throws {
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        var request = Specimen()
        request.headers += (0..<200).map { _ in ("X", "y") }
        socket.send(request.text)
        #expect(socket.text().hasPrefix("HTTP/1.1 431 "))
    }

    /// A client waits for the answer before it sends more: what it sends earlier could be a second request.
    @Test func nothingMayFollowTheRequest() throws {
        let frame = ClientFrame.binary([0xC0, 0]).bytes
        for tail in [frame, Array(Specimen().text.utf8)] {
            let socket = try EmbeddedSocket()
            defer { socket.finish() }
            socket.send(Array(Specimen().text.utf8) + tail)
            #expect(socket.text().hasPrefix("HTTP/1.1 400 "))
            #expect(socket.mqtt.context == nil)
        }
        // The same in the turn in which the request is answered.
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        try socket.channel.writeInbound(ByteBuffer(string: Specimen().text))
        #expect(socket.wire.sent.readableBytes == 0)
        _ = try? socket.channel.writeInbound(ByteBuffer(bytes: frame))
        socket.loop.run()
        #expect(socket.text().hasPrefix("HTTP/1.1 400 "))
        #expect(socket.mqtt.context == nil)
    }

    @Test func emptyLinesWithoutEnd() throws {
        let socket = try EmbeddedSocket()
        defer { socket.finish() }
        for _ in 0..<5000 where !socket.wire.isOutputClosed { socket.send("\r\n") }
        #expect(socket.text().hasPrefix("HTTP/1.1 4"))
    }

    @Test func aClientThatTakesItsTimeIsClosed() throws {
        for part in ["", "GET /mqtt HTTP/1.1\r\nHo"] {
            let socket = try EmbeddedSocket(upgradeTimeout: .seconds(5))
            defer { socket.finish() }
            socket.loop.advanceTime(by: .milliseconds(4999))
            socket.send(part)
            #expect(!socket.wire.isClosed)
            socket.loop.advanceTime(by: .milliseconds(1))
            #expect(socket.wire.isClosed && socket.text() == "")
        }
    }

    /// One handler is left, and no timer.
    @Test func nothingStaysOfHTTP() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        let operations = socket.channel.pipeline.syncOperations
        #expect(throws: ChannelPipelineError.notFound) { try operations.context(handlerType: RequestLimitHandler.self) }
        #expect(throws: ChannelPipelineError.notFound) { try operations.context(handlerType: HTTPResponseEncoder.self) }
        #expect(throws: ChannelPipelineError.notFound) {
            try operations.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
        }
        #expect(throws: ChannelPipelineError.notFound) {
            try operations.context(handlerType: WebSocketUpgradeHandler.self)
        }
        _ = try operations.context(handlerType: WebSocketFrameHandler.self)
        socket.loop.advanceTime(by: .hours(1))
        #expect(!socket.wire.isClosed)
        socket.send(.binary([1]))
        #expect(socket.mqtt.received == [1])
    }

    /// The client goes in each state: nothing is left that could strike later.
    @Test func aClientThatGoesEarly() throws {
        for size in [0, 10, Specimen().text.utf8.count] {
            let socket = try EmbeddedSocket()
            try socket.channel.writeInbound(ByteBuffer(bytes: Specimen().text.utf8.prefix(size)))
            socket.channel.close(promise: nil)
            socket.loop.run()
            socket.loop.advanceTime(by: .seconds(60))
            #expect(socket.mqtt.context == nil && socket.mqtt.ends == 0)
        }
    }
}
