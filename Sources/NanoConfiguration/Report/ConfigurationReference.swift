//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The reference of all keys, made from their definitions.
public enum ConfigurationReference {
    /// The whole of `docs/configuration.md`.
    public static func markdown() -> String {
        var text = introduction
        text += "\n## listeners\n\n\(listeners)\n\(table(ConfigurationKey.listeners))"
        let keys = ConfigurationKey.all.filter { $0.hasEffect && !$0.path.hasPrefix("listeners.") }
        for block in ["system", "mqtt", "limits", "sys", "log", "auth", "sqlite"] {
            text += "\n## \(block)\n\n\(table(keys.filter { $0.path.hasPrefix(block + ".") }))"
            if block == "auth" { text += "\n" + rules }
        }
        for section in [variables, withoutEffect, future, oldForm] { text += "\n" + section }
        return text
    }

    /// A table of some keys.
    public static func table(_ keys: [ConfigurationKey]) -> String {
        var text = "| Key | Type | Default | Reloads | Meaning |\n|---|---|---|---|---|\n"
        for key in keys {
            let standard = ["–", "see above"].contains(key.standard) ? key.standard : "`\(key.standard)`"
            let cells = ["`\(key.path)`", key.accepted, standard, key.reloads ? "yes" : "restart", key.meaning]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static let introduction = """
        # Configuration

        <!-- Made from the definitions in Sources/NanoConfiguration; a test compares. Do not edit by hand. -->

        The file is written in HOCON; `etc/nanomq.conf` is a small sample, `etc/nanomq_example.conf` has every key. A value \
        of a wrong type or out of range is an error, told with its file, line and column, and the broker does not start. An \
        unknown key is a warning, except in the block `auth`, where it is an error. `nanomq check` says what is in effect, \
        and who said it.

        The order is: the defaults, the file, the environment, the command line; what comes later wins. The file is the \
        one of `--conf` (or `--old_conf`), else of `NANOMQ_CONF_PATH`, else `nanomq.conf` beside the executable, else \
        `/etc/nanomq.conf`; without any, the defaults apply and the log says so.

        - A **size** is a number of bytes: `512`, `64KB`, `10MB`, `1GB`. The units are powers of 1024.
        - A **duration** is `500ms`, `10s`, `5m`, `2h` or `1d`; a bare number is in seconds.
        - `0` means 0. A limit that can be switched off takes the word `unlimited`.
        - An **address** holds a colon, so it must be quoted: `"0.0.0.0:1883"`.
        - A **secret** is never shown: neither in an error, nor by `nanomq check`, nor in what a reload reports.
        - **Reloads** says whether a running broker takes a change over when it reads the file again; `restart` takes one.
        - `include "file"` is replaced by the file's content. One that is not there is a warning; \
        `include required("file")` makes it an error, which is what passwords and rules should have.

        """

    private static var listeners: String {
        let addresses = Listener.Kind.allCases.map { kind in
            let path = kind.isWebSocket ? Listener.standardPath : ""
            return "`\(kind.rawValue)` `\(Listener.standard.host):\(kind.standardPort)\(path)`"
        }
        return """
            There are four kinds: `tcp`, `ssl` (TLS), `ws` (WebSocket) and `wss` (WebSocket over TLS). `listeners.<kind>` is \
            a listener itself, and `listeners.<kind>.<name>` one more, with the same keys; there may be any number. The \
            address of one with a name must be said; the default ones are \(addresses.joined(separator: ", ")).

            `enable = false` switches a listener off; in `listeners.<kind>`, all of the kind. A block `listeners.<kind>` \
            which has only listeners with names in it, and no `bind`, is no listener itself. If there is no block \
            `listeners`, the broker listens for TCP at its default; if there is one, at what it says and nothing else.

            A TLS listener needs `certfile` and `keyfile`, or `psk_file`. A `wss` listener which has no key of TLS takes those \
            of the block `listeners.ssl`, also if that is switched off. What could only be checked with `verify_peer`, \
            such as `fail_if_no_peer_cert`, is an error without it.

            """
    }

    private static let rules = """
        ### Rules

        A rule of `auth.acl.rules` is a block, or a text which holds one as JSON. The first rule that matches decides; if \
        none does, `auth.no_match`.

        | Key | Type | Default | Meaning |
        |---|---|---|---|
        | `permit` | `allow` or `deny` | required | What is decided. |
        | `action` | `publish`, `subscribe` or `pubsub` | `pubsub` | What the rule is about. |
        | `topics` | list of topic filters | all | `@` in front means the rest literally: `@#` is the filter `#`. \
        `${clientid}` and `${username}` stand for the client's; in HOCON they must be quoted. |
        | `username`, `clientid` | string | all | Whom the rule is about; `"#"` is anybody. |
        | `ipaddr` | address or network | all | `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`; `"#"` is any. |
        | `ipaddrs` | list of them | all | One of them. |
        | `and`, `or` | list of blocks with one of these each | all | All of them; at least one of them. |

        One of `username`, `clientid`, `ipaddr`, `ipaddrs`, `and`, `or` is allowed; without any, the rule is about everybody. \
        What is not understood is an error: a rule that is dropped would open the broker. An empty list leaves all to \
        `auth.no_match`.

        """

    private static var variables: String {
        var text = """
            ## Environment

            A variable wins over the file. Booleans are `true` or `yes`, `false` or `no`, in any case; anything else is an \
            error. An empty variable counts as not set. The variables of certificates alone start no TLS listener: it takes \
            `NANOMQ_TLS_ENABLE` or `NANOMQ_TLS_URL`, or the file.

            | Variable | Sets |
            |---|---|

            """
        for variable in EnvironmentVariable.all { text += "| `\(variable.name)` | \(variable.use.meaning) |\n" }
        return text
    }

    private static var withoutEffect: String {
        var text = """
            ## Keys without effect

            Files written for the original NanoMQ have these keys. They are accepted, checked, and do nothing; the log says \
            so at the level info.

            | Key | Type | Instead |
            |---|---|---|

            """
        for key in ConfigurationKey.all where !key.hasEffect {
            text += "| `\(key.path)` | \(key.accepted) | \(key.meaning) |\n"
        }
        return text
    }

    private static var future: String {
        let keys = FutureKey.all.map { "`\($0.path.joined(separator: "."))`" }.joined(separator: ", ")
        return """
            ## Keys of features still to come

            Files written for the original NanoMQ load. These keys are ignored, with a warning each, unless the block says \
            `enable = false`: \(keys); and `uds` in `log.to`.

            """
    }

    private static let oldForm = """
        ## The flat form

        `--old_conf` reads the original's flat files, a line `key=value` each. Their keys become the ones above: \
        `max_packet_size` is in kilobytes, `keepalive_backoff` in thousandths, `auth.N.login` and `auth.N.password` become \
        `auth.password`, `acl.rule.N` become `auth.acl.rules` in the order of their numbers.

        """
}

extension EnvironmentVariable.Use {
    fileprivate var meaning: String {
        switch self {
        case .key(let path, .url(let kind)): "`\(path.joined(separator: "."))`, as `\(ListenerURL.example(kind))`"
        case .key(let path, .list): "`\(path.joined(separator: "."))`, words with commas between them"
        case .key(let path, _): "`\(path.joined(separator: "."))`"
        case .nothing(let reason): "nothing: \(reason)"
        case .future: "a feature still to come"
        case .elsewhere(let what): what
        }
    }
}
