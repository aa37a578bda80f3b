//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import BrokerCore
import BrokerNetwork
import Logging

/// Tells the operator what access control has refused: one line each, without a password.
struct AccessLogger: Sendable {
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    func log(_ event: AccessEvent) {
        switch event {
        case .refused(let client, let why):
            var metadata = Self.metadata(client)
            metadata["user"] = "\(client.userName ?? "-")"
            metadata["cause"] = "\(why.summary)"
            // The broker itself tells that somebody was refused, and with which reason.
            self.logger.debug("not let in", metadata: metadata)
        case .blocked(let address, let time):
            self.logger.warning(
                "address blocked: too many failures",
                metadata: ["peer": "\(address)", "seconds": "\(time.components.seconds)"]
            )
        case .denied:
            // The broker itself tells what it refuses.
            break
        }
    }

    private static func metadata(_ client: ClientInfo) -> Logger.Metadata {
        ["client": "\(client.clientIdentifier)", "peer": "\(client.peer)"]
    }
}

#if HTTPAuthentication
    extension AccessLogger {
        func log(_ event: HTTPAccessEvent) {
            switch event {
            case .requestFailed(let request, let server, let failure):
                self.logger.warning(
                    "HTTP request about access failed: refused",
                    metadata: ["request": "\(request.rawValue)", "server": "\(server)", "cause": "\(failure)"]
                )
            case .breakerOpened(let server, let failures):
                self.logger.error(
                    "HTTP server for access is left alone for a while: all it would be asked is refused",
                    metadata: ["server": "\(server)", "failures": "\(failures)"]
                )
            case .breakerClosed(let server):
                self.logger.info("HTTP server for access answers again", metadata: ["server": "\(server)"])
            }
        }
    }
#endif

#if JWT
    extension AccessLogger {
        func log(_ event: JWTEvent) {
            switch event {
            case .refused(let client, let fault):
                self.logger.notice(
                    "token refused",
                    metadata: ["client": "\(client)", "cause": "\(fault.rawValue)"]
                )
            }
        }
    }
#endif
