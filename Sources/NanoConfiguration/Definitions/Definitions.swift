//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The definitions of all keys, block by block.
enum Definitions {
    /// Those of all blocks but `listeners`, whose paths hold names which the user chooses.
    static let all: [Definition<NanoConfiguration>] = system + mqtt + limits + sys + log + auth + sqlite

    static let sys: [Definition<NanoConfiguration>] = [
        .duration(
            "sys.interval",
            \.sys.interval,
            .zero...(.seconds(86_400)),
            "The time between two publications of the statistics below `$SYS`; at least 1s, or 0 for none."
        )
        .checked("0, or a duration of at least 1s") { $0.sys.interval == .zero || $0.sys.interval >= .seconds(1) },
        .boolean("sys.presence", \.sys.presence, "Whether clients which come and go are published below `$SYS`."),
        .property(
            "sys.node",
            \.sys.node,
            accepted: "string",
            meaning: "The name of this broker in the topics below `$SYS`: one level, without `/`, `+` and `#`.",
            text: { Format.string($0) },
            read: { setting, _ throws(ConfigurationError) in try setting.topicLevel() }
        ),
        .boolean("sys.allow_publish", \.sys.allowPublish, "Whether clients may publish below `$SYS`."),
    ]
}

extension Setting {
    /// Reads a name which can be one level of a topic.
    fileprivate func topicLevel() throws(ConfigurationError) -> String {
        let expected = "a name of 1 to 255 bytes without '/', '+', '#' and control characters"
        let name = try text(expected, upTo: 255)
        guard !name.unicodeScalars.contains(where: { "/+#".unicodeScalars.contains($0) }) else {
            throw error(.expected(expected))
        }
        return name
    }
}
