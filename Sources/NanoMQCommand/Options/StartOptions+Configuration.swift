//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import NanoMQ

/// A configuration, and what in its sources has no effect.
struct LoadedConfiguration: Sendable {
    var configuration = NanoConfiguration()
    var warnings: [String] = []
}

extension StartOptions {
    /// The file of the command line, with the other options laid over it.
    ///
    /// - Throws: what is wrong with the file; a broker is not started, nor changed, by half a configuration.
    func load() throws -> LoadedConfiguration {
        var loaded = LoadedConfiguration()
        guard self.oldConf == nil else {
            throw Failure("--old_conf: files of the old form are not read yet: write the keys in the form of --conf.")
        }
        if let conf {
            let (configuration, warnings) = try ConfigurationFile.read(conf)
            loaded.configuration = configuration
            loaded.warnings = warnings.map(\.description)
        }
        if !self.url.isEmpty { loaded.configuration.listeners = self.url.map(\.listener) }
        if let threads { loaded.configuration.system.threads = threads }
        if let queueLength { loaded.configuration.mqtt.maximumQueueLength = queueLength }
        if let logLevel { loaded.configuration.log.level = logLevel }
        try self.refuseProtectionThatIsMissing()
        loaded.warnings += self.withoutEffect.map { "\($0): no effect" }
        return loaded
    }

    /// Who asks for TLS shall not get a broker without it.
    private func refuseProtectionThatIsMissing() throws {
        let asked = [
            ("--cacert", self.cacert != nil), ("--cert", self.cert != nil), ("--key", self.key != nil),
            ("--keypass", self.keypass != nil), ("--verify", self.verify), ("--fail", self.fail),
        ]
        if let (name, _) = asked.first(where: \.1) { throw Failure("\(name): there are no TLS listeners yet.") }
    }

    /// Options of the original that steer what is not there, or is done otherwise.
    private var withoutEffect: [String] {
        let given = [
            ("--http", self.http), ("--port", self.port != nil), ("--tq_thread", self.taskQueueThreads != nil),
            ("--max_tq_thread", self.maximumTaskQueueThreads != nil), ("--parallel", self.parallel != nil),
            ("--property_size", self.propertySize != nil), ("--qos_duration", self.qosDuration != nil),
            ("--log_file", self.logFile != nil), ("--log_stdout", self.logStdout != nil),
            ("--log_syslog", self.logSyslog != nil),
        ]
        return given.filter(\.1).map(\.0)
    }
}
