# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""TLS: versions, ciphers, certificates and shared keys, with OpenSSL, mosquitto and paho on the other side."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
from typing import ClassVar, Mapping, Optional

import packets
from access_case import ALICE, BAD_CREDENTIALS, EVERY_VERSION, TIMEOUT, AccessCase, allow, rules
from authority import PASSWORD, Authority
from broker import HOST, free_port
from packets import V5
from test_paho import VERSIONS, PahoClient
from wire import Client, Closed

CIPHER = "ECDHE-ECDSA-AES256-GCM-SHA384"
OTHER_CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"
IDENTITY, SHARED_KEY = "gauge-1", "00112233445566778899aabbccddeeff"
SUBJECT = "/C=DE/O=Müller, Söhne/CN=gauge 7"


class TLSCase(AccessCase):
    """A broker with a TLS listener for each name in `listeners`, which has keys beside the server's certificate."""

    authority: ClassVar[Authority]
    other: ClassVar[Authority]
    ports: ClassVar[dict[str, int]]

    @classmethod
    def setUpClass(cls) -> None:
        missing = [tool for tool in ("openssl", "mosquitto_pub") if shutil.which(tool) is None]
        if missing:
            raise RuntimeError(f"{' and '.join(missing)} not found: install openssl and mosquitto-clients")
        super().setUpClass()

    @classmethod
    def listeners(cls) -> Mapping[str, Mapping[str, str]]:
        """The keys of each listener."""
        raise NotImplementedError

    @classmethod
    def file(cls, name: str) -> str:
        """The path of one of the authority's files, in HOCON."""
        return json.dumps(cls.authority.path(name))

    @classmethod
    def configure(cls) -> Mapping[str, str]:
        cls.authority, cls.other = Authority(cls.folder), Authority(cls.folder, "other")
        cls.authority.issue("server")
        cls.authority.issue("client")
        cls.other.issue("stranger")
        settings: dict[str, str] = {}
        cls.ports = {}
        for name, keys in cls.listeners().items():
            cls.ports[name] = free_port()
            own = {"certfile": cls.file("server.pem"), "keyfile": cls.file("server.key")}
            own |= {"bind": f'"{HOST}:{cls.ports[name]}"', **keys}
            settings |= {f"listeners.ssl.{name}.{key}": value for key, value in own.items() if value}
        settings["auth.acl.rules"] = rules(allow("u/${username}"), allow("c/#"))
        return {**settings, "auth.no_match": "deny"}

    def context(self, certificate: Optional[str] = None, authority: str = "ca.pem") -> ssl.SSLContext:
        """What a client goes by."""
        context = ssl.create_default_context(cafile=self.authority.path(authority))
        if certificate is not None:
            path = self.authority.path(certificate)
            context.load_cert_chain(f"{path}.pem", f"{path}.key")
        return context

    def secure(self, listener: str, certificate: Optional[str] = None, version: int = V5, **fields: object) -> Client:
        """A client that is let in."""
        address = (HOST, self.ports[listener])
        return self.enter(version, address=address, tls=self.context(certificate), **fields)

    def assert_no_tls(self, listener: str, context: ssl.SSLContext) -> None:
        """The listener does not come to terms with such a client, or not before it could send anything."""
        with self.assertRaises((ssl.SSLError, ConnectionResetError, Closed)):
            client = self.open(V5, (HOST, self.ports[listener]), tls=context)
            client.socket.sendall(packets.connect(self.unique()))
            client.receive()

    def s_client(self, listener: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What OpenSSL's own client makes of it."""
        command = ["openssl", "s_client", "-connect", f"{HOST}:{self.ports[listener]}", *arguments]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )


