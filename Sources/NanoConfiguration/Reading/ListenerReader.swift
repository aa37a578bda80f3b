//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Reads the block `listeners`.
struct ListenerReader {
    private(set) var listeners: [Listener] = []
    private(set) var sources: [String: ConfigurationSource] = [:]
    var findings = Findings()

    /// The certificates of the `ssl` listener without a name, for `wss`; also if that listener is switched off.
    private var plainTLS: (settings: ListenerTLS, sources: [String: ConfigurationSource])?

    /// Listeners of one kind, as far as the file told about them.
    private struct Draft {
        var listener: Listener
        /// Where an error in the address, or about the listener as a whole, is reported.
        var addressSetting: Setting
        var setting: Setting
        var hasAddress = false
        var hasTLS = false
        var hasKeys = false
        var isEnabled = true
        var sources: [String: ConfigurationSource] = [:]
    }

    mutating func read(_ setting: Setting) throws(ConfigurationError) {
        let block = try setting.block()
        for member in block.members where Listener.Kind(rawValue: member.key) == nil {
            warnUnknown(member, in: setting, known: Listener.Kind.allCases.map(\.rawValue))
        }
        // In this order, for `wss` looks at what `ssl` says.
        for kind in Listener.Kind.allCases {
            guard let member = block.member(kind.rawValue) else { continue }
            try read(kind, setting.member(member))
        }
        if listeners.isEmpty { findings.warn(.noListener, setting) }
    }

    private mutating func read(_ kind: Listener.Kind, _ setting: Setting) throws(ConfigurationError) {
        let block = try setting.block()
        let named = block.members.filter { if case .object = $0.value.content { true } else { false } }
        var plain = try draft(kind, Listener.defaultName, setting, without: Set(named.map(\.key)))
        if kind == .ssl, plain.hasTLS, let tls = plain.listener.tls { plainTLS = (tls, plain.sources) }

        var drafts: [Draft] = []
        for member in named {
            var draft = try draft(kind, member.key, setting.member(member))
            if member.key == Listener.defaultName, plain.hasKeys { throw draft.setting.error(.duplicateName) }
            guard draft.hasAddress || !draft.isEnabled else {
                throw draft.setting.error(.missing(expected: "bind = \(Self.expected(kind))"))
            }
            draft.isEnabled = draft.isEnabled && plain.isEnabled
            drafts.append(draft)
        }
        // A block without listeners that have names is a listener itself, if need be at its default address. One with
        // them is one only if it has an address.
        plain.isEnabled = plain.isEnabled && (plain.hasAddress || named.isEmpty)
        for draft in [plain] + drafts where draft.isEnabled { try add(draft) }
    }

    private mutating func draft(
        _ kind: Listener.Kind,
        _ name: String,
        _ setting: Setting,
        without names: Set<String> = []
    ) throws(ConfigurationError) -> Draft {
        let standard = Listener(kind: kind, name: name, host: Listener.standard.host, port: kind.standardPort)
        var draft = Draft(listener: standard, addressSetting: setting, setting: setting)
        let keys = ListenerKey.all.filter { $0.kinds.contains(kind) }.map(\.definition)
        for member in try setting.block().members where !names.contains(member.key) {
            let child = setting.member(member)
            if member.key == "enable" {
                draft.isEnabled = try child.boolean()
            } else if member.key == "bind" {
                try readAddress(child, into: &draft)
            } else if let definition = keys.first(where: { $0.path == member.key }) {
                try definition.read(child, &draft.listener, &findings)
                draft.hasTLS = draft.hasTLS || ListenerKey.tlsNames.contains(member.key)
            } else {
                warnUnknown(member, in: setting, known: keys.map(\.path) + ["enable"])
                continue
            }
            draft.hasKeys = draft.hasKeys || member.key != "enable"
            draft.sources["\(standard.key).\(member.key)"] = child.source
        }
        return draft
    }

    private func readAddress(_ setting: Setting, into draft: inout Draft) throws(ConfigurationError) {
        let expected = "an address, \(Self.expected(draft.listener.kind))"
        let text = try setting.read(expected) { value throws(HOCONError) in try value.string() }
        guard let bound = Listener(kind: draft.listener.kind, name: draft.listener.name, address: text) else {
            throw setting.error(.expected(expected))
        }
        (draft.listener.host, draft.listener.port, draft.listener.path) = (bound.host, bound.port, bound.path)
        draft.addressSetting = setting
        draft.hasAddress = true
    }

    private mutating func add(_ draft: Draft) throws(ConfigurationError) {
        var listener = draft.listener
        if listener.kind == .wss, !draft.hasTLS, let plainTLS {
            listener.tls = plainTLS.settings
            for name in ListenerKey.tlsNames {
                sources["\(listener.key).\(name)"] = plainTLS.sources["listeners.ssl.\(name)"]
            }
        }
        if let tls = listener.tls { try check(tls, draft.setting) }
        let other = listeners.first { $0.host == listener.host && $0.port == listener.port && $0.port != 0 }
        if let other {
            throw draft.addressSetting.error(
                .duplicateAddress(otherName: String(other.key.dropFirst("listeners.".count)))
            )
        }
        listeners.append(listener)
        sources.merge(draft.sources) { first, _ in first }
    }

    /// What belongs together in TLS. A check that could not take place, though it was asked for, is an error.
    private func check(_ tls: ListenerTLS, _ setting: Setting) throws(ConfigurationError) {
        let hasCertificate = tls.certificateFile != nil && tls.keyFile != nil
        let hasPart = tls.certificateFile != nil || tls.keyFile != nil
        guard hasCertificate || (!hasPart && tls.preSharedKeyFile != nil) else {
            throw setting.error(.missing(expected: "certfile and keyfile, or psk_file"))
        }
        guard tls.minimumVersion <= tls.maximumVersion else {
            throw setting.error(.expected("tls_version_min not above tls_version_max"))
        }
        guard !tls.verifyPeer || tls.authorityFile != nil || tls.authorityDirectory != nil else {
            throw setting.error(.missing(expected: "cacertfile or cacertdir, for verify_peer is on"))
        }
        if !tls.verifyPeer {
            let idle =
                tls.requirePeerCertificate
                ? "fail_if_no_peer_cert" : tls.revocationFile != nil ? "crlfile" : nil
            if let idle {
                throw ConfigurationError(
                    .needs("verify_peer = true"),
                    key: "\(setting.key).\(idle)",
                    source: setting.source
                )
            }
            if tls.identityAsUserName != .none, tls.preSharedKeyFile == nil {
                throw ConfigurationError(
                    .needs("verify_peer = true"),
                    key: "\(setting.key).identity_as_username",
                    source: setting.source
                )
            }
        }
    }

    private mutating func warnUnknown(_ member: HOCONObject.Member, in setting: Setting, known: [String]) {
        let key = "\(setting.key).\(member.key)"
        let nearest = NearestKey.find(key, among: known.map { "\(setting.key).\($0)" })
        let source = setting.origins[key] ?? .file(member.keyLocation)
        findings.warnings.append(ConfigurationWarning(.unknownKey(nearest: nearest), key: key, source: source))
    }

    private static func expected(_ kind: Listener.Kind) -> String {
        kind.isWebSocket
            ? #""host:port/path", "[IPv6]:port/path" or a port"# : #""host:port", "[IPv6]:port" or a port"#
    }
}
