//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    @testable import AccessControl
    import BrokerCore
    import MQTTCodec
    import NIOCore
    import NIOPosix
    import Testing

    /// What goes to the server, byte by byte.
    @Suite struct HTTPRequestTests {
        struct Form: Sendable, CustomTestStringConvertible {
            let name: String
            let request: HTTPRequestSettings
            var guest = Guest()
            /// `PORT` stands for the server's.
            let sent: String

            var testDescription: String { self.name }
        }

        static let base = "http://127.0.0.1:PORT"

        static let forms: [Form] = [
            Form(
                name: "form without headers",
                request: .init(
                    url: base + "/mqtt/auth",
                    parameters: [.init("clientid", "%c"), .init("username", "%u"), .init("password", "%P")]
                ),
                sent: """
                    POST /mqtt/auth HTTP/1.1\r
                    Content-Type: application/x-www-form-urlencoded\r
                    host: 127.0.0.1:PORT\r
                    Content-Length: 47\r
                    \r
                    clientid=sensor-7&username=anna&password=s3cret
                    """
            ),
            Form(
                name: "order, headers, all other placeholders",
                request: .init(
                    url: base + "/a?x=1",
                    headers: [.init("X-Token", "abc"), .init("content-type", "application/x-www-form-urlencoded")],
                    parameters: [
                        .init("r", "%r"), .init("p", "%p"), .init("a", "%a"), .init("C", "%C"), .init("d", "%d"),
                        .init("m", "%m"), .init("A", "%A"), .init("t", "%t"), .init("fix", "100%% %c!"),
                    ]
                ),
                guest: Guest(
                    origin: ConnectionOrigin(
                        transport: .tls,
                        listener: "tls",
                        port: 8883,
                        certificate: CertificateIdentity(commonName: "sensor 7", subject: "CN=sensor 7,O=Ex&Co")
                    ),
                    version: .v3_1
                ),
                sent: """
                    POST /a?x=1 HTTP/1.1\r
                    X-Token: abc\r
                    Content-Type: application/x-www-form-urlencoded\r
                    host: 127.0.0.1:PORT\r
                    Content-Length: 97\r
                    \r
                    r=MQIsdp&p=8883&a=192.0.2.7&C=sensor%207&d=CN%3Dsensor%207%2CO%3DEx%26Co&fix=100%25%20sensor-7%21
                    """
            ),
            Form(
                name: "JSON, escaped",
                request: .init(
                    url: base + "/json",
                    headers: [.init("Content-Type", "application/json")],
                    parameters: [.init("clientid", "%c"), .init("password", "%P"), .init("cn", "%C")]
                ),
                guest: Guest(
                    clientIdentifier: "a\"b\\c\u{7}ü",
                    password: ByteBuffer(string: "\",\"admin\":\"1")
                ),
                sent: """
                    POST /json HTTP/1.1\r
                    Content-Type: application/json\r
                    host: 127.0.0.1:PORT\r
                    Content-Length: 60\r
                    \r
                    {"clientid":"a\\"b\\\\c\\u0007ü","password":"\\",\\"admin\\":\\"1"}
                    """
            ),
            Form(
                name: "GET: into the query, as a form even if JSON is asked for",
                request: .init(
                    url: base + "/get",
                    method: .get,
                    headers: [.init("Content-Type", "application/json")],
                    parameters: [.init("clientid", "%c"), .init("password", "%P")]
                ),
                guest: Guest(clientIdentifier: "x&admin=1#?/ü", password: ByteBuffer(bytes: [0xFF, 0x00, 0x20])),
                sent: """
                    GET /get?clientid=x%26admin%3D1%23%3F%2F%C3%BC&password=%FF%00%20 HTTP/1.1\r
                    Content-Type: application/x-www-form-urlencoded\r
                    host: 127.0.0.1:PORT\r
                    \r

                    """
            ),
            Form(
                name: "GET behind a query",
                request: .init(url: base + "/get?k=v#part", method: .get, parameters: [.init("c", "%c")]),
                sent: """
                    GET /get?k=v&c=sensor-7 HTTP/1.1\r
                    Content-Type: application/x-www-form-urlencoded\r
                    host: 127.0.0.1:PORT\r
                    \r

                    """
            ),
            Form(
                name: "missing values are left out",
                request: .init(
                    url: base + "/",
                    parameters: [.init("u", "%u"), .init("P", "%P"), .init("C", "%C"), .init("c", "%c")]
                ),
                guest: Guest(userName: nil, password: nil),
                sent: """
                    POST / HTTP/1.1\r
                    Content-Type: application/x-www-form-urlencoded\r
                    host: 127.0.0.1:PORT\r
                    Content-Length: 10\r
                    \r
                    c=sensor-7
                    """
            ),
        ]

        @Test(arguments: forms) func isSentAsConfigured(_ form: Form) async throws {
            let server = try await TestHTTPServer()
            var settings = HTTPAccessSettings()
            settings.authentication = form.request
            settings.authentication?.url = form.request.url.replacing("PORT", with: "\(server.port)")
            let access = try HTTPAccess(settings)
            async let verdict = access.authenticate(form.guest.authentication()).value
            let request = try await server.next()
            #expect(request.raw == form.sent.replacing("PORT", with: "\(server.port)"))
            request.answer(200)
            #expect(await verdict.text == "accept")
            await access.shutdown()
            try await server.stop()
        }

        @Test func accessIsAskedTopicByTopic() async throws {
            let server = try await TestHTTPServer()
            var settings = HTTPAccessSettings()
            settings.access = .init(
                url: "http://127.0.0.1:\(server.port)/acl",
                parameters: [.init("access", "%A"), .init("topic", "%t"), .init("password", "%P")]
            )
            let access = try HTTPAccess(settings)
            let table: [(AuthorizationRequest, String)] = [
                (try Guest().subscribing("$share/g/a/+/#"), "access=1&topic=%24share%2Fg%2Fa%2F%2B%2F%23"),
                (Guest().publishing("a/b"), "access=2&topic=a%2Fb"),
                (Guest().willing("gone"), "access=2&topic=gone"),
            ]
            for (action, body) in table {
                async let verdict = access.authorize(action).value
                let request = try await server.next()
                #expect(request.raw.hasSuffix("\r\n\r\n" + body))
                request.answer(200)
                #expect(await verdict.text == "allow")
            }
            await access.shutdown()
            try await server.stop()
        }

        @Test func passwordThatIsNoTextIsNotSentAsJSON() async throws {
            var settings = HTTPAccessSettings()
            settings.authentication = .init(
                url: "http://127.0.0.1:1/",
                headers: [.init("Content-Type", "application/json; charset=utf-8")],
                parameters: [.init("password", "%P")]
            )
            let access = try HTTPAccess(settings)
            let guest = Guest(password: ByteBuffer(bytes: [0xC3]))
            #expect(await access.authenticate(guest.authentication()).value.text == "refuse 0x87")
            await access.shutdown()
        }

        @Test(arguments: [
            ("ftp://h/", HTTPAccessError.address(.authentication)), ("http://", .address(.authentication)),
            ("http://:80/", .address(.authentication)), ("http://u:p@h/", .address(.authentication)),
            ("http://h:0/", .address(.authentication)), ("http://h:99999/", .address(.authentication)),
            ("http://h/a b", .address(.authentication)), ("http://[::1/", .address(.authentication)),
            ("h/path", .address(.authentication)),
        ])
        func addressesThatCannotBeAsked(_ url: String, _ error: HTTPAccessError) {
            #expect(throws: error) {
                _ = try HTTPRequestTemplate(.init(url: url), kind: .authentication)
            }
        }

        @Test func requestsThatCannotBeSent() {
            let url = "https://[2001:db8::1]:8443/x"
            #expect(throws: HTTPAccessError.placeholder(.access, parameter: "x")) {
                _ = try HTTPRequestTemplate(.init(url: url, parameters: [.init("x", "%q")]), kind: .access)
            }
            #expect(throws: HTTPAccessError.placeholder(.access, parameter: "x")) {
                _ = try HTTPRequestTemplate(.init(url: url, parameters: [.init("x", "50%")]), kind: .access)
            }
            for header in [("X", "a\r\nY: b"), ("X Y", "a"), ("", "a"), ("Content-Length", "5")] {
                #expect(throws: HTTPAccessError.header(.access, name: header.0)) {
                    _ = try HTTPRequestTemplate(
                        .init(url: url, headers: [.init(header.0, header.1)]),
                        kind: .access
                    )
                }
            }
        }

        @Test func serverIsNamedWithoutPathAndQuery() throws {
            let template = try HTTPRequestTemplate(.init(url: "HTTPS://Auth.Example:8443/x?key=1"), kind: .access)
            #expect(template.server == "https://auth.example:8443")
        }
    }
#endif
