//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore

/// What a TLS handshake has proved of the client.
struct TLSIdentity {
    /// The certificate it owns; nil: it has shown none.
    var certificate: CertificateIdentity?
    /// The user name that follows from certificate or pre-shared key.
    var userName: String?
}
