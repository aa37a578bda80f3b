//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import NanoMQ

extension StartOptions {
    /// What the broker is told: the file, with the environment and these options laid over it.
    ///
    /// - Throws: what is wrong; a broker is not started, nor changed, by half a configuration.
    func load() throws -> LoadedConfiguration {
        try ConfigurationFile.load(self.file, overrides: self.overrides)
    }

    /// The file that was named, or the one that is found.
    private var file: ConfigurationFile.Choice? {
        if let oldConf { return .old(oldConf) }
        return self.conf.map { .hocon($0) } ?? ConfigurationFile.find()
    }

    private var overrides: CommandLineOverrides {
        var overrides = CommandLineOverrides()
        overrides.urls = self.url.map(\.listener)
        overrides.threads = self.threads
        overrides.daemon = self.daemon ? true : nil
        overrides.pidFile = self.service.pidFile
        overrides.controlSocket = self.service.controlSocket
        overrides.taskThreads = self.taskQueueThreads
        overrides.maximumTaskThreads = self.maximumTaskQueueThreads
        overrides.parallel = self.parallel
        overrides.propertySize = self.propertySize
        overrides.queueLength = self.queueLength
        overrides.qosDuration = self.qosDuration
        overrides.authorityFile = self.cacert
        overrides.certificateFile = self.cert
        overrides.keyFile = self.key
        overrides.keyPassword = self.keypass.map(Secret.init)
        overrides.verifyPeer = self.verify ? true : nil
        overrides.requirePeerCertificate = self.fail ? true : nil
        overrides.logLevel = self.logLevel
        overrides.logFile = self.logFile
        overrides.logToConsole = self.logStdout
        overrides.logToSyslog = self.logSyslog
        overrides.http = self.http ? true : nil
        overrides.httpPort = self.port
        return overrides
    }
}
