"""A target whose paths show what a tunnel has to carry. Standard library only."""

import base64
import hashlib
import http.server
import socketserver
import threading

GO = threading.Semaphore(0)
LEFT = threading.Semaphore(0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/hello":
            self.answer(b"hello\n")
        elif path == "/seen":
            # The request line and every field, as they arrived.
            self.answer((self.requestline + "\n" + str(self.headers)).encode("latin-1"))
        elif path == "/events":
            self.events()
        elif path == "/next":
            # Lets /events write one more event.
            GO.release()
            self.answer(b"")
        elif path == "/wait":
            self.wait()
        elif path == "/endless":
            self.endless()
        elif path == "/left":
            # Answers once the visitor of /wait or /endless has left.
            LEFT.acquire()
            self.answer(b"the visitor left\n")
        elif path == "/trailers":
            self.trailers()
        elif path == "/until-close":
            self.until_close()
        elif path == "/echo":
            self.web_socket()
        else:
            self.answer(b"no such page\n", 404)

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "123456")
        self.end_headers()

    def do_POST(self):
        body = self.body()
        self.answer(body)

    def do_PUT(self):
        # A digest of the body and its trailers, one a line.
        body = self.body()
        lines = [str(len(body)), hashlib.sha256(body).hexdigest()] + self.received_trailers
        self.answer("\n".join(lines).encode("latin-1"))

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        self.received_trailers = []
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            if size == 0:
                break
            body += self.rfile.read(size)
            self.rfile.readline()
        line = self.rfile.readline().decode("latin-1").strip()
        while line:
            self.received_trailers.append(line)
            line = self.rfile.readline().decode("latin-1").strip()
        return body

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def begin_chunked(self, content_type, **fields):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()

    def events(self):
        """Server-sent events, each only when it was asked for: a proxy that waits for more never passes one on."""
        self.begin_chunked("text/event-stream")
        for number in range(1, 4):
            GO.acquire()
            self.chunk(b"data: %d\n\n" % number)
        self.chunk(b"")

    def wait(self):
        """Begins an answer and goes on with it never: only the other side can end this."""
        self.begin_chunked("text/plain")
        self.chunk(b"waiting\n")
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True
        LEFT.release()

    def endless(self):
        """Writes for as long as somebody takes it."""
        self.begin_chunked("application/octet-stream")
        try:
            while True:
                self.chunk(b"x" * 65536)
        except OSError:
            pass
        self.close_connection = True
        LEFT.release()

    def trailers(self):
        self.begin_chunked("text/plain", Trailer="X-Digest")
        self.chunk(b"body")
        self.wfile.write(b"0\r\nX-Digest: of-the-body\r\n\r\n")

    def until_close(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 100000)
        self.close_connection = True

    def web_socket(self):
        """RFC 6455: the handshake, then each frame back as it came, without its mask, until a close frame."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while True:
            first, second = self.rfile.read(2)
            length = second & 127
            if length == 126:
                length = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(length)))
            size = bytes([length]) if length < 126 else b"\x7e" + length.to_bytes(2, "big")
            self.wfile.write(bytes([first]) + size + data)
            if first & 15 == 8:
                return

    def log_message(self, *arguments):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


with Server(("127.0.0.1", 0), Handler) as server:
    print("serving on 127.0.0.1 port %d" % server.server_address[1], flush=True)
    server.serve_forever()
