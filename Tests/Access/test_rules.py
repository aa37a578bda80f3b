# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Rules: whom and what they are about, and which of them decides."""

from __future__ import annotations

import socket
from typing import Mapping

from access_case import ALICE, ALICE_AND_BOB, BOB, AccessCase, allow, deny, rules
from packets import V5
from wire import Client

RULES = rules(
    deny("first/secret", username="alice"),
    allow("first/#"),
    deny("first/late"),
    allow("user/#", username="alice"),
    allow("client/#", clientid="device-1"),
    allow("net/#", ipaddr="127.0.0.0/30"),
    allow("list/#", ipaddrs=["127.0.0.9", "::1"]),
    allow("six/#", ipaddr="::1"),
    allow("six-net/#", ipaddr="::/64"),
    allow("mapped/#", ipaddr="::ffff:127.0.0.9"),
    allow("both/#", **{"and": [{"username": "alice"}, {"clientid": "device-1"}]}),
    allow("either/#", **{"or": [{"username": "bob"}, {"ipaddr": "127.0.0.9"}]}),
    allow("anybody/#", username="#"),
    allow("any-client/#", clientid="#"),
    allow("any-address/#", ipaddr="#"),
    allow("up/#", action="publish"),
    allow("down/#", action="subscribe"),
    allow("pubsub/#", action="pubsub"),
    allow("several/a", "several/b"),
)


class Subjects(AccessCase):
    """Users, client identifiers, addresses, and both or one of them."""

    six: int

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        with socket.socket(socket.AF_INET6) as free:
            free.bind(("::1", 0))
            cls.six = free.getsockname()[1]
        text = '["{\\"permit\\": \\"allow\\", \\"username\\": \\"alice\\", \\"topics\\": [\\"text/#\\"]}"]'
        return {
            "auth.allow_anonymous": "true",
            "auth.no_match": "deny",
            "auth.password": ALICE_AND_BOB,
            "auth.acl.rules": f"{RULES} {text}",
            "listeners.tcp.six.bind": f'"[::1]:{cls.six}"',
        }

    def test_order(self) -> None:
        """The first rule that matches decides, and none leaves it to no_match"""
        rights = {"first/secret": "", "first/public": "ps", "first/late": "ps", "first/#": "", "none": ""}
        self.assert_rights(self.enter(**ALICE), rights)
        self.assert_rights(self.enter(**BOB), {**rights, "first/secret": "ps", "first/#": "s"})

    def test_users(self) -> None:
        """A user name, or any client"""
        for fields, allowed in ((ALICE, "ps"), (BOB, ""), ({}, "")):
            rights = {"user/x": allowed, "text/x": allowed, "anybody/x": "ps", "any-client/x": "ps"}
            self.assert_rights(self.enter(**fields), rights)

    def test_client_identifiers(self) -> None:
        """An identifier, byte for byte"""
        self.assert_rights(self.enter(client_id="device-1"), {"client/x": "ps"})
        for other in ("device-10", "Device-1", "device-", "#"):
            self.assert_rights(self.enter(client_id=other), {"client/x": ""})

    def test_addresses(self) -> None:
        """Networks and lists of addresses"""
        for source, net, listed in (
            ("127.0.0.1", "ps", ""),
            ("127.0.0.3", "ps", ""),
            ("127.0.0.4", "", ""),
            ("127.0.0.9", "", "ps"),
        ):
            rights = {"net/x": net, "list/x": listed, "mapped/x": listed, "any-address/x": "ps", "six/x": ""}
            self.assert_rights(self.enter(source=source), rights)

    def test_ipv6(self) -> None:
        """The same over IPv6"""
        client = self.enter(address=("::1", self.six))
        rights = {"six/x": "ps", "six-net/x": "ps", "list/x": "ps", "any-address/x": "ps", "net/x": "", "mapped/x": ""}
        self.assert_rights(client, rights)

    def test_and_or(self) -> None:
        """All of them, one of them"""
        self.assert_rights(self.enter(client_id="device-1", **ALICE), {"both/x": "ps", "either/x": ""})
        self.assert_rights(self.enter(client_id="device-2", **ALICE), {"both/x": "", "either/x": ""})
        self.assert_rights(self.enter(client_id="device-1", **BOB), {"both/x": "", "either/x": "ps"})
        self.assert_rights(self.enter(source="127.0.0.9"), {"both/x": "", "either/x": "ps"})

    def test_actions(self) -> None:
        """Publish, subscribe, or both"""
        self.assert_rights(self.enter(), {"up/x": "p", "down/x": "s", "pubsub/x": "ps"})

    def test_several_topics(self) -> None:
        """One of them has to match as a whole"""
        rights = {"several/a": "ps", "several/b": "ps", "several/c": "", "several/+": ""}
        self.assert_rights(self.enter(), rights)


