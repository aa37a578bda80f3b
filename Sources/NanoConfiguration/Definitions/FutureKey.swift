//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A key or block of the original NanoMQ whose feature is still to come. It is ignored, with a warning, unless it is a
/// block which says `enable = false`.
///
/// Nothing here protects a broker: what does could not be ignored.
struct FutureKey {
    var path: [String]

    private init(_ path: String...) {
        self.path = path
    }

    static let all: [FutureKey] =
        [
            FutureKey("log", "uds_addr"),
            FutureKey("http_server"),
            FutureKey("webhook"),
            FutureKey("bridges"),
            FutureKey("rules"),
            FutureKey("plugin"),
            FutureKey("preset"),
            FutureKey("exchange_client"),
            FutureKey("parquet"),
        ]
        + ["auth_req", "super_req", "acl_req"].flatMap { request in
            // One block, auth.http_auth.tls, is for all three. Without these the system's authorities must vouch for
            // the service, so nothing is opened.
            ["ssl", "tls"].map { FutureKey("auth", "http_auth", request, $0) }
        }
}
