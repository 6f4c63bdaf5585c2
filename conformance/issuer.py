"""Another OpenID Connect issuer on this machine, whose tokens an application may trust."""

import base64
import datetime
import http.server
import json
import pathlib
import ssl
import tempfile
import threading
import time
import uuid

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUDIENCE = "api://AzureADTokenExchange"


class Issuer:
    """Serves its metadata and keys over https until the end of the block. It signs by
    ES256, as Kubernetes and others may."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"kty": "EC", "use": "sig", "kid": "one", "crv": "P-256",
                    "x": base64url(numbers.x), "y": base64url(numbers.y)}
        self.ca = str(pathlib.Path(self.directory.name, "ca.pem"))
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.url = f"https://localhost:{self.http.server_port}"
        self.http.socket = self.tls().wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.directory.cleanup()

    def tls(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.timezone.utc)
        made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=30))
                .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
                .sign(key, hashes.SHA256()))
        certificate = made.public_bytes(serialization.Encoding.PEM)
        pathlib.Path(self.ca).write_bytes(certificate)
        both = pathlib.Path(self.directory.name, "both.pem")
        both.write_bytes(certificate + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context

    def token(self, subject, **changes):
        now = int(time.time())
        claims = {"iss": self.url, "sub": subject, "aud": AUDIENCE, "iat": now, "nbf": now,
                  "exp": now + 600, "jti": str(uuid.uuid4()), **changes}
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "one"})

    def token_file(self, subject, **changes):
        """The token in a file, as a cluster mounts it into a workload."""
        path = pathlib.Path(self.directory.name, f"token-{uuid.uuid4()}")
        path.write_text(self.token(subject, **changes))
        return str(path)


def handler(issuer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            documents = {
                "/.well-known/openid-configuration": {
                    "issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"},
                "/keys": {"keys": [issuer.jwk]},
            }
            document = documents.get(self.path)
            body = json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass
    return Handler


def base64url(number):
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
