//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Definitions {
    /// The largest packet of the standard: 268435455 bytes behind a fixed header of 5 [MQTT 5.0, 1.5.5].
    private static let largestPacket = 268_435_460

    static let mqtt: [Definition<NanoConfiguration>] = [
        .size(
            "mqtt.max_packet_size",
            \.mqtt.maximumPacketSize,
            1...largestPacket,
            "The largest packet accepted; announced to MQTT 5 clients. A larger one ends the connection."
        ),
        .integer(
            "mqtt.max_mqueue_len",
            \.mqtt.maximumQueueLength,
            0...2_147_483_647,
            "Messages that may wait in one session."
        ),
        .size(
            "mqtt.max_mqueue_bytes",
            \.mqtt.maximumQueueBytes,
            0...(1 << 40),
            "Bytes of messages that may wait in one session. A message counts in each session it waits in."
        ),
        .choice(
            "mqtt.mqueue_drop",
            \.mqtt.queueDrop,
            "Which message is given up when the queue of a session is full: the one that waits longest, or the new one."
        ),
        .integer(
            "mqtt.max_inflight_window",
            \.mqtt.maximumInflight,
            1...65_535,
            "Outgoing QoS 1 and 2 messages one client may have unacknowledged; its own Receive Maximum may be less."
        ),
        .integer(
            "mqtt.receive_maximum",
            \.mqtt.receiveMaximum,
            1...65_535,
            "Incoming QoS 1 and 2 messages one client may send unacknowledged; announced to MQTT 5 clients."
        ),
        .decimal(
            "mqtt.keepalive_multiplier",
            \.mqtt.keepAliveMultiplier,
            0.5...10,
            "A client counts as gone after this many keep-alive intervals of silence. The standard says 1.5."
        ),
        .duration(
            "mqtt.server_keepalive",
            \.mqtt.serverKeepAlive,
            .seconds(1)...(.seconds(65_535)),
            "The longest keep-alive interval; MQTT 5 clients which ask for more, or for none, are told to use this one."
        ),
        .duration(
            "mqtt.max_session_expiry",
            \.mqtt.maximumSessionExpiry,
            .zero...(.seconds(4_294_967_295)),
            "The longest time a session is kept without a connection; clients which ask for more get this."
        ),
        .integer("mqtt.max_qos", \.mqtt.maximumQoS, 0...2, "The highest quality of service."),
        .boolean("mqtt.retain_available", \.mqtt.retainAvailable, "Whether messages may be retained."),
        .boolean("mqtt.wildcard_available", \.mqtt.wildcardAvailable, "Whether subscriptions may have wildcards."),
        .boolean("mqtt.shared_available", \.mqtt.sharedAvailable, "Whether there are shared subscriptions."),
        .choice(
            "mqtt.shared_strategy",
            \.mqtt.sharedStrategy,
            "Which member of a shared subscription gets a message."
        )
        .needingRestart(),
        .choice(
            "mqtt.overlapping",
            \.mqtt.overlapping,
            "What a client gets of a message that several of its subscriptions match: one copy, or one for each."
        )
        .needingRestart(),
        .integer(
            "mqtt.max_topic_alias",
            \.mqtt.maximumTopicAlias,
            0...65_535,
            "Topic aliases an MQTT 5 client may set."
        ),
        .integer(
            "mqtt.max_topic_alias_out",
            \.mqtt.maximumTopicAliasOutbound,
            0...65_535,
            "Topic aliases the broker sets towards an MQTT 5 client, as far as the client allows."
        ),
        .integer(
            "mqtt.max_topic_length",
            \.mqtt.maximumTopicLength,
            1...65_535,
            "Bytes in a topic name or filter."
        ),
        .integer(
            "mqtt.max_topic_levels",
            \.mqtt.maximumTopicLevels,
            1...1_000,
            "Levels in a topic name or filter."
        ),
        .integer(
            "mqtt.max_clientid_length",
            \.mqtt.maximumClientIDLength,
            23...65_535,
            "Bytes in a client identifier. The standard requires that 23 are accepted [MQTT-3.1.3-5]."
        ),
        .integer(
            "mqtt.max_subscriptions",
            \.mqtt.maximumSubscriptions,
            0...2_147_483_647,
            "Subscriptions of one client."
        ),
        .size(
            "mqtt.max_subscription_bytes",
            \.mqtt.maximumSubscriptionBytes,
            0...(1 << 40),
            "Bytes of one client's subscriptions, about as the broker keeps them."
        ),
        .integer(
            "mqtt.max_filters_per_packet",
            \.mqtt.maximumFiltersPerPacket,
            1...2_147_483_647,
            "Filters in one SUBSCRIBE or UNSUBSCRIBE; a client that sends more is disconnected."
        ),
        .size(
            "mqtt.max_will_size",
            \.mqtt.maximumWillSize,
            0...largestPacket,
            "Bytes in a will's payload. `limits.max_connect_size` applies before."
        ),
        .integer(
            "mqtt.property_size",
            \.mqtt.propertySize,
            0...65_535,
            "`mqtt.max_packet_size` limits properties too."
        )
        .withoutEffect(),
        .boolean(
            "mqtt.check_payload_format",
            \.mqtt.checkPayloadFormat,
            "Whether payloads which claim to be UTF-8 are checked [MQTT 5.0, 3.3.2.3.2]."
        ),
        .duration(
            "mqtt.retry_interval",
            \.mqtt.retryInterval,
            .zero...(.seconds(86_400)),
            "MQTT resends only on a new connection [MQTT-4.4.0-1]."
        )
        .withoutEffect(),
        .boolean(
            "mqtt.batch_resend",
            \.mqtt.batchResend,
            "A resumed session sends all it has."
        )
        .withoutEffect(),
        .duration(
            "mqtt.max_awaiting_rel",
            \.mqtt.maximumAwaitingRelease,
            .zero...(.seconds(86_400)),
            "Has no effect in the original either."
        )
        .withoutEffect(),
        .duration(
            "mqtt.await_rel_timeout",
            \.mqtt.awaitReleaseTimeout,
            .zero...(.seconds(86_400)),
            "Has no effect in the original either."
        )
        .withoutEffect(),
    ]
}
