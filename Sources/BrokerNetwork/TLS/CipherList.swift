//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    /// Ciphers for TLS 1.2 and below, by OpenSSL's names.
    ///
    /// The TLS library ends the process over a list that leaves nothing: so it gets none but names that it knows.
    enum CipherList {
        /// In the order in which they are preferred.
        private static let ephemeral = [
            "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        ]
        private static let old = [
            "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
            "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES256-SHA",
            "AES128-SHA",
        ]
        private static let sharedKey = [
            "ECDHE-PSK-CHACHA20-POLY1305", "ECDHE-PSK-AES256-CBC-SHA", "ECDHE-PSK-AES128-CBC-SHA",
            "PSK-AES256-CBC-SHA", "PSK-AES128-CBC-SHA",
        ]
        /// Always on where TLS 1.3 is.
        private static let version3 = [
            "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        ]

        /// What the TLS library is told.
        ///
        /// - Parameters:
        ///   - list: names with `:`, `,` or spaces between; `HIGH`, `DEFAULT` and `ALL` stand for all that are known,
        ///     and `!` before a name or a part of one takes away. nil: those with forward secrecy.
        ///   - withSharedKeys: whether those for pre-shared keys come with it when nothing is said.
        /// - Throws: ``ListenerError``, which names what is not known.
        static func choose(_ list: String?, withSharedKeys: Bool) throws(ListenerError) -> String {
            guard let list else {
                // Clients with certificates of old make need those without forward secrecy less and less.
                let others = self.old.filter { $0.hasPrefix("ECDHE") }
                return (self.ephemeral + (withSharedKeys ? self.sharedKey : []) + others).joined(separator: ":")
            }
            let known = self.ephemeral + self.old + self.sharedKey
            var chosen: [String] = []
            var isVersion3Named = false
            for word in list.split(whereSeparator: { ":, ".contains($0) }) {
                switch word {
                case "HIGH", "DEFAULT", "ALL":
                    chosen += known.filter { !chosen.contains($0) && (withSharedKeys || !$0.contains("PSK")) }
                case _ where word.hasPrefix("!"):
                    let part = word.dropFirst()
                    chosen.removeAll { $0.split(separator: "-").contains(part) || $0 == part }
                case _ where known.contains(String(word)):
                    if !chosen.contains(String(word)) { chosen.append(String(word)) }
                case _ where self.version3.contains(String(word)): isVersion3Named = true
                default: throw ListenerError("unknown cipher \(word)")
                }
            }
            if chosen.isEmpty, isVersion3Named { return try self.choose(nil, withSharedKeys: withSharedKeys) }
            guard !chosen.isEmpty else { throw ListenerError("the list of ciphers leaves none") }
            return chosen.joined(separator: ":")
        }
    }
#endif
