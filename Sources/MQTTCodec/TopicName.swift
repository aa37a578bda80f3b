//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Rules for the topic a message is published to (section 4.7).
///
/// MQTT compares topics byte for byte [MQTT-4.7.3-4]. Swift's `String ==` equates canonical equivalents, so keys
/// should be made of bytes.
public enum TopicName {
    /// True for 1 to 65 535 bytes of well-formed UTF-8 without U+0000, `+` and `#`
    /// [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2].
    public static func isValid(_ bytes: RawSpan) -> Bool {
        (1...65_535).contains(bytes.byteCount) && UTF8Rules.scan(bytes) == .plain
    }

    /// True for 1 to 65 535 bytes of UTF-8 without U+0000, `+` and `#`.
    public static func isValid(_ text: String) -> Bool { isValid(text.utf8Span.span.bytes) }

    /// Checks the topic of a PUBLISH or of a will; an empty one is the caller's to judge.
    /// - Throws: `malformedPacket`, or `topicNameInvalid` for a wildcard in MQTT 5.0.
    public static func check(_ bytes: RawSpan, version: ProtocolVersion) throws(MQTTError) {
        switch UTF8Rules.scan(bytes) {
        case .plain: return
        case .wildcard:
            throw MQTTError(
                reason: version == .v5 ? .topicNameInvalid : .malformedPacket,
                detail: "topic name contains a wildcard"
            )
        case .malformed: throw .malformed("topic name is not valid UTF-8")
        }
    }
}
