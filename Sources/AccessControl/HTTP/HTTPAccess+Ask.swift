//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import AsyncHTTPClient
    import NIOCore
    import NIOHTTP1

    extension HTTPAccess {
        /// Makes one request, when its turn has come and the server is not left alone.
        func ask(_ endpoint: Endpoint, _ subject: HTTPSubject) async -> Reply {
            let server = endpoint.template.server
            let kind = endpoint.template.kind
            guard let request = endpoint.template.filled(for: subject) else {
                return self.unanswered(kind, server, .unrepresentable)
            }
            let arrival = self.now()
            let realDeadline = NIODeadline.now() + self.timeout
            // Both before and after the wait: a server that has failed meanwhile answers nobody who still waits.
            guard !endpoint.breaker.isOpen(at: arrival) else { return .unanswered(.suspended) }
            guard await self.gate.enter(before: arrival + self.timeout) else {
                return self.unanswered(kind, server, .busy)
            }
            guard let permit = endpoint.breaker.enter(at: self.now()) else {
                self.gate.leave()
                return .unanswered(.suspended)
            }
            let (reply, response) = await self.send(request, deadline: realDeadline)
            var hasFailed = false
            if case .unanswered = reply { hasFailed = true }
            switch endpoint.breaker.leave(permit, hasFailed: hasFailed, at: self.now()) {
            case .opened: self.onEvent(.breakerOpened(server: server, failures: endpoint.breaker.failures))
            case .closed: self.onEvent(.breakerClosed(server: server))
            case nil: break
            }
            // Only now: whoever waits next is to find the breaker open.
            self.leave(afterReading: response, deadline: realDeadline)
            if case .unanswered(let failure) = reply { return self.unanswered(kind, server, failure) }
            return reply
        }

        private func unanswered(_ kind: HTTPRequestKind, _ server: String, _ failure: HTTPFailure) -> Reply {
            if !self.isShutDown { self.onEvent(.requestFailed(kind, server: server, failure)) }
            return .unanswered(failure)
        }

        /// Sends a request; the answer is in the head of the response.
        private func send(
            _ filled: HTTPRequestTemplate.Filled,
            deadline: NIODeadline
        ) async -> (Reply, HTTPClientResponse?) {
            var request = HTTPClientRequest(url: filled.url)
            request.method = filled.method == .get ? .GET : .POST
            for header in filled.headers { request.headers.add(name: header.name, value: header.value) }
            if !filled.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: filled.body)) }
            let response: HTTPClientResponse
            do {
                response = try await self.client.execute(request, deadline: deadline)
            } catch {
                return (.unanswered(Self.failure(error)), nil)
            }
            let reply: Reply =
                switch response.status.code {
                case 200: .allowed
                case 500...: .unanswered(.status(Int(response.status.code)))
                default: .denied
                }
            return (reply, response)
        }

        /// Gives the place of a request back when its response, if there is one, has ended. Nobody waits for its body,
        /// which may come slowly or never, and what goes wrong with that changes nothing.
        private func leave(afterReading response: HTTPClientResponse?, deadline: NIODeadline) {
            guard let response else { return self.gate.leave() }
            Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await Self.drain(response) }
                    group.addTask {
                        // The client's own deadline has ended with the head.
                        let time = max(deadline - NIODeadline.now(), .zero)
                        try? await Task.sleep(for: .nanoseconds(time.nanoseconds))
                    }
                    _ = await group.next()
                    group.cancelAll()
                }
                self.gate.leave()
            }
        }

        /// Reads a short body, which nobody wants, so that the connection can be used again. A long one is left: that
        /// closes the connection.
        private static func drain(_ response: HTTPClientResponse) async {
            if let length = response.headers.first(name: "content-length").flatMap({ Int($0) }),
                length > Self.maximumResponseSize
            {
                return
            }
            var size = 0
            do {
                for try await part in response.body {
                    size += part.readableBytes
                    if size > Self.maximumResponseSize { return }
                }
            } catch {
                return
            }
        }

        private static func failure(_ error: any Error) -> HTTPFailure {
            switch error as? HTTPClientError {
            case .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout,
                .tlsHandshakeTimeout, .httpProxyHandshakeTimeout:
                .timeout
            default: .connection
            }
        }
    }
#endif