class Topics(AccessCase):
    """Filters, literal topics, and shared subscriptions; what no rule is about is denied."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        given = rules(
            deny("secret/#"),
            deny("@site/#", action="subscribe"),
            allow("site/#", "one/+/two", "@literal/#", "@eq/+/x", "late/"),
            allow("secret/#"),
        )
        return {"auth.no_match": "deny", "auth.acl.rules": given}

    def test_within(self) -> None:
        """A subscription lies within the topic of a rule wholly, or is refused"""
        rights = {"site": "ps", "site/a": "ps", "site/a/b": "ps", "site/+": "s", "site/+/b": "s", "site/a/#": "s"}
        # Denied by its text; there are no others like it.
        rights |= {"site/#": "", "#": "", "+": "", "+/#": "", "+/a": "", "sit": "", "site1": ""}
        rights |= {"one/x/two": "ps", "one/+/two": "s", "one/#": "", "one/x/+": "", "one/x": "", "one//two": "ps"}
        rights |= {"late/": "ps", "late": "", "/site": "", "$SYS/#": "", "$SYS/a": ""}
        self.assert_rights(self.enter(), rights)

    def test_literal(self) -> None:
        """`@` means the text behind it and nothing else"""
        rights = {"literal/#": "s", "literal": "", "literal/a": "", "literal/+": ""}
        rights |= {"eq/+/x": "s", "eq/a/x": "", "@eq/a/x": ""}
        self.assert_rights(self.enter(), rights)

    def test_denied(self) -> None:
        """What has a topic in common with a denied one is denied too"""
        rights = {"secret": "", "secret/a": "", "secret/+": "", "secret/#": "", "+/secret": ""}
        self.assert_rights(self.enter(), {**rights, "+/+": "", "#": ""})

    def test_shared(self) -> None:
        """The prefix of a shared subscription opens nothing, and closes nothing"""
        rights = {"$share/g/secret/#": "", "$share/g/secret/a": "", "$share/g/#": "", "$share/site/secret/#": ""}
        rights |= {"$share/g/site/#": "", "$share/g/site/+": "s", "$share/secret/site/a": "s"}
        rights["$share/g/literal/#"] = "s"
        client = self.enter()
        for name, allowed in rights.items():
            with self.subTest(name):
                self.assertEqual("s" if self.may_subscribe(client, name) else "", allowed)


class Wide(AccessCase):
    """Denials before an `allow` for everything."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        given = rules(
            allow("@#", username="alice"),
            deny("secret/#"),
            deny("$SYS/#", action="subscribe"),
            allow(),
        )
        return {"auth.allow_anonymous": "true", "auth.password": ALICE_AND_BOB, "auth.acl.rules": given}

    def test_wider_filters(self) -> None:
        """A wide subscription does not go round a denial of a part of it"""
        rights = {"#": "", "+/a": "", "+/#": "", "+": "", "secret/a": "", "other/#": "s", "other": "ps", "/#": "s"}
        self.assert_rights(self.enter(**BOB), {**rights, "$SYS/#": "", "$share/g/#": "", "a/+/#": "s"})

    def test_literally_allowed(self) -> None:
        """A wide one that is allowed by its text brings everything"""
        client = self.enter(**ALICE)
        client.subscribe("#")
        self.enter(**BOB).publish(self.topic(), "x")
        client.expect_message("x")
        client.expect_nothing()

    def test_everything(self) -> None:
        """A rule without topics is about those with `$` in front too; `#` as a topic is not"""
        self.reload(auth__acl__rules=rules(allow("#")), auth__no_match="deny")
        self.addCleanup(self.reload)
        client = self.enter()
        self.assert_rights(client, {"#": "s", "a": "ps", "$SYS/#": "", "$other/a": ""})
        self.reload(auth__acl__rules=rules(allow()), auth__no_match="deny")
        self.assert_rights(client, {"#": "s", "a": "ps", "$SYS/#": "s", "$other/a": "ps"})


