//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Definitions {
    static let limits: [Definition<NanoConfiguration>] = [
        .integer(
            "limits.max_connections",
            \.limits.maximumConnections,
            0...2_147_483_647,
            "Connections at one time."
        ),
        .integer(
            "limits.connect_rate",
            \.limits.connectRate,
            0...2_147_483_647,
            "New connections per second."
        ),
        .integer(
            "limits.max_sessions",
            \.limits.maximumSessions,
            0...2_147_483_647,
            """
            Sessions kept for clients that are away. When there are so many, further ones are not kept: v5 clients are \
            told so, others are refused if they ask for it.
            """
        ),
        .duration(
            "limits.connect_timeout",
            \.limits.connectTimeout,
            .milliseconds(100)...(.seconds(3_600)),
            """
            The time a connection has to complete its CONNECT packet. What comes before MQTT (PROXY header, TLS, \
            WebSocket) has as much time of its own.
            """
        ),
        .size(
            "limits.max_connect_size",
            \.limits.maximumConnectSize,
            64...268_435_460,
            "Bytes accepted from a connection before its CONNECT packet is complete; a will counts."
        ),
        .size(
            "limits.max_outbound_bytes",
            \.limits.maximumOutboundBytes,
            1_024...(1 << 30),
            "Bytes that may wait to be written to one connection."
        ),
        .duration(
            "limits.stuck_reader_timeout",
            \.limits.stuckReaderTimeout,
            .seconds(1)...(.seconds(86_400)),
            "The time a connection may read nothing while bytes wait for it; then it is closed."
        ),
        .integer(
            "limits.max_retained_messages",
            \.limits.maximumRetainedMessages,
            0...2_147_483_647,
            "Retained messages altogether."
        ),
        .size(
            "limits.max_retained_bytes",
            \.limits.maximumRetainedBytes,
            0...(1 << 40),
            "Bytes of retained messages altogether."
        ),
        .duration(
            "limits.shutdown_timeout",
            \.limits.shutdownTimeout,
            .zero...(.seconds(3_600)),
            "The time connections get to end when the broker stops."
        ),
    ]
}
