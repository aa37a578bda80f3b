//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import SystemPackage

extension StartOptions {
    /// The options written out again, with paths that mean the same in any directory: for the daemon that is started
    /// with them, and for a restart.
    var arguments: [String] {
        self.brokerArguments + (self.daemon ? ["--daemon"] : [])
            + self.pair("--pid_file", self.service.pidFile) + self.pair("--control_socket", self.service.controlSocket)
    }

    /// Whether anything is said of the broker itself, and not only of how and where it runs.
    var isAboutBroker: Bool { !self.brokerArguments.isEmpty }

    private var brokerArguments: [String] {
        var arguments = self.pair("--conf", self.conf) + self.pair("--old_conf", self.oldConf)
        for url in self.url { arguments += ["--url", url.text] }
        for (name, isSet) in [("--http", self.http), ("--verify", self.verify), ("--fail", self.fail)] where isSet {
            arguments.append(name)
        }
        arguments += self.pair("--port", self.port) + self.pair("--threads", self.threads)
        arguments += self.pair("--tq_thread", self.taskQueueThreads)
        arguments += self.pair("--max_tq_thread", self.maximumTaskQueueThreads)
        arguments += self.pair("--parallel", self.parallel) + self.pair("--property_size", self.propertySize)
        arguments += self.pair("--msq_len", self.queueLength) + self.pair("--qos_duration", self.qosDuration)
        arguments += self.pair("--cacert", self.cacert) + self.pair("--cert", self.cert)
        arguments += self.pair("--key", self.key) + self.pair("--keypass", self.keypass)
        arguments += self.pair("--log_level", self.logLevel?.rawValue) + self.pair("--log_file", self.logFile)
        arguments += self.pair("--log_stdout", self.logStdout) + self.pair("--log_syslog", self.logSyslog)
        return arguments
    }

    /// One argument, so that a value may begin with a dash.
    private func pair(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
        value.map { ["\(name)=\($0)"] } ?? []
    }

    /// Every path as it is meant in a directory, by default the current one.
    func withAbsolutePaths(in directory: FilePath? = nil) -> StartOptions {
        var options = self
        let paths: [WritableKeyPath<StartOptions, String?>] = [
            \.conf, \.oldConf, \.cacert, \.cert, \.key, \.logFile,
        ]
        for path in paths { options.makeAbsolute(path, in: directory) }
        // Words of these two options only: any other file may be called so.
        options.makeAbsolute(\.service.pidFile, in: directory, but: [ServicePaths.none])
        options.makeAbsolute(\.service.controlSocket, in: directory, but: [ServicePaths.none, ServicePaths.auto])
        return options
    }

    private mutating func makeAbsolute(
        _ path: WritableKeyPath<StartOptions, String?>,
        in directory: FilePath?,
        but words: [String] = []
    ) {
        guard let text = self[keyPath: path], !words.contains(text) else { return }
        self[keyPath: path] = directory.map(text.absolutePath(in:)) ?? text.absolutePath
    }
}
