//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import AsyncHTTPClient
    import NIOCore
    import NIOSSL

    extension HTTPAccessSettings {
        /// Longer times are errors of the configuration, and would not fit into a deadline.
        private static let longestTime = TimeAmount.hours(24 * 366)

        func check() throws(HTTPAccessError) {
            let times: [(String, TimeAmount, least: TimeAmount)] = [
                ("timeout", self.timeout, .nanoseconds(1)), ("connect_timeout", self.connectTimeout, .nanoseconds(1)),
                ("cache_ttl", self.cacheTime, .zero), ("breaker pause", self.breakerPause, .zero),
            ]
            for (name, time, least) in times where time < least || time > Self.longestTime { throw .number(name) }
            let numbers: [(String, Int, least: Int)] = [
                ("pool_size", self.poolSize, 1), ("maximum concurrency", self.maximumConcurrency ?? 1, 1),
                ("maximum waiting", self.maximumWaiting, 0), ("cached answers", self.maximumCachedAnswers, 0),
                ("breaker failures", self.breakerFailures, 0),
            ]
            for (name, number, least) in numbers where number < least { throw .number(name) }
        }

        /// HTTP/1.1; no redirects, cookies, proxies or compression: what is asked is answered by the one who was asked.
        func clientConfiguration(idleTimeout: TimeAmount) throws(HTTPAccessError) -> HTTPClient.Configuration {
            var configuration = HTTPClient.Configuration(
                tlsConfiguration: try self.tls.configuration(),
                redirectConfiguration: .disallow,
                timeout: .init(connect: self.connectTimeout, read: self.timeout),
                connectionPool: .init(
                    idleTimeout: idleTimeout,
                    concurrentHTTP1ConnectionsPerHostSoftLimit: self.poolSize
                ),
                proxy: nil,
                ignoreUncleanSSLShutdown: false,
                decompression: .disabled
            )
            configuration.httpVersion = .http1Only
            configuration.connectionPool.retryConnectionEstablishment = false
            return configuration
        }
    }

    extension HTTPTLSSettings {
        func configuration() throws(HTTPAccessError) -> TLSConfiguration {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if !self.verifiesPeer { configuration.certificateVerification = .none }
            if let path = self.authorityFile {
                configuration.trustRoots = .certificates(try Self.certificates(path))
            }
            switch (self.certificateFile, self.keyFile) {
            case (nil, nil): break
            case (let certificates?, let key?):
                configuration.certificateChain = try Self.certificates(certificates).map { .certificate($0) }
                do {
                    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
                } catch {
                    throw .file(key)
                }
            default: throw .keyPair
            }
            return configuration
        }

        private static func certificates(_ path: String) throws(HTTPAccessError) -> [NIOSSLCertificate] {
            // An empty list of authorities would trust nobody, and no chain would show nothing: both are a wrong file.
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
                throw .file(path)
            }
            return certificates
        }
    }
#endif
