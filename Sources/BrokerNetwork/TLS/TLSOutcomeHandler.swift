//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import MQTTCodec
    import NIOCore
    import NIOSSL
    import NIOTLS

    /// Sits behind TLS until its handshake is over, and tells how it has ended.
    final class TLSOutcomeHandler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer

        private let tls: NIOSSLServerHandler
        private let terms: TLSContext
        private let handshake: HandshakeHandler

        init(_ tls: NIOSSLServerHandler, _ terms: TLSContext, _ handshake: HandshakeHandler) {
            self.tls = tls
            self.terms = terms
            self.handshake = handshake
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent else {
                return context.fireUserInboundEventTriggered(event)
            }
            do throws(ListenerError) {
                let identity = try self.terms.identify(
                    self.tls.peerCertificate,
                    sharedKey: self.handshake.sharedKey.identity
                )
                self.handshake.secured(identity)
                context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            } catch {
                self.handshake.fail(.notAuthorized, error.description)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.handshake.fail(.unspecifiedError, "TLS: \(TLSFailure.words(for: error))")
        }
    }

    /// What the TLS library says, for people.
    enum TLSFailure {
        static func words(for error: any Error) -> String {
            switch error {
            case NIOSSLError.handshakeFailed(let cause): return self.words(for: cause)
            case NIOSSLError.uncleanShutdown: return "the client went away"
            case BoringSSLError.sslError(let stack), BoringSSLError.unknownError(let stack):
                if stack.contains(.eofDuringHandshake) { return "the client went away" }
                return self.word(in: stack.first.map { "\($0)" } ?? "") ?? "failed"
            case BoringSSLError.syscallError, BoringSSLError.zeroReturn: return "the client went away"
            default: return "\(error)"
            }
        }

        /// Takes CERTIFICATE_VERIFY_FAILED out of `…:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …`.
        private static func word(in text: String) -> String? {
            let mark = ":OPENSSL_internal:"
            guard let range = text.firstRange(of: mark) else { return nil }
            let word = text[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            return word.isEmpty ? nil : word.lowercased().split(separator: "_").joined(separator: " ")
        }
    }
#endif
