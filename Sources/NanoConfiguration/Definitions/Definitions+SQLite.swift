//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension Definitions {
    static let sqlite: [Definition<NanoConfiguration>] = [
        .boolean(
            "sqlite.enable",
            \.isStored,
            """
            Whether sessions, their messages and retained messages are kept on disk. If the block is there, the default \
            is `true`.
            """
        )
        .needingRestart(),
        .text(
            "sqlite.mounted_file_path",
            \.storage.directory,
            accepted: "path",
            "The directory of the database, `nanomq.db`; it must be there. One broker at a time can use it."
        )
        .needingRestart(),
        .choice(
            "sqlite.durability",
            \.storage.durability,
            """
            When what clients are told is on disk: before they are told, soon after (`sqlite.commit_interval`), or when \
            the system gets to it.
            """
        )
        .needingRestart(),
        .duration(
            "sqlite.commit_interval",
            \.storage.commitInterval,
            .milliseconds(10)...(.seconds(3_600)),
            """
            How long what has come waits to be written, with `sqlite.durability = periodic`. As much, and what came \
            during one write, is lost when the broker is killed or the power fails.
            """
        )
        .needingRestart(),
        .integer(
            "sqlite.disk_cache_size",
            \.storage.maximumMessages,
            0...2_147_483_647,
            "Messages kept altogether. One that waits in several sessions counts once."
        ),
        .size(
            "sqlite.max_bytes",
            \.storage.maximumBytes,
            0...(1 << 40),
            "Bytes of messages kept altogether: topics, properties and payloads. The file is larger."
        ),
        .integer(
            "sqlite.max_session_messages",
            \.storage.maximumSessionMessages,
            0...2_147_483_647,
            "Messages that may wait in one session which is kept, in place of `mqtt.max_mqueue_len`."
        ),
        .size(
            "sqlite.max_session_bytes",
            \.storage.maximumSessionBytes,
            0...(1 << 40),
            "Bytes of messages that may wait in one session which is kept, in place of `mqtt.max_mqueue_bytes`."
        ),
        .choice(
            "sqlite.when_full",
            \.storage.whenFull,
            """
            What happens to a message for which there is no room: it takes the place of those that have waited longest \
            in its session, or it is refused.
            """
        ),
        .integer(
            "sqlite.flush_mem_threshold",
            \.storage.messagesInMemory,
            1...2_147_483_647,
            "Messages of one session which are in memory too, beside those in flight; the others are read when their turn comes."
        ),
        .ignored(
            "sqlite.resend_interval",
            accepted: "duration, 0s to 86400s, a bare number being in milliseconds",
            "What is not acknowledged is sent again when its client comes back; the rest goes as fast as it acknowledges."
        ) { setting throws(ConfigurationError) in
            let expected = "a duration, 0s to 86400s"
            _ = try setting.read(expected, in: .zero...(.seconds(86_400))) { value throws(HOCONError) in
                try value.duration(defaultUnit: .milliseconds)
            }
        },
    ]
}
