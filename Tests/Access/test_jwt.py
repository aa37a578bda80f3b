# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens as passwords (auth.jwt)."""

from __future__ import annotations

import json
import time
from typing import ClassVar, Mapping

from access_case import ALICE, BAD_CREDENTIALS, EVERY_VERSION, NOT_AUTHORIZED, AccessCase, allow, deny, rules
from packets import V5, V31, V311, Prop
from tokens import SECRET, KeyPair, encoded, hs256, unsigned
from wire import Client

HOUR = 3600


class TokenCase(AccessCase):
    """A broker that takes tokens, and nobody else."""

    jwt: ClassVar[Mapping[str, str]] = {"secret": json.dumps(SECRET)}

    @classmethod
    def keys(cls) -> Mapping[str, str]:
        """The keys of auth.jwt."""
        return cls.jwt

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        keys = {f"auth.jwt.{key}": value for key, value in cls.keys().items()}
        return {"auth.allow_anonymous": "false", "auth.failures.limit": "unlimited", **keys}

    def accept(self, token: str, version: int = V5, user: str = "bob", **fields: object) -> Client:
        """A client that is let in with a token."""
        return self.enter(version, username=user, password=token, **fields)

    def refuse(self, token: str | bytes, version: int = V5, user: str = "bob", **fields: object) -> None:
        """A client that is not."""
        reason = BAD_CREDENTIALS[version]
        self.enter(version, expect_reason=reason, username=user, password=token, **fields)

    def refuse_time(self, token: str, version: int = V5, user: str = "bob", **fields: object) -> None:
        """A client whose token is signed and does not hold now."""
        reason = NOT_AUTHORIZED[version]
        self.enter(version, expect_reason=reason, username=user, password=token, **fields)


class Secret(TokenCase):
    """HS256."""

    @EVERY_VERSION
    def test_signature(self, version: int) -> None:
        """Only what was signed with the secret, as it was signed"""
        token = hs256({"sub": "bob"})
        self.accept(token, version).fence()
        head, claims, signature = token.split(".")
        other = encoded({"exp": int(time.time()) + HOUR, "sub": "root"})
        for wrong in (
            hs256({}, secret=SECRET + "x"),
            hs256({}, secret=""),
            f"{head}.{other}.{signature}",
            f"{head}.{claims}.",
            f"{head}.{claims}",
            f"{head}.{claims}.{signature}.{signature}",
            f"{head}.{claims}.{signature[:-4]}",
            token + "A",
            token + "=",
            "",
            "..",
            "a.b.c",
            "secret",
        ):
            self.refuse(wrong, version)

    def test_algorithms(self) -> None:
        """`none` in any spelling, and algorithms without a key, are not known"""
        for algorithm in ("none", "None", "NONE", "nOnE", "", "HS384", "hs256", "RS256", "ES256"):
            with self.subTest(algorithm):
                self.refuse(unsigned(algorithm, {}) + ".")
                self.refuse(hs256({}, algorithm=algorithm))
        self.refuse(f"{encoded({'typ': 'JWT'})}.{encoded({'exp': time.time() + HOUR})}.")
        self.refuse(hs256({}, crit=["b64"], b64=False))

    def test_times(self) -> None:
        """exp has to be there and to come, nbf and iat to be over"""
        now = int(time.time())
        for claims in (
            {"exp": None},
            {"exp": now - 1},
            {"exp": 0},
            {"exp": -1},
            {"exp": now * 1000, "nbf": now + HOUR},
            {"nbf": now + HOUR},
            {"iat": now + HOUR},
        ):
            with self.subTest(claims):
                self.refuse_time(hs256(claims))
        self.refuse(hs256({"exp": "tomorrow"}))
        for claims in ({"exp": now + HOUR + 0.5}, {"nbf": now - 1, "iat": now - 1}, {"exp": 2**60}):
            with self.subTest(claims):
                self.accept(hs256(claims))

    def test_hostile(self) -> None:
        """Tokens that are no such thing refuse one client, and the broker goes on"""
        deep = "[" * 4000 + "]" * 4000
        for wrong in (
            hs256({"sub": "x" * 9000}),
            f"{encoded({'alg': 'HS256'})}.{encoded(b'no json')}.AAAA",
            f"{encoded(b'{}')}.{encoded(b'{}')}.",
            f"{encoded(deep.encode())}.{encoded(b'{}')}.AAAA",
            f"{encoded({'alg': 'HS256'})}.{encoded(b'[]')}.AAAA",
            "." * 60000,
            b"\xff\xfe.\xff.\xff",
        ):
            self.refuse(wrong)
        self.accept(hs256({}))

    def test_expiry(self) -> None:
        """When its token expires a client is disconnected, and its will is published; the others stay"""
        watcher = self.accept(hs256({}))
        watcher.subscribe(self.topic("#"))
        clients = [
            self.accept(hs256({"exp": int(time.time()) + 2}), version, will_topic=self.topic(str(version)))
            for version in (V31, V311, V5)
        ]
        for client in clients:
            client.expect_error(0x87, timeout=15)
            watcher.expect_message("")
        watcher.expect_nothing()

    def test_the_log(self) -> None:
        """It says why, and has no token"""
        token = hs256({"exp": 1, "sub": "hunter2"})
        self.refuse_time(token, client_id="late")
        self.wait_for_log("token refused", "client=late", "expired")
        self.assertNotIn(token.split(".")[1], self.broker.log_tail(10_000))