class Encryption(TLSCase):
    """Versions and ciphers."""

    @classmethod
    def listeners(cls) -> Mapping[str, Mapping[str, str]]:
        return {
            "both": {},
            "old": {"tls_version_max": "1.2"},
            "new": {"tls_version_min": "1.3"},
            "cipher": {"tls_version_max": "1.2", "ciphers": f'"{CIPHER}"'},
            "short": {"handshake_timeout": "500ms"},
        }

    def test_versions(self) -> None:
        """1.2 and 1.3 as configured, and nothing before"""
        for listener, allowed in (("both", "1.2 1.3"), ("old", "1.2"), ("new", "1.3")):
            for version in ("1.2", "1.3"):
                with self.subTest(listener=listener, version=version):
                    context = self.context()
                    number = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
                    context.minimum_version = context.maximum_version = number
                    if version in allowed:
                        client = self.enter(address=(HOST, self.ports[listener]), tls=context)
                        self.assertEqual(client.socket.version(), f"TLSv{version}")
                    else:
                        self.assert_no_tls(listener, context)
            for version in ("-tls1", "-tls1_1"):
                done = self.s_client(listener, version, "-cipher", "ALL:@SECLEVEL=0")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("alert protocol version", done.stderr)
            version = "-tls1_2" if "1.2" in allowed else "-tls1_3"
            good = self.s_client(listener, version, "-CAfile", self.authority.path("ca.pem"))
            self.assertIn("Verify return code: 0", good.stdout)

    def test_ciphers(self) -> None:
        """Only those that are configured"""
        for cipher in (CIPHER, OTHER_CIPHER):
            context = self.context()
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(cipher)
            self.enter(address=(HOST, self.ports["both"]), tls=context)
            if cipher == CIPHER:
                client = self.enter(address=(HOST, self.ports["cipher"]), tls=context)
                self.assertEqual(client.socket.cipher()[0], CIPHER)
            else:
                self.assert_no_tls("cipher", context)

    def test_weak_ciphers(self) -> None:
        """Those without forward secrecy are not offered by default"""
        for cipher in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-DES-CBC3-SHA", "NULL"):
            done = self.s_client("both", "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
            self.assertNotEqual(done.returncode, 0, cipher)

    def test_alpn(self) -> None:
        """mqtt is agreed upon; who offers nothing, or something else, is served"""
        for offer, agreed in ((["mqtt"], "mqtt"), (["http/1.1", "mqtt"], "mqtt"), (["h2"], None), ([], None)):
            context = self.context()
            if offer:
                context.set_alpn_protocols(offer)
            client = self.enter(address=(HOST, self.ports["both"]), tls=context)
            self.assertEqual(client.socket.selected_alpn_protocol(), agreed)

    def test_no_tls(self) -> None:
        """MQTT without TLS, and other bytes, end the connection; one that is silent is closed in time"""
        for data in (packets.connect("plain"), b"GET / HTTP/1.1\r\n\r\n", bytes(5000), b"\x16\x03\x01\xff\xff"):
            client = self.open(V5, (HOST, self.ports["short"]))
            client.send(data)
            client.socket.settimeout(5)
            try:
                while client.socket.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        self.open(V5, (HOST, self.ports["short"])).expect_closed(timeout=5)
        self.secure("short").fence()

    def test_large_packets(self) -> None:
        """A megabyte both ways"""
        client, payload = self.secure("both"), bytes(range(256)) * 4096
        client.subscribe("c/large", options=1)
        client.send_publish("c/large", payload, qos=1)
        message = client.expect_any(packets.Type.PUBLISH)
        while message.type != packets.Type.PUBLISH:
            message = client.receive()
        self.assertEqual(message.payload, payload)

    @EVERY_VERSION
    def test_last_word(self, version: int) -> None:
        """A refusal is read before the end"""
        self.reload(auth__password="{ alice = secret }")
        self.addCleanup(self.reload)
        wrong = {"username": "alice", "password": "wrong"}
        self.secure("both", None, version, expect_reason=BAD_CREDENTIALS[version], **wrong)
        self.secure("both", None, version, **ALICE)

    def test_changed_certificate(self) -> None:
        """A reload takes a new one for new connections, and who is there stays"""
        there = self.secure("both")
        before = there.socket.getpeercert(True)
        self.authority.issue("server")
        self.reload()
        after = self.secure("both").socket.getpeercert(True)
        self.assertNotEqual(before, after)
        there.expect_nothing()

    def test_changed_for_the_worse(self) -> None:
        """A certificate that cannot be used is told, and the one before stays"""
        file = self.folder / "server.pem"
        good = file.read_text()
        file.write_text("nothing")
        try:
            done = self.nanomq("reload")
            self.assertIn("server.pem", done.stdout + done.stderr)
            self.secure("both")
        finally:
            file.write_text(good)
            self.reload()


class Certificates(TLSCase):
    """Clients' certificates, and the names in them."""

    @classmethod
    def listeners(cls) -> Mapping[str, Mapping[str, str]]:
        cls.authority.issue("revoked")
        cls.authority.issue("named", SUBJECT)
        cls.authority.issue("nameless", "/O=Tests")
        cls.authority.issue("hostile", "/CN=#")
        folder = cls.folder / "authorities"
        folder.mkdir()
        for authority in ("ca.pem", "other.pem"):
            shutil.copy(cls.authority.path(authority), folder)
        trust = {"cacertfile": cls.file("ca.pem"), "verify_peer": "true"}
        required = {**trust, "fail_if_no_peer_cert": "true"}
        return {
            "none": {},
            "optional": trust,
            "required": required,
            "crl": {**required, "crlfile": json.dumps(cls.authority.revoke("revoked"))},
            "cn": {**required, "identity_as_username": "cn"},
            "subject": {**required, "identity_as_username": "subject"},
            "folder": {**required, "cacertfile": "", "cacertdir": json.dumps(str(folder))},
            "maybe": {**trust, "identity_as_username": "cn"},
        }

    def test_who_is_let_in(self) -> None:
        """None is asked for, one may be shown, one has to be shown; what is shown has to be ours"""
        for listener, without in (("none", True), ("optional", True), ("required", False)):
            with self.subTest(listener):
                if without:
                    self.secure(listener).fence()
                else:
                    self.assert_no_tls(listener, self.context())
                self.secure(listener, "client").fence()
                if listener == "none":
                    self.secure(listener, "stranger").fence()
                else:
                    self.assert_no_tls(listener, self.context("stranger"))

    def test_folder(self) -> None:
        """Authorities in files of a folder"""
        for certificate in ("client", "stranger"):
            self.secure("folder", certificate).fence()
        third = Authority(self.folder, "third")
        third.issue("unknown")
        for certificate in (None, "unknown"):
            self.assert_no_tls("folder", self.context(certificate))

    def test_old_version(self) -> None:
        """The same with TLS 1.2, where the refusal comes within the handshake"""
        for certificate, good in ((None, False), ("client", True), ("stranger", False)):
            context = self.context(certificate)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            if good:
                self.enter(address=(HOST, self.ports["required"]), tls=context)
            else:
                self.assert_no_tls("required", context)

    def test_wrong_authority_of_the_server(self) -> None:
        """A client that does not know ours leaves"""
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.open(V5, (HOST, self.ports["none"]), tls=self.context(authority="other.pem"))

    def test_revoked(self) -> None:
        """One of the list is refused; one that is put on it, after the reload, in resumed sessions too"""
        self.secure("crl", "client").fence()
        self.assert_no_tls("crl", self.context("revoked"))
        self.secure("required", "revoked").fence()
        self.authority.issue("late")
        self.secure("crl", "late")
        self.authority.revoke("late")
        self.reload()
        self.assert_no_tls("crl", self.context("late"))
        self.secure("crl", "client").fence()

    def test_names(self) -> None:
        """The common name, or the subject, is the user name, whatever CONNECT says"""
        self.assert_rights(self.secure("cn", "client"), {"u/client": "ps", "u/named": ""})
        claimed = self.secure("cn", "client", username="named", password="x")
        self.assert_rights(claimed, {"u/client": "ps", "u/named": ""})
        self.assert_rights(self.secure("cn", "named"), {"u/gauge 7": "ps", "u/client": ""})
        subject = "CN=gauge 7,O=Müller\\, Söhne,C=DE"
        self.assert_rights(self.secure("subject", "named"), {f"u/{subject}": "ps", "u/gauge 7": ""})
        self.assert_rights(self.secure("required", "client"), {"u/client": "", "c/x": "ps"})
        self.assert_rights(self.secure("cn", "hostile"), {"u/#": "", "u/x": "", "c/x": "ps"})

    def test_without_a_name(self) -> None:
        """A certificate that has none is refused; a client without one has the name that it gives"""
        self.assert_no_tls("cn", self.context("nameless"))
        self.secure("subject", "nameless")
        self.assert_rights(self.secure("maybe", username="bob"), {"u/bob": "ps"})
        self.assert_rights(self.secure("maybe", "client", username="bob"), {"u/client": "ps", "u/bob": ""})

    def test_names_and_passwords(self) -> None:
        """A name that is proved needs no password, and a list of users does not stand against it"""
        self.reload(auth__password="{ alice = secret }", auth__allow_anonymous="false")
        self.addCleanup(self.reload)
        self.assert_rights(self.secure("cn", "client"), {"u/client": "ps"})
        self.secure("cn", "client", username="alice", password="wrong")
        self.secure("required", "client", expect_reason=0x87)
        self.secure("maybe", expect_reason=0x86, username="client")

    def test_mosquitto(self) -> None:
        """mosquitto_pub with a certificate, and with none"""
        watcher = self.secure("required", "client")
        watcher.subscribe("c/mosquitto")
        for protocol in ("mqttv31", "mqttv311", "mqttv5"):
            command = ["mosquitto_pub", "-h", HOST, "-p", str(self.ports["required"]), "-V", protocol]
            command += ["--cafile", self.authority.path("ca.pem"), "-t", "c/mosquitto", "-m", protocol, "-q", "1"]
            own = ["--cert", self.authority.path("client.pem"), "--key", self.authority.path("client.key")]
            done = subprocess.run([*command, *own], capture_output=True, timeout=TIMEOUT)
            self.assertEqual(done.returncode, 0, done.stderr)
            watcher.expect_message(protocol)
            self.assertNotEqual(subprocess.run(command, capture_output=True, timeout=TIMEOUT).returncode, 0)


class SharedKeys(TLSCase):
    """Pre-shared keys."""

    @classmethod
    def listeners(cls) -> Mapping[str, Mapping[str, str]]:
        keys = cls.write("keys", f"# keys\n{IDENTITY}:{SHARED_KEY}\nother:0123456789abcdef\n")
        alone = {"certfile": "", "keyfile": "", "psk_file": keys, "psk_hint": '"which one?"'}
        return {"keys": {**alone, "identity_as_username": "cn"}, "both": {"psk_file": keys}}

    def test_mosquitto(self) -> None:
        """The right key of the right identity, which is the user name"""
        port = str(self.ports["keys"])
        watcher = self.enter(username=IDENTITY)
        watcher.subscribe(f"u/{IDENTITY}")
        command = ["mosquitto_pub", "-h", HOST, "-p", port, "--tls-version", "tlsv1.2", "-q", "1", "-V", "mqttv5"]
        for identity, key, good in (
            (IDENTITY, SHARED_KEY, True),
            (IDENTITY, SHARED_KEY.upper(), True),
            (IDENTITY, "0123456789abcdef", False),
            ("nobody", SHARED_KEY, False),
            ("", SHARED_KEY, False),
        ):
            with self.subTest(identity=identity, key=key):
                own = ["--psk-identity", identity, "--psk", key, "-t", f"u/{IDENTITY}", "-m", key]
                done = subprocess.run([*command, *own], capture_output=True, timeout=TIMEOUT)
                self.assertEqual(done.returncode == 0, good, done.stderr)
                if good:
                    watcher.expect_message(key)
        watcher.expect_nothing()

    def test_openssl(self) -> None:
        """OpenSSL's own client agrees, and a wrong key is told from a right one"""
        for key, good in ((SHARED_KEY, True), ("ffff", False)):
            arguments = ["-psk_identity", IDENTITY, "-psk", key, "-tls1_2"]
            for listener in ("keys", "both"):
                done = self.s_client(listener, *arguments, "-cipher", "PSK")
                self.assertEqual("PSK identity hint" in done.stdout and done.returncode == 0, good, done.stdout)

    def test_beside_a_certificate(self) -> None:
        """A listener that has both serves both"""
        client = self.secure("both")
        self.assertEqual(client.socket.version(), "TLSv1.2")
        self.assert_no_tls_without_keys()

    def assert_no_tls_without_keys(self) -> None:
        """A listener with keys alone has nothing for a client that has none."""
        self.assert_no_tls("keys", self.context())


class OverIPv6(TLSCase):
    """`[::1]`, with an encrypted key."""

    @classmethod
    def listeners(cls) -> Mapping[str, Mapping[str, str]]:
        cls.authority.encrypt("server")
        with socket.socket(socket.AF_INET6) as free:
            free.bind(("::1", 0))
            cls.six = free.getsockname()[1]
        key = json.dumps(PASSWORD)
        return {"six": {"bind": f'"[::1]:{cls.six}"', "key_password": key}, "four": {"key_password": key}}

    def test_both(self) -> None:
        """Served, and in the log"""
        for address in (("::1", self.six), (HOST, self.ports["four"])):
            self.enter(client_id=f"at {address[0]}", address=address, tls=self.context()).fence()
        self.wait_for_log("connected", 'client="at ::1"', "peer=[::1]:", "listener=ssl:six")

    def test_paho(self) -> None:
        """paho over TLS"""
        for name, version in VERSIONS.items():
            with self.subTest(name):
                client = PahoClient(
                    ("localhost", self.ports["four"]), version, self.unique(), authority=self.authority.path("ca.pem")
                )
                self.addCleanup(client.disconnect)
                self.assertEqual(client.subscribe("c/paho", 2), [2])
                client.publish("c/paho", b"x", 2)
                self.assertEqual(client.message().payload, b"x")


class Faults(TLSCase):
    """What is wrong at start is told, and never what is in a key."""

    @classmethod
    def listeners(cls) -> Mapping[str, Mapping[str, str]]:
        cls.authority.issue("locked")
        cls.authority.encrypt("locked")
        return {}

    def expect_fault(self, *parts: str, **changed: str) -> None:
        """No start with such a listener."""
        keys = {"certfile": self.file("server.pem"), "keyfile": self.file("server.key")}
        keys |= {"bind": f'"{HOST}:{free_port()}"', **changed}
        said = self.expect_no_start({f"listeners.ssl.{key}": value for key, value in keys.items() if value}, *parts)
        for secret in ("hunter2", PASSWORD, "PRIVATE"):
            self.assertNotIn(secret, said)

    def test_files(self) -> None:
        """Each with its name"""
        broken = self.write("broken.pem", "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n")
        trust = {"verify_peer": "true", "cacertfile": self.file("ca.pem")}
        self.expect_fault("/nowhere.pem", certfile='"/nowhere.pem"')
        self.expect_fault("/nowhere.key", keyfile='"/nowhere.key"')
        self.expect_fault("broken.pem", certfile=broken)
        self.expect_fault("server.pem", keyfile=self.file("server.pem"))
        self.expect_fault("client.key", keyfile=self.file("client.key"))
        self.expect_fault("locked.key", certfile=self.file("locked.pem"), keyfile=self.file("locked.key"))
        wrong = {"certfile": self.file("locked.pem"), "keyfile": self.file("locked.key"), "key_password": '"hunter2"'}
        self.expect_fault("locked.key", **wrong)
        self.expect_fault("broken.pem", verify_peer="true", cacertfile=broken)
        self.expect_fault("broken.pem", **trust, crlfile=broken)
        keys = self.write("broken.keys", "device:xyz-hunter2\n")
        self.expect_fault("broken.keys:1", psk_file=keys)
        foreign = json.dumps(self.other.revoke())
        self.expect_fault("other.crl", **trust, crlfile=foreign)

    def test_contradictions(self) -> None:
        """What would leave open what looks closed"""
        self.expect_fault("fail_if_no_peer_cert", fail_if_no_peer_cert="true")
        self.expect_fault("crlfile", crlfile=self.file("ca.crl"))
        self.expect_fault("verify_peer", verify_peer="true")
        self.expect_fault("tls_version_m", tls_version_min="1.3", tls_version_max="1.2")
        self.expect_fault("tls_version_min", tls_version_min="1.1")
        self.expect_fault("unknown cipher NO-SUCH-CIPHER", ciphers='"NO-SUCH-CIPHER"')
        self.expect_fault("keyfile", keyfile="")
