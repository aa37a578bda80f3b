//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import ServiceControl

/// What the service manager leaves in the environment.
struct ServiceManagerTests {
    @Test(
        arguments: [
            ("7", "1", nil, [(3, "unknown")]),
            ("7", "2", "mqtt:tls", [(3, "mqtt"), (4, "tls")]),
            ("7", "3", "mqtt", [(3, "mqtt"), (4, "unknown"), (5, "unknown")]),
            ("7", "2", ":b", [(3, "unknown"), (4, "b")]),
            ("8", "1", "mqtt", []),
            (nil, "1", "mqtt", []),
            ("7", nil, nil, []),
            ("7", "0", nil, []),
            ("7", "-1", nil, []),
            ("7", "65", nil, []),
            ("7", "99999999999", nil, []),
            ("x", "1", nil, []),
        ] as [(String?, String?, String?, [(Int32, String)])]
    )
    func sockets(pid: String?, count: String?, names: String?, expected: [(Int32, String)]) {
        let sockets = SocketActivation.parse(pid: pid, count: count, names: names, own: 7)
        #expect(sockets.map(\.descriptor) == expected.map(\.0))
        #expect(sockets.map(\.name) == expected.map(\.1))
    }

    @Test(
        arguments: [
            ("/run/notify", "30000000", nil, .seconds(15)),
            ("@name", "30000000", "7", .seconds(15)),
            ("/run/notify", "30000000", "8", nil),
            ("/run/notify", nil, nil, nil),
            ("/run/notify", "0", nil, nil),
            ("/run/notify", "-5", nil, nil),
            ("/run/notify", "99999999999999999999", nil, nil),
            ("/run/notify", "1999", nil, nil),
            (nil, "30000000", nil, nil),
            ("relative", "30000000", nil, nil),
        ] as [(String?, String?, String?, Duration?)]
    )
    func watchdog(socket: String?, interval: String?, pid: String?, expected: Duration?) {
        let notifier = ServiceNotifier(socket: socket, watchdog: interval, watchdogPID: pid, pid: 7)
        #expect(notifier.watchdogInterval == expected)
    }
}
