//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerNetwork
import NanoConfiguration

extension ListenerSettings {
    /// What a configuration says of one listener.
    init(_ listener: ConfiguredListener) {
        var webSocket = WebSocketSettings()
        webSocket.path = listener.path ?? ConfiguredListener.standardPath
        webSocket.origins = listener.origins.map { Set($0.map { $0.lowercased() }) }
        let tls = TLSSettings(listener.tls ?? ListenerTLS())
        let transport: Transport =
            switch listener.kind {
            case .tcp: .tcp
            case .ssl: .tls(tls)
            case .ws: .webSocket(webSocket)
            case .wss: .secureWebSocket(webSocket, tls)
            }
        self.init(name: listener.name, host: listener.host, port: listener.port, transport: transport)
        self.maximumConnections = listener.maximumConnections
        self.maximumConnectRate = listener.maximumConnectRate
        self.requiresProxyHeader = listener.proxyProtocol
    }
}

extension TLSSettings {
    fileprivate init(_ tls: ListenerTLS) {
        self.init()
        self.certificateFile = tls.certificateFile
        self.keyFile = tls.keyFile
        self.keyPassword = tls.keyPassword?.value
        self.authorityFile = tls.authorityFile
        self.authorityDirectory = tls.authorityDirectory
        self.revocationFile = tls.revocationFile
        self.clientCertificate = !tls.verifyPeer ? .none : tls.requirePeerCertificate ? .required : .optional
        self.minimumVersion = Version(tls.minimumVersion)
        self.maximumVersion = Version(tls.maximumVersion)
        self.ciphers = tls.ciphers
        self.pskFile = tls.preSharedKeyFile
        self.pskHint = tls.preSharedKeyHint
        self.userNameFrom =
            switch tls.identityAsUserName {
            case .none: .none
            case .commonName: .commonName
            case .subject: .subject
            }
        self.handshakeTimeout = tls.handshakeTimeout.milliseconds
    }
}

extension TLSSettings.Version {
    fileprivate init(_ version: TLSVersion) {
        self =
            switch version {
            case .tls12: .v1_2
            case .tls13: .v1_3
            }
    }
}