class Placeholders(AccessCase):
    """Names of clients within topics, which are the client's own choice."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        given = rules(
            allow("d/${clientid}/#", "${clientid}", "pre-${clientid}-post", "u/${username}/#"),
            allow("two/${clientid}/${username}"),
        )
        users = ", ".join(f'"{name}" = secret' for name in ("alice", "eve/l", "+", "#", "${clientid}"))
        return {"auth.no_match": "deny", "auth.password": f"{{ {users} }}", "auth.acl.rules": given}

    def named(self, user: str, client_id: str) -> Client:
        """A client with these names."""
        return self.enter(V5, client_id, username=user, password="secret")

    def test_own(self) -> None:
        """The client's own topics, and nobody else's"""
        rights = {"d/dev/x": "ps", "d/dev": "ps", "d/dev/#": "s", "d/+/x": "", "d/#": "", "d/other/x": "", "d/deva": ""}
        rights |= {"dev": "ps", "pre-dev-post": "ps", "pre-x-post": "", "u/alice/x": "ps", "u/bob/x": ""}
        rights |= {"two/dev/alice": "ps", "two/dev/dev": "", "d/${clientid}/x": ""}
        self.assert_rights(self.named("alice", "dev"), rights)

    def test_hostile_identifiers(self) -> None:
        """A name with a wildcard, a level or `$` in front of it widens no rule that allows"""
        for hostile in ("+", "#", "a/b", "/", "a/#", "+/+", "../x"):
            with self.subTest(hostile):
                rights = {"d/x/y": "", "d/+/y": "", "d/#": "", "d/a/b/y": "", "#": "", "+": "", "a/b": "", "/": ""}
                rights |= {"pre-a/b-post": "", "two/+/alice": "", "u/alice/x": "ps"}
                self.assert_rights(self.named("alice", hostile), rights)
        rights = {"$SYS": "", "$SYS/#": "", "d/$SYS/x": "ps", "pre-$SYS-post": "ps"}
        self.assert_rights(self.named("alice", "$SYS"), rights)

    def test_hostile_users(self) -> None:
        """The same for user names; and one placeholder does not bring in another"""
        for hostile in ("+", "#", "eve/l"):
            with self.subTest(hostile):
                rights = {"u/x/y": "", "u/+/y": "", "u/#": "", "u/eve/l/y": "", "d/dev/x": "ps"}
                self.assert_rights(self.named(hostile, "dev"), rights)
        rights = {"u/dev/x": "", "u/${clientid}/x": "ps", "d/dev/x": "ps"}
        self.assert_rights(self.named("${clientid}", "dev"), rights)

    def test_hostile_names_and_denials(self) -> None:
        """A rule that denies is not escaped by a name that cannot be put into it: it denies everything"""
        given = rules(deny("d/${clientid}/#", action="subscribe"), deny("u/${username}", username="eve/l"), allow())
        self.reload(auth__acl__rules=given)
        self.addCleanup(self.reload)
        self.assert_rights(self.named("alice", "dev"), {"d/dev/x": "p", "d/+/x": "", "d/x": "ps", "u/alice": "ps"})
        for hostile in ("+", "a/b", "#"):
            self.assert_rights(self.named("alice", hostile), {"d/a/b": "p", "x": "p", "#": ""})
        self.assert_rights(self.named("eve/l", "dev"), {"u/x": "", "x": ""})

    def test_without_a_user(self) -> None:
        """A client without a user name matches no ${username}"""
        self.reload(auth__password="{ enable = false, alice = secret }")
        self.addCleanup(self.reload)
        rights = {"u//x": "", "u/x/x": "", "u/#": "", "two/dev/": "", "d/dev/x": "ps"}
        self.assert_rights(self.enter(client_id="dev"), rights)


class Forms(AccessCase):
    """Rules in files, and rules that are not understood."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        own = rules(deny("both/#", username="alice"), allow("own/#"))
        file = cls.write("rules.conf", 'rules = [\n  # one\n  { permit = allow, topics = ["both/#", "file/#"] }\n]\n')
        return {
            "auth.no_match": "deny",
            "auth.password": ALICE_AND_BOB,
            "auth.acl.rules": own,
            "auth.acl.file": file,
        }

    def test_file(self) -> None:
        """The rules of a file stand behind those of the configuration"""
        self.assert_rights(self.enter(**ALICE), {"own/x": "ps", "both/x": "", "file/x": "ps", "none": ""})
        self.assert_rights(self.enter(**BOB), {"own/x": "ps", "both/x": "ps", "file/x": "ps", "none": ""})

    def test_include(self) -> None:
        """The way of the original's samples; a file that is changed is read again"""
        file = self.folder / "included.conf"
        change = {"auth__acl": f'{{ include required("{file}") }}', "auth__no_match": "deny"}
        rest = {key: value for key, value in (self.settings or {}).items() if not key.startswith("auth.acl")}
        before, type(self).settings = self.settings, rest
        self.addCleanup(setattr, type(self), "settings", before)
        client = self.enter(**ALICE)
        for name in ("red", "blue"):
            file.write_text(f'rules = [ {{"permit": "allow", "username": "alice", "topics": ["{name}/#"]}} ]\n')
            self.reload(**change)
            other = "blue" if name == "red" else "red"
            self.assert_rights(client, {f"{name}/x": "ps", f"{other}/x": "", "own/x": ""})

    def test_not_understood(self) -> None:
        """A rule with a fault is an error with its place, and not a rule less"""
        for fault in (
            '{ permit = alow }',
            '{ topics = ["a"] }',
            '{ permit = allow, action = pub }',
            '{ permit = allow, topics = ["a/#/b"] }',
            '{ permit = allow, ipaddr = "127.0.0.0/33" }',
            '{ permit = allow, ipaddr = "localhost" }',
            '{ permit = allow, usernam = "bob" }',
            '{ permit = allow, username = bob, clientid = c }',
            '{ permit = allow, and = [] }',
            '"{\\"permit\\": \\"allow\\""',
            'allow',
        ):
            with self.subTest(fault):
                self.expect_no_start({"auth.acl.rules": f"[ {fault} ]"}, "auth.acl.rules", "wrong.conf:1")
        unknown = '[ { permit = allow, topics = ["${user}"] } ]'
        self.expect_no_start({"auth.acl.rules": unknown}, "auth.acl.rules", "${user}")
        file = self.write("wrong-rules.conf", "rules = [\n  { permit = allow }\n  { permit = none }\n]\n")
        self.expect_no_start({"auth.acl.file": file}, "wrong-rules.conf:3")
        self.expect_no_start({"auth.acl.file": '"/nowhere/rules.conf"'}, "/nowhere/rules.conf")
