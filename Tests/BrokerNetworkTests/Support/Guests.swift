//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import Synchronization

/// Notes the clients that have been let in.
final class Guests: BrokerExtension {
    private let seen = Mutex<[ClientInfo]>([])

    var interests: ExtensionInterests { .clients }

    func connected(_ client: ClientInfo, sessionPresent: Bool) {
        self.seen.withLock { $0.append(client) }
    }

    var clients: [ClientInfo] { self.seen.withLock { $0 } }
}

/// Lets nobody in.
struct Closed: BrokerExtension {
    var interests: ExtensionInterests { .authentication }

    func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
        .now(.refuse(.notAuthorized))
    }
}
