//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration

/// What a broker is told on the command line: the flags of the original, and a few of ours.
struct StartOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Configuration file.", valueName: "file"))
    var conf: String?

    @Option(
        name: .customLong("old_conf"),
        help: ArgumentHelp("Configuration file of the old form, key=value. Deprecated.", valueName: "file")
    )
    var oldConf: String?

    @Option(
        help: ArgumentHelp(
            "Where to listen; may be repeated. Replaces the file's listeners of the same kind.",
            valueName: "nmq-tcp://host:port"
        )
    )
    var url: [ListenerArgument] = []

    @Flag(help: "Switch the HTTP API on.")
    var http = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Port of the HTTP API.", valueName: "n"))
    var port: Int?

    @Option(help: ArgumentHelp("Event loops.", valueName: "n"))
    var threads: Int?

    @Option(
        name: [.customShort("t"), .customLong("tq_thread")],
        help: ArgumentHelp("Threads of the original's task queue, 1 to 255.", valueName: "n")
    )
    var taskQueueThreads: Int?

    @Option(
        name: [.customShort("T"), .customLong("max_tq_thread")],
        help: ArgumentHelp("The most threads of the original's task queue, 1 to 255.", valueName: "n")
    )
    var maximumTaskQueueThreads: Int?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Messages at work at one time, of the original.", valueName: "n")
    )
    var parallel: Int?

    @Option(
        name: [.customShort("s"), .customLong("property_size")],
        help: ArgumentHelp("The most properties of a packet, of the original.", valueName: "n")
    )
    var propertySize: Int?

    @Option(
        name: [.customShort("S"), .customLong("msq_len")],
        help: ArgumentHelp("The most messages that wait for a client.", valueName: "n")
    )
    var queueLength: Int?

    @Option(
        name: [.customShort("D"), .customLong("qos_duration")],
        help: ArgumentHelp("Seconds between the original's timers for QoS messages.", valueName: "n")
    )
    var qosDuration: Int?

    @Flag(name: .shortAndLong, help: "Run as a daemon; returns when it is ready, or has failed.")
    var daemon = false

    @Option(help: ArgumentHelp("CA certificates, PEM.", valueName: "file"))
    var cacert: String?

    @Option(
        name: [.customShort("E"), .long],
        help: ArgumentHelp("Certificate of TLS listeners, PEM.", valueName: "file")
    )
    var cert: String?

    @Option(help: ArgumentHelp("Key of TLS listeners, PEM.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Password of the key. Others can see it in the list of processes; better write it in the file.",
            valueName: "password"
        )
    )
    var keypass: String?

    @Flag(help: "Ask TLS clients for a certificate, and verify it.")
    var verify = false

    @Flag(help: "Refuse TLS clients without a certificate.")
    var fail = false

    @Option(name: .customLong("log_level"), help: "How much is logged.")
    var logLevel: LogLevel?

    @Option(name: .customLong("log_file"), help: ArgumentHelp("Log into this file.", valueName: "file"))
    var logFile: String?

    @Option(name: .customLong("log_stdout"), help: ArgumentHelp("Log to the console or not.", valueName: "true|false"))
    var logStdout: Bool?

    @Option(name: .customLong("log_syslog"), help: ArgumentHelp("Log to syslog or not.", valueName: "true|false"))
    var logSyslog: Bool?

    @OptionGroup
    var service: ServiceOptions

    func validate() throws {
        try self.check(self.threads, 1...1024, "--threads")
        try self.check(self.port, 1...65_535, "--port")
        try self.check(self.taskQueueThreads, 1...255, "--tq_thread")
        try self.check(self.maximumTaskQueueThreads, 1...255, "--max_tq_thread")
        for (value, name) in [
            (self.parallel, "--parallel"), (self.propertySize, "--property_size"), (self.queueLength, "--msq_len"),
            (self.qosDuration, "--qos_duration"),
        ] {
            try self.check(value, 1...Int(Int32.max), name)
        }
        guard self.conf == nil || self.oldConf == nil else {
            throw ValidationError("--conf and --old_conf exclude each other.")
        }
    }

    private func check(_ value: Int?, _ range: ClosedRange<Int>, _ name: String) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("\(name) must be \(range.lowerBound) to \(range.upperBound).")
    }
}

extension LogLevel: ExpressibleByArgument {}