class Claims(TokenCase):
    """What a token has to say beside."""

    jwt = {
        **TokenCase.jwt,
        "issuer": '"https://issuer"',
        "audience": '"mqtt"',
        "username_claim": "sub",
        "clientid_claim": "cid",
        "leeway": "60s",
    }

    def test_claims(self) -> None:
        """Issuer, audience, user name and client identifier; clocks may differ a little"""
        right = {"iss": "https://issuer", "aud": "mqtt", "sub": "bob", "cid": "device"}
        past = int(time.time()) - 30
        for more in ({}, {"aud": ["web", "mqtt"]}, {"exp": past}, {"nbf": past + 60}):
            with self.subTest(more):
                self.accept(hs256({**right, **more}), client_id="device")
        for more in (
            {"iss": "https://issuer/"},
            {"iss": None},
            {"aud": "mqtts"},
            {"aud": []},
            {"aud": None},
            {"sub": "eve"},
            {"sub": None},
            {"sub": 7},
            {"cid": "other"},
            {"cid": None},
        ):
            with self.subTest(more):
                self.refuse(hs256({**right, **more}), client_id="device")
        self.refuse_time(hs256({**right, "exp": past - 60}), client_id="device")
        self.refuse(hs256(right), user="eve", client_id="device")
        self.refuse(hs256(right), client_id="device2")


class Lasting(TokenCase):
    """Tokens need not expire, and clients stay when they do."""

    jwt = {**TokenCase.jwt, "require_exp": "false", "disconnect_after_expire": "false"}

    def test_lasting(self) -> None:
        """Without exp, and beyond it"""
        self.accept(hs256({"exp": None}))
        client = self.accept(hs256({"exp": int(time.time()) + 1}))
        # Longer than it takes until clients are looked at.
        self.elapse_by(client, 7)
        client.expect_nothing()

    def elapse_by(self, client: Client, seconds: int) -> None:
        """The broker's clock goes on: it waits for a message that comes with that delay."""
        client.subscribe(self.topic("clock"))
        properties = [(Prop.SESSION_EXPIRY, 60)]
        delay = [(Prop.WILL_DELAY, seconds)]
        fields = {"properties": properties, "will_topic": self.topic("clock"), "will_properties": delay}
        self.accept(hs256({}), **fields).close()
        client.expect_message("", timeout=seconds + 5)


