# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A web service that is asked who a client is and what it may do (auth.http_auth)."""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
import time
from pathlib import Path
from typing import ClassVar, Mapping
from urllib.parse import parse_qsl

import packets
from access_case import (
    ALICE,
    BAD_CREDENTIALS,
    BLOCKED,
    DENIED_SUBSCRIPTION,
    EVERY_VERSION,
    NOT_AUTHORIZED,
    AccessCase,
    wait_until,
)
from authority import Authority
from broker import free_port
from http_service import Request, Service
from packets import V5, V31, Type

WHO = '{ clientid = "%c", username = "%u", password = "%P" }'
UNAVAILABLE = {V31: 3, packets.V311: 3, V5: 0x88}


class ServiceCase(AccessCase):
    """A broker with a service that is asked when a client connects, and perhaps more."""

    service: ClassVar[Service]
    more: ClassVar[Mapping[str, str]] = {}
    requests: ClassVar[tuple[str, ...]] = ("auth_req",)

    @classmethod
    def make_service(cls) -> Service:
        """The service."""
        return Service()

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        cls.service = cls.make_service()
        cls.addClassCleanup(cls.service.stop)
        settings = {"auth.failures.limit": "unlimited", "system.threads": "1"}
        for name in cls.requests:
            settings[f"auth.http_auth.{name}.url"] = json.dumps(f"{cls.service.url}/{name}")
            access = ', access = "%A", topic = "%t"' if name == "acl_req" else ""
            settings[f"auth.http_auth.{name}.params"] = f'{{ clientid = "%c", username = "%u"{access} }}'
        settings["auth.http_auth.auth_req.params"] = WHO
        return {**settings, **cls.more}

    def setUp(self) -> None:
        super().setUp()
        self.service.answer = lambda _: 200
        self.service.take()

    def asked(self, path: str) -> list[list[tuple[str, str]]]:
        """The forms that came to a path since the last time."""
        return [parse_qsl(request.body) for request in self.service.take() if request.path == path]


