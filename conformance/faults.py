"""A proxy between a client and the server that fails some of the requests."""

import collections
import http.client
import http.server
import random
import socket
import ssl
import threading
import urllib.parse

PIECE = 64 * 1024
# Sent anew by each side of a proxy (RFC 9110 7.6.1).
OF_THE_CONNECTION = {"connection", "host", "keep-alive", "transfer-encoding"}


class Faults:
    """Forwards http to the server's https. Of the puts of blocks, by a seeded chance:

    refused   answered 503 or 500 and not forwarded
    cut       the connection is cut in the middle of the body
    unheard   forwarded whole, and the connection cut in place of the answer

    The answer to the first list of blocks is lost in any case.
    """

    def __init__(self, target, ca, chance, seed=7):
        self.target = urllib.parse.urlsplit(target)
        self.context = ssl.create_default_context(cafile=ca)
        self.chance, self.random, self.lock = chance, random.Random(seed), threading.Lock()
        self.seen = collections.Counter()

    def __enter__(self):
        faults = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_PUT(self):
                faults.put(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def link(self, url):
        """The same link by way of the proxy."""
        parts = urllib.parse.urlsplit(url)
        return parts._replace(scheme="http",
                              netloc=f"127.0.0.1:{self.server.server_port}").geturl()

    def fault(self, path):
        with self.lock:
            if "comp=blocklist" in path:
                self.seen["lists"] += 1
                return "unheard" if self.seen["lists"] == 1 else None
            self.seen["blocks"] += 1
            dice = self.random.random()
            kinds = ["refused", "cut", "unheard"]
            kind = kinds[int(dice / self.chance * 3)] if dice < self.chance else None
            if kind:
                self.seen[kind] += 1
            return kind

    def put(self, request):
        length = int(request.headers["Content-Length"])
        fault = self.fault(request.path)
        if fault == "refused":
            for _ in pieces(request.rfile, length):
                pass
            request.send_response(self.random.choice([500, 503]))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        upstream = http.client.HTTPSConnection(self.target.hostname, self.target.port,
                                               context=self.context, timeout=60)
        upstream.putrequest("PUT", request.path, skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name.lower() not in OF_THE_CONNECTION:
                upstream.putheader(name, value)
        upstream.endheaders()
        kept = length // 2 if fault == "cut" else length
        for piece in pieces(request.rfile, kept):
            upstream.send(piece)
        if fault == "cut":
            upstream.close()
            return hang_up(request)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        if fault == "unheard":
            return hang_up(request)
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in OF_THE_CONNECTION | {"content-length"}:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


def pieces(source, length):
    while length:
        piece = source.read(min(PIECE, length))
        if not piece:
            return
        length -= len(piece)
        yield piece


def hang_up(request):
    request.close_connection = True
    try:
        request.connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