class PublicKey(TokenCase):
    """RS256 and ES256 with a key of their own."""

    pair: ClassVar[KeyPair]

    @classmethod
    def keys(cls) -> Mapping[str, str]:
        cls.pair = KeyPair(cls.folder, "first", "RS256")
        return {"public_keyfile": json.dumps(str(cls.pair.public))}

    def check(self, pair: KeyPair) -> None:
        """Its own signatures, and no others."""
        self.accept(pair.token({}))
        other = KeyPair(self.folder, "other", pair.algorithm)
        self.refuse(other.token({}))
        # The key that everybody knows, as the secret of another algorithm.
        public = pair.public.read_bytes()
        for secret in (public, public.rstrip(), b"\n".join(public.split(b"\n")[1:-2])):
            self.refuse(hs256({}, secret))
        for algorithm in ("HS256", "none", "RS384", "PS256", "ES256" if pair.algorithm == "RS256" else "RS256"):
            self.refuse(pair.token({}, algorithm))
        self.refuse_time(pair.token({"exp": 1}))
        # A key that the token brings itself.
        self.refuse(other.token({}, jwk=other.web_key()))

    def test_rsa(self) -> None:
        """RS256"""
        self.check(self.pair)

    def test_ec(self) -> None:
        """ES256"""
        pair = KeyPair(self.folder, "second", "ES256")
        self.reload(auth__jwt__public_keyfile=json.dumps(str(pair.public)))
        self.addCleanup(self.reload)
        self.check(pair)

    def test_reload(self) -> None:
        """With another key, clients that came with a token are disconnected"""
        client = self.accept(self.pair.token({}))
        pair = KeyPair(self.folder, "third", "ES256")
        self.reload(auth__jwt__public_keyfile=json.dumps(str(pair.public)))
        self.addCleanup(self.reload)
        client.expect_error(0x87)
        self.refuse(self.pair.token({}))

    def test_switched_off(self) -> None:
        """Clients that came with a token go when tokens are not taken any more; who came another way stays"""
        client = self.accept(self.pair.token({}))
        users = "{ alice = secret }"
        self.addCleanup(self.reload)
        self.reload(auth__password=users)
        alice = self.enter(**ALICE)
        client.expect_nothing()
        self.reload(auth__password=users, auth__jwt__enable="false")
        client.expect_error(0x87)
        alice.expect_nothing()
        self.refuse(self.pair.token({}))

    def test_switched_off_and_open(self) -> None:
        """An open broker takes any user then; what a token denied stays denied for its client's will"""
        self.addCleanup(self.reload)
        self.reload(auth__allow_anonymous="true")
        watcher = self.enter()
        watcher.subscribe("ok/will", "no/will")
        claims = {"acl": {"pub": ["ok/#"]}}
        denied = self.accept(self.pair.token(claims), will_topic="no/will", will_payload="no")
        allowed = self.accept(self.pair.token(claims), will_topic="ok/will", will_payload="ok")
        self.reload(auth__allow_anonymous="true", auth__jwt__enable="false")
        denied.expect_error(0x87)
        allowed.expect_error(0x87)
        watcher.expect_message("ok")
        watcher.expect_nothing()
        self.enter(username="anybody", password="anything").fence()

    def test_reload_that_is_refused(self) -> None:
        """Clients that came with a token stay, and others may come, if a reload is given up"""
        client = self.accept(self.pair.token({}))
        pair = KeyPair(self.folder, "fourth", "ES256")
        self.addCleanup(self.reload)
        service = '{ auth_req { url = "https://127.0.0.1:9/" }, tls { cacertfile = "/nonexistent/ca.pem" } }'
        with self.assertRaisesRegex(AssertionError, "http_auth"):
            self.reload(auth__jwt__public_keyfile=json.dumps(str(pair.public)), auth__http_auth=service)
        later = self.accept(self.pair.token({}))
        # A reload that changes nothing asks about all clients again.
        self.reload()
        client.fence()
        later.fence()

    def test_wrong_keys(self) -> None:
        """A key that is too short, secret, or none is an error at start"""
        small = KeyPair(self.folder, "small", "RS256", 1024)
        for file in (small.public, self.folder / "nowhere.pub", self.folder / "first.key"):
            with self.subTest(file.name):
                self.expect_no_start({"auth.jwt.public_keyfile": json.dumps(str(file))}, file.name)
        said = self.expect_no_start({"auth.jwt.secret": '"short hunter2"'}, "auth.jwt.secret")
        self.assertNotIn("hunter2", said)
        self.expect_no_start({"auth.jwt.enable": "true"}, "auth.jwt")


class KeySet(TokenCase):
    """A JWKS file."""

    pairs: ClassVar[dict[str, KeyPair]]

    @classmethod
    def keys(cls) -> Mapping[str, str]:
        cls.pairs = {
            name: KeyPair(cls.folder, name, name[:5]) for name in ("RS256-a", "RS256-b", "ES256-a", "ES256-b")
        }
        members = [pair.web_key(kid=name) for name, pair in cls.pairs.items()]
        members.append({"kty": "oct", "kid": "secret", "k": encoded(SECRET.encode())})
        return {"jwks_file": cls.write("keys.json", json.dumps({"keys": members}))}

    def test_selection(self) -> None:
        """kid says which key; without one, all of the algorithm are tried"""
        for name, pair in self.pairs.items():
            self.accept(pair.token({}, kid=name))
            self.accept(pair.token({}))
            other = f"{name[:5]}-{'b' if name.endswith('a') else 'a'}"
            self.refuse(pair.token({}, kid=other))
            self.refuse(pair.token({}, kid="unknown"))

    def test_changed_file(self) -> None:
        """It is read again by a reload"""
        new = KeyPair(self.folder, "new", "ES256")
        file = self.folder / "keys.json"
        before = file.read_text()
        self.addCleanup(self.reload)
        self.addCleanup(file.write_text, before)
        self.refuse(new.token({}, kid="new"))
        file.write_text(json.dumps({"keys": [new.web_key(kid="new")]}))
        self.reload()
        self.accept(new.token({}, kid="new"))
        self.refuse(self.pairs["RS256-a"].token({}))