class Asked(ServiceCase):
    """What is sent, and what its answers mean."""

    more = {"auth.password": "{ alice = secret }"}

    def change(self, **keys: str) -> None:
        """Another form of the request."""
        self.reload(**{f"auth__http_auth__auth_req__{key}": value for key, value in keys.items()})
        self.addCleanup(self.reload)

    @EVERY_VERSION
    def test_statuses(self, version: int) -> None:
        """200 lets in, everything else does not; a redirection is not followed"""
        for status in (200, 201, 204, 301, 302, 307, 400, 401, 403, 404):
            with self.subTest(status=status):
                self.service.answer = lambda _: status
                reason = 0 if status == 200 else NOT_AUTHORIZED[version]
                self.enter(version, None, reason, username="bob", password="any")
                self.assertEqual([request.path for request in self.service.take()], ["/auth_req"])

    def test_form(self) -> None:
        """POST, parameters in their order, all that is not plain encoded"""
        self.enter(client_id="x&admin=1", username="bob+é", password="a b%=/\0")
        (request,) = self.service.take()
        self.assertEqual((request.method, request.path), ("POST", "/auth_req"))
        self.assertEqual(request.headers["content-type"], "application/x-www-form-urlencoded")
        body = "clientid=x%26admin%3D1&username=bob%2B%C3%A9&password=a%20b%25%3D%2F%00"
        self.assertEqual((request.body, request.headers["content-length"]), (body, str(len(body))))

    def test_json(self) -> None:
        """The same as an object of strings"""
        self.change(headers='{ content-type = "application/json", x-token = "t0ken" }')
        self.enter(client_id='q"\\', username="bob\n", password="é")
        (request,) = self.service.take()
        self.assertEqual(request.headers["content-type"], "application/json")
        self.assertEqual(request.headers["x-token"], "t0ken")
        found = json.loads(request.body, object_pairs_hook=list)
        self.assertEqual(found, [("clientid", 'q"\\'), ("username", "bob\n"), ("password", "é")])

    def test_get(self) -> None:
        """The same as a query, behind one that is there already"""
        self.change(method="GET", url=json.dumps(f"{self.service.url}/auth?v=1"))
        self.enter(client_id="a b", username="bob", password="p&q")
        (request,) = self.service.take()
        self.assertEqual((request.method, request.body), ("GET", ""))
        self.assertEqual(request.path, "/auth?v=1&clientid=a%20b&username=bob&password=p%26q")

    def test_placeholders(self) -> None:
        """All that the original has, also several in a value; what has no value is left out"""
        names = {"a": "%a", "p": "%p", "r": "%r", "C": "%C", "d": "%d", "m": "%m", "x": "u-%u-%c%%", "u": "%u"}
        self.change(params=json.dumps(names))
        for version, protocol in ((V31, "MQIsdp"), (V5, "MQTT")):
            self.enter(version, "c", source="127.0.0.7", username="bob", password="p")
            (request,) = self.service.take()
            expected = f"a=127.0.0.7&p={self.broker.address[1]}&r={protocol}&x=u-bob-c%25&u=bob"
            self.assertEqual(request.body, expected)

    def test_no_header(self) -> None:
        """A client without credentials is asked about too, without those"""
        self.service.answer = lambda request: 200 if "clientid=good" in request.body else 403
        self.enter(client_id="good")
        self.enter(V5, "bad", NOT_AUTHORIZED[V5])
        self.assertEqual([request.body for request in self.service.take()], ["clientid=good", "clientid=bad"])

    def test_not_for_anonymous_clients(self) -> None:
        """Where a client without credentials is not allowed, nobody is asked about it"""
        self.reload(auth__allow_anonymous="false")
        self.addCleanup(self.reload)
        self.enter(V5, None, NOT_AUTHORIZED[V5])
        self.assertEqual(self.service.take(), [])
        self.enter(username="bob", password="x")
        self.assertEqual(len(self.service.take()), 1)

    def test_switched_on(self) -> None:
        """Who came while it was off goes when it is asked; who came by it stays when something else changes"""
        self.reload(auth__http_auth__enable="false")
        self.addCleanup(self.reload)
        clients = [self.enter(), self.enter(**ALICE)]
        self.reload()
        for client in clients:
            client.expect_error(0x87)
        client = self.enter(username="bob", password="x")
        self.reload(auth__http_auth__timeout="4s")
        client.expect_nothing()

    def test_after_the_list(self) -> None:
        """A user of the list with the right password is asked about too, one with a wrong one is refused before"""
        self.enter(V5, None, BAD_CREDENTIALS[V5], username="alice", password="wrong")
        self.assertEqual(self.service.take(), [])
        self.enter(**ALICE)
        self.service.answer = lambda _: 403
        self.enter(V5, None, NOT_AUTHORIZED[V5], **ALICE)
        self.assertEqual(len(self.service.take()), 2)

    def test_connections_are_kept(self) -> None:
        """Clients one after the other are asked about over one connection"""
        before = self.service.connections
        for _ in range(20):
            self.enter(username="bob", password="x").disconnect()
        self.assertLessEqual(self.service.connections - before, 1)

    def test_the_log(self) -> None:
        """It has no password, also when the service fails"""
        self.service.answer = lambda _: 500
        self.enter(V5, None, UNAVAILABLE[V5], username="bob", password="hunter2")
        self.wait_for_log("HTTP request about access failed")
        self.assertNotIn("hunter2", self.broker.log_tail(10_000))