class Rights(TokenCase):
    """The claim acl, and what it is to the rules."""

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        given = rules(deny("never/#"), allow("rule/#"))
        return {**super().configure(), "auth.no_match": "deny", "auth.acl.rules": given}

    def check(self, acl: object, rights: Mapping[str, str], **fields: object) -> None:
        """A client with this claim has these rights."""
        self.assert_rights(self.accept(hs256({"acl": acl}), **fields), rights)

    def test_without_order(self) -> None:
        """pub, sub and all; what is not named is denied, also if a rule allows it; what a rule denies stays so"""
        acl = {"pub": ["up/${clientid}/#"], "sub": ["down/+", "eq lit/#"], "all": ["chat/${username}", "never/#"]}
        rights = {"up/me/x": "p", "up/you/x": "", "up/me/#": "", "down/x": "s", "down/+": "s", "down/#": "", "#": ""}
        rights |= {"lit/#": "s", "lit/x": "", "chat/bob": "ps", "chat/eve": "", "never/x": "", "rule/x": "", "none": ""}
        self.check(acl, rights, client_id="me")
        self.check({}, {"rule/x": "", "none": ""})

    def test_in_order(self) -> None:
        """The first rule that matches decides"""
        acl = [
            {"permission": "deny", "action": "subscribe", "topic": "site/secret/#"},
            {"permission": "allow", "action": "all", "topics": ["site/#"], "qos": [0, 1], "retain": False},
        ]
        self.check(acl, {"site/x": "ps", "site/secret/x": "p", "site/#": "", "site/+": "", "site/a/#": "s", "x": ""})
        client = self.accept(hs256({"acl": acl}))
        self.assertEqual(client.publish("site/x", qos=2).reason, 0x87)
        self.assertEqual(client.publish("site/x", qos=1, retain=True).reason, 0x87)
        client.subscribe("site/x", options=2, expect=0x87)
        client.subscribe("$share/g/site/x", options=1)
        client.subscribe("$share/g/site/secret/x", options=1, expect=0x87)

    def test_messages_that_wait(self) -> None:
        """What a session has for a client that comes with another token is judged by that"""
        properties = [(Prop.SESSION_EXPIRY, 600)]
        name = self.unique()

        def enter(*filters: str) -> Client:
            token = hs256({"acl": {"sub": list(filters)}})
            return self.accept(token, client_id=name, clean=False, properties=properties)

        client = enter("wait/#")
        client.subscribe("wait/no", "wait/yes", options=1)
        client.disconnect()
        other = self.accept(hs256({"acl": {"pub": ["wait/#"]}}))
        for topic in ("wait/no", "wait/yes"):
            self.assertEqual(other.publish(topic, topic, qos=1).reason, 0)
        client = enter("wait/yes")
        client.expect_message("wait/yes")
        client.expect_nothing()

    def test_hostile_names(self) -> None:
        """Names with wildcards and levels widen nothing"""
        acl = {"all": ["d/${clientid}/#", "u/${username}/#"]}
        for hostile in ("+", "#", "a/b", "$share"):
            rights = {"d/x/y": "", "d/+/y": "", "d/#": "", "u/x/y": "", "u/+/y": "", "d/a/b/y": "", "u/a/b/y": ""}
            self.check(acl, rights, user=hostile, client_id=hostile)

    def test_without_a_claim(self) -> None:
        """The rules decide"""
        self.assert_rights(self.accept(hs256({})), {"rule/x": "ps", "never/x": "", "none": ""})

    def test_not_understood(self) -> None:
        """A claim that cannot be read cannot be obeyed"""
        for acl in (
            "all",
            7,
            {"pub": "x"},
            {"pub": [7]},
            {"pub": ["a/#/b"]},
            [{"permission": "allow"}, "x"],
            [{"permission": "maybe", "topic": "x"}],
            [{"permission": "allow", "action": "fly", "topic": "x"}],
            [{"permission": "allow", "topic": "x", "ipaddr": "192.0.2.1"}],
        ):
            with self.subTest(acl):
                self.refuse(hs256({"acl": acl}))

    def test_will(self) -> None:
        """A will is judged by the claim, after the token's client has gone"""
        watcher = self.accept(hs256({"acl": {"all": ["#"]}}))
        watcher.subscribe("ok/will", "no/will")
        for topic in ("no/will", "ok/will"):
            self.accept(hs256({"acl": {"pub": ["ok/#"]}}), will_topic=topic, will_payload=topic).close()
        watcher.expect_message("ok/will")
        watcher.expect_nothing()