class Rights(ServiceCase):
    """What a client may do: super_req, then acl_req."""

    requests = ("auth_req", "super_req", "acl_req")
    more = {"auth.acl.rules": '[ { permit = deny, topics = ["never/#"] }, { permit = allow, topics = ["#"] } ]'}

    def setUp(self) -> None:
        super().setUp()
        self.service.answer = self.judge

    def judge(self, request: Request) -> int:
        """Root is a super user; others may what begins with `ok`."""
        fields = dict(parse_qsl(request.body))
        if request.path == "/super_req":
            return 200 if fields.get("username") == "root" else 403
        return 200 if request.path == "/auth_req" or fields["topic"].startswith("ok") else 403

    @EVERY_VERSION
    def test_asked(self, version: int) -> None:
        """The access is 1 or 2, the topic what was sent; each filter is asked about by itself"""
        client_id = self.unique()
        client = self.enter(version, client_id, username="bob", password="x")
        self.service.take()
        client.publish("ok/1", "yes", qos=1)
        self.assertEqual(client.publish("no/1", "no", qos=1).reason, 0x87 if version == V5 else 0)
        who = [("clientid", client_id), ("username", "bob")]
        found = self.service.take()
        acl = [parse_qsl(request.body) for request in found if request.path == "/acl_req"]
        self.assertEqual(acl, [who + [("access", "2"), ("topic", topic)] for topic in ("ok/1", "no/1")])
        self.assertEqual(found[0].path, "/super_req")
        filters = ["ok/#", "no/+", "ok/2"]
        client.send(packets.subscribe(9, [(name, 1) for name in filters], version))
        client.expect(Type.SUBACK, packet_id=9, reasons=[1, DENIED_SUBSCRIPTION[version], 1])
        expected = [who + [("access", "1"), ("topic", name)] for name in filters]
        self.assertCountEqual(self.asked("/acl_req"), expected)

    def test_super_user(self) -> None:
        """May everything, and is not asked about further; but a rule that denies is final"""
        client = self.enter(username="root", password="x")
        self.assert_rights(client, {"no/1": "ps", "ok/1": "ps", "never/1": ""})
        self.assertEqual(self.asked("/acl_req"), [])

    def test_will(self) -> None:
        """A will is asked about when it is due"""
        watcher = self.enter(username="root", password="x")
        watcher.subscribe("ok/will", "no/will")
        for topic in ("no/will", "ok/will"):
            self.enter(username="bob", password="x", will_topic=topic, will_payload=topic).close()
            wait_until("it is asked", lambda: any(("topic", topic) in form for form in self.asked("/acl_req")))
        watcher.expect_message("ok/will")
        watcher.expect_nothing()

    def test_order_of_packets(self) -> None:
        """What a client sends while one of its packets is judged stays behind it"""
        watcher = self.enter(username="root", password="x")
        watcher.subscribe("ok/#")
        slow = threading.Event()
        self.addCleanup(slow.set)

        def judge(request: Request) -> int:
            if "topic=ok%2Fslow" in request.body:
                slow.wait(20)
            return self.judge(request)

        self.service.answer = judge
        client = self.enter(username="bob", password="x")
        for n in range(20):
            client.send_publish("ok/slow" if n == 3 else "ok/fast", str(n), qos=n % 2)
        for n in range(3):
            watcher.expect_message(str(n))
        watcher.expect_nothing()
        slow.set()
        for n in range(3, 20):
            watcher.expect_message(str(n))
        client.fence()


class Silent(ServiceCase):
    """A service that never answers some."""

    more = {"auth.http_auth.timeout": "1s", "auth.http_auth.breaker.failures": "1000000"}

    def test_refused_in_time(self) -> None:
        """Its clients are refused when the time is over, and others notice nothing on the same event loop"""
        self.service.answer = lambda request: None if "username=lost" in request.body else 200
        other = self.enter(username="bob", password="x")
        other.subscribe(self.topic())
        lost = [self.open() for _ in range(10)]
        started = time.monotonic()
        for client in lost:
            client.send(packets.connect(self.unique(), username="lost", password="x"))
        wait_until("all are asked", lambda: sum("lost" in request.body for request in self.service.requests) == 10)
        slowest = 0.0
        while time.monotonic() - started < 0.8:
            began = time.monotonic()
            other.send_publish(self.topic(), "x")
            other.expect_message("x")
            slowest = max(slowest, time.monotonic() - began)
        self.enter(username="bob", password="y")
        for client in lost:
            client.expect(Type.CONNACK, reason=UNAVAILABLE[V5])
            client.expect_closed()
        taken = time.monotonic() - started
        self.assertGreater(taken, 0.9)
        self.assertLess(taken, 4)
        self.assertLess(slowest, 0.5)

    def test_client_leaves(self) -> None:
        """A client that goes while it is judged leaves nothing behind"""
        self.service.answer = lambda _: None
        for _ in range(20):
            client = self.open()
            client.send(packets.connect("leaver", username="leaver", password="x", will_topic="w", will_payload="w"))
            client.close()
        self.service.answer = lambda _: 200
        self.enter(client_id="leaver", username="bob", password="x").expect_nothing()


class Limited(ServiceCase):
    """No more requests at a time than are allowed."""

    more = {"auth.http_auth.max_concurrency": "2"}

    def test_at_once(self) -> None:
        """The others wait for their turn, and are let in"""
        turn = threading.Semaphore(0)

        def answer(_: Request) -> int:
            turn.acquire(timeout=20)
            return 200

        self.service.answer = answer
        clients = [self.open() for _ in range(12)]
        for client in clients:
            client.send(packets.connect(self.unique(), username="bob", password=self.unique()))
        wait_until("two are asked", lambda: len(self.service.requests) == 2)
        turn.release(12)
        for client in clients:
            client.expect(Type.CONNACK, reason=0)
        self.assertEqual(self.service.most_at_once, 2)


class Remembered(ServiceCase):
    """cache_ttl."""

    requests = ("auth_req", "acl_req")
    more = {"auth.http_auth.cache_ttl": "1h"}

    def test_allowed(self) -> None:
        """What was allowed is not asked again; another password, client or address is; a refusal is"""
        for _ in range(3):
            client = self.enter(client_id="same", username="bob", password="one")
            client.publish("a", qos=1)
            client.publish("a", qos=1)
        self.assertEqual([request.path for request in self.service.take()], ["/auth_req", "/acl_req"])
        self.service.answer = lambda _: 403
        self.enter(client_id="same", username="bob", password="one")
        for client_id, user, password in (("same", "bob", "two"), ("other", "bob", "one"), ("same", "eve", "one")):
            for _ in range(2):
                self.enter(V5, client_id, NOT_AUTHORIZED[V5], username=user, password=password)
        self.assertEqual(len(self.service.take()), 6)

    def test_reload(self) -> None:
        """Settings that change forget it"""
        self.enter(client_id="kept", username="bob", password="one")
        self.service.answer = lambda _: 403
        self.enter(client_id="kept", username="bob", password="one")
        self.reload(auth__http_auth__timeout="4s")
        self.addCleanup(self.reload)
        self.enter(V5, "kept", NOT_AUTHORIZED[V5], username="bob", password="one")


class Down(ServiceCase):
    """A service that is not there."""

    more = {"auth.http_auth.breaker": "{ failures = 3, pause = 1s }"}
    port: ClassVar[int]

    @classmethod
    def make_service(cls) -> Service:
        cls.port = free_port()
        service = Service(port=cls.port)
        service.stop()
        return service

    @EVERY_VERSION
    def test_breaker(self, version: int) -> None:
        """After three failures it is left alone and clients are refused at once; then one tries, and all goes on"""
        who = {"username": "bob", "password": "x"}
        opened = self.broker.log_tail(10_000).count("is left alone")
        for _ in range(3):
            self.assertEqual(self.broker.log_tail(10_000).count("is left alone"), opened)
            self.enter(version, None, UNAVAILABLE[version], **who)
        wait_until("the log says so", lambda: self.broker.log_tail(10_000).count("is left alone") == opened + 1)
        self.enter(version, None, UNAVAILABLE[version], **who)
        service = Service(port=self.port)
        try:

            def let_in() -> bool:
                client = self.open(version)
                reason = client.connect(self.unique(), None, **who).reason
                self.assertIn(reason, (0, UNAVAILABLE[version]))
                return reason == 0

            wait_until("it is asked again", let_in)
            self.enter(version, **who)
            self.assertEqual(len(service.take()), 2)
            self.wait_for_log("answers again")
        finally:
            service.stop()


class Failing(ServiceCase):
    """A service that has a fault."""

    more = {"auth.http_auth.breaker": "{ failures = 3, pause = 1h }"}

    def test_statuses(self) -> None:
        """One that answers with 503 is left alone as well, one that refuses is not"""
        for status, reason, asked in ((403, NOT_AUTHORIZED[V5], 5), (503, UNAVAILABLE[V5], 3)):
            self.service.answer = lambda _: status
            for _ in range(5):
                self.enter(V5, None, reason, username="bob", password="x")
            self.assertEqual(len(self.service.take()), asked)


class Guesses(ServiceCase):
    """What counts against an address that fails too often."""

    more = {"auth.failures": "{ limit = 3 }", "auth.http_auth.breaker.failures": "1000000"}

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        settings = dict(super().configure())
        del settings["auth.failures.limit"]
        return settings

    def test_answers(self) -> None:
        """A refusal of credentials does, no answer and a client without any do not"""
        who = {"username": "bob", "password": "x"}
        self.service.answer = lambda _: 500
        for _ in range(5):
            self.enter(V5, None, UNAVAILABLE[V5], source="127.0.0.2", **who)
        self.service.answer = lambda _: 403
        for _ in range(5):
            self.enter(V5, None, NOT_AUTHORIZED[V5], source="127.0.0.2")
        for _ in range(3):
            self.enter(V5, None, NOT_AUTHORIZED[V5], source="127.0.0.2", **who)
        self.service.take()
        self.enter(V5, None, BLOCKED[V5], source="127.0.0.2", **who)
        self.assertEqual(self.service.take(), [])


class Encrypted(ServiceCase):
    """HTTPS, with an authority of our own."""

    authority: ClassVar[Authority]
    context: ClassVar[ssl.SSLContext]

    @classmethod
    def make_service(cls) -> Service:
        folder = tempfile.TemporaryDirectory(prefix="nanomq-access-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(Path(folder.name))
        cls.authority.issue("service")
        cls.authority.issue("broker")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.authority.path("service.pem"), cls.authority.path("service.key"))
        context.load_verify_locations(cls.authority.path("ca.pem"))
        cls.context = context
        cls.more = {
            "auth.http_auth.tls.cacertfile": json.dumps(cls.authority.path("ca.pem")),
            "auth.http_auth.breaker.failures": "1000000",
        }
        return Service(context)

    def attempt(self, reason: int = 0, **settings: str) -> None:
        """A client with other settings."""
        self.reload(**{f"auth__http_auth__{key}": value for key, value in settings.items()})
        self.enter(V5, None, reason, username="bob", password="x")

    def test_authority(self) -> None:
        """The service has to prove who it is by it; if that is switched off, not"""
        self.attempt()
        self.assertEqual(len(self.service.take()), 1)
        with tempfile.TemporaryDirectory(prefix="nanomq-access-") as folder:
            other = json.dumps(Authority(Path(folder)).path("ca.pem"))
            self.attempt(UNAVAILABLE[V5], tls__cacertfile=other)
            self.assertEqual(self.service.take(), [])
            self.attempt(0, tls__cacertfile=other, tls__verify_peer="false")
        self.reload()

    def test_certificate_of_the_broker(self) -> None:
        """It shows one, if it has one, to a service that asks for it"""
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.addCleanup(setattr, self.context, "verify_mode", ssl.CERT_NONE)
        certificate, key = (json.dumps(self.authority.path(f"broker.{end}")) for end in ("pem", "key"))
        self.attempt(0, tls__certfile=certificate, tls__keyfile=key)
        self.attempt(UNAVAILABLE[V5], timeout="4s")
        self.reload()
