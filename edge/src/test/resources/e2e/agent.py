"""An agent in another language, written from docs/protocol.md alone: the sections named below are that page's.

    python3 agent.py --edge HOST:PORT --target HOST:PORT [--name NAME] [--kind http|tcp]

Over plain TCP, for one tunnel. It prints the tunnel's URL each time that it has it, what edges say at a lane's end, and why it stops.
"""

import argparse
import asyncio
import json
import secrets
import signal
import socket
import struct
import sys

HELLO, WELCOME, BIND, BOUND, UNBIND, OPEN, DATA, FIN, RESET, CREDIT, EVENT, PING, PONG, GOAWAY = range(1, 15)
DONE, NOT_HELD, DRAINING, TARGET_REFUSED, TARGET_FAILED, CANCELLED, PROTOCOL_ERROR, LANE_LOST = range(8)
SILENT, UNAUTHORIZED, VERSION_MISMATCH, CLOSED = 8, 10, 11, 14
KINDS = {"http": 1, "tcp": 2}
WINDOW = 256 * 1024  # what the edge may send on a new stream (HELLO)
MOST = 64 * 1024  # bytes of a payload (Frames)
PING_SECONDS = 5  # Alive
LATER_SECONDS = 5
SILENT_SECONDS = 12.5


class Malformed(Exception):
    """The edge broke the rules: the lane ends (Frames)."""


def text(payload):
    return payload.decode("utf-8", "replace")


class Stream:
    """One visitor's conversation, joined to a connection of its own to the target."""

    def __init__(self, lane, number, credit):
        self.lane, self.number = lane, number
        self.credit, self.more_credit = credit, asyncio.Event()  # what may be sent to the edge (Windows)
        self.window, self.owed = WINDOW, 0  # what the edge may send yet, and what was consumed and not credited
        self.delivered = 0  # of the visitor's bytes, to the target (Ends)
        self.arrived = asyncio.Queue()  # bounded by the window
        self.finished_here = self.finished_there = False
        self.takes = True
        self.writer = None
        self.task = asyncio.create_task(self.run())

    async def run(self):
        host, port = self.lane.agent.target
        try:
            reader, self.writer = await asyncio.open_connection(host, port)
        except OSError as e:
            self.reset(TARGET_REFUSED, f"{host}:{port} cannot be reached: {e.strerror or e}")
            return
        self.writer.transport.set_write_buffer_limits(high=0)  # so that drain() means: the socket has it
        back = asyncio.create_task(self.to_visitor(reader))
        try:
            await asyncio.gather(self.to_target(), back)
            self.writer.close()
        except OSError as e:
            self.reset(TARGET_FAILED, f"the target's connection broke: {e.strerror or e}")
        finally:
            back.cancel()

    async def to_target(self):
        while (piece := await self.arrived.get()) is not None:
            if self.takes:
                try:
                    self.writer.write(piece)
                    await self.writer.drain()
                    self.delivered += len(piece)
                except OSError:
                    self.takes = False  # It may have answered and closed: what it has said is read to its end.
            self.owed += len(piece)
            if self.owed >= WINDOW // 2:  # half a window at a time (Windows)
                self.lane.send(CREDIT, self.number, struct.pack(">I", self.owed))
                self.window += self.owed
                self.owed = 0
        if self.takes:
            self.writer.write_eof()

    async def to_visitor(self, reader):
        while piece := await reader.read(16 * 1024):
            while piece:
                while self.credit == 0:
                    self.more_credit.clear()
                    await self.more_credit.wait()
                now, piece = piece[: self.credit], piece[self.credit :]
                self.credit -= len(now)
                self.lane.send(DATA, self.number, now)
                await self.lane.writer.drain()
        if not self.takes:
            raise OSError("it took no more")  # Nobody knows whether that was all (Ends).
        self.lane.send(FIN, self.number, struct.pack(">Q", self.delivered))
        self.finished_here = True
        self.end_if_over()

    # What the edge says.

    def on_data(self, payload):
        if len(payload) > self.window:
            raise Malformed(f"stream {self.number} has more than its window")
        self.window -= len(payload)
        self.arrived.put_nowait(payload)

    def on_fin(self):
        self.finished_there = True
        self.arrived.put_nowait(None)
        self.end_if_over()

    def on_credit(self, size):
        self.credit += size
        self.more_credit.set()

    def end_if_over(self):
        if self.finished_here and self.finished_there:
            self.lane.forget(self)

    def reset(self, reason, detail):
        if self.lane.streams.get(self.number) is self:
            self.lane.send(RESET, self.number, struct.pack(">BQ", reason, self.delivered) + detail.encode()[:512])
        self.drop()

    def drop(self):
        """At once, and so that the target sees no clean end."""
        self.lane.forget(self)
        if self.writer:
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        self.task.cancel()


class Lane:
    """One connection to an edge."""

    def __init__(self, agent):
        self.agent = agent
        self.streams = {}
        self.last_stream = 0
        self.id = None
        self.bound = False
        self.followed = False  # by another lane, where the edge drains
        self.empty = asyncio.Event()
        self.empty.set()

    def send(self, kind, stream, payload=b""):
        self.writer.write(len(payload).to_bytes(3, "big") + struct.pack(">BI", kind, stream) + payload)

    def say(self, frame, /, **fields):
        self.send(frame, 0, json.dumps(fields).encode())

    def forget(self, stream):
        self.streams.pop(stream.number, None)
        if not self.streams:
            self.empty.set()

    async def run(self):
        """Until the lane ends; whatever ends it, its streams end with it."""
        self.reader, self.writer = await asyncio.open_connection(*self.agent.edge)
        pings = None
        try:
            self.say(
                HELLO,
                versions=[1],
                software="agent.py",
                instance=self.agent.instance,
                lanes=[lane.id for lane in self.agent.lanes if lane.id],
                secret=self.agent.secret,
                window=WINDOW,
            )
            while True:
                head = await asyncio.wait_for(self.reader.readexactly(8), SILENT_SECONDS)
                size, (kind, number) = int.from_bytes(head[:3], "big"), struct.unpack(">BI", head[3:])
                if size > MOST or number >= 1 << 31:
                    raise Malformed(f"a frame of {size} bytes for stream {number}")
                self.on_frame(kind, number, await asyncio.wait_for(self.reader.readexactly(size), SILENT_SECONDS))
                if self.id and not pings:  # Nothing goes out between HELLO and WELCOME (Handshake).
                    pings = asyncio.create_task(self.ping())
        except (Malformed, struct.error, ValueError, KeyError) as e:
            self.go_away(PROTOCOL_ERROR, str(e))
            raise Malformed(str(e)) from e
        except asyncio.TimeoutError:
            self.go_away(SILENT, "nothing was heard")
        except (OSError, EOFError):
            pass
        finally:
            if pings:
                pings.cancel()
            for stream in list(self.streams.values()):
                stream.drop()
            self.writer.close()

    async def ping(self):
        while True:
            await asyncio.sleep(PING_SECONDS)
            self.send(PING, 0, struct.pack(">Q", 0))

    def go_away(self, reason, detail=""):
        """Says of each open stream how much of it was handed on (GOAWAY)."""
        open_ones = list(self.streams.values())[:4096]
        delivered = b"".join(struct.pack(">IQ", each.number, each.delivered) for each in open_ones)
        self.send(
            GOAWAY, 0, struct.pack(">BIH", reason, self.last_stream, len(open_ones)) + delivered + detail.encode()[:512]
        )

    def on_frame(self, kind, number, payload):
        if number:
            self.on_stream(kind, number, payload)
        elif kind == PING:
            self.send(PONG, 0, payload)
        elif kind == WELCOME:
            self.id = json.loads(payload)["lane"]
            self.say(BIND, **self.agent.bind)
        elif kind == BOUND:
            self.agent.on_bound(self, json.loads(payload))
        elif kind == UNBIND:
            gone = json.loads(payload)
            if gone["reason"] == "CLOSED":
                self.agent.stop(f"the name is gone: {gone.get('message')}")
            else:  # Its older owner has come back, and may leave again (UNBIND).
                asyncio.get_running_loop().call_later(LATER_SECONDS, lambda: self.say(BIND, **self.agent.bind))
        elif kind == GOAWAY:
            reason, _, count = struct.unpack_from(">BIH", payload)
            print(f"GOAWAY {reason} {text(payload[7 + 12 * count :])}", flush=True)
            if reason in (UNAUTHORIZED, VERSION_MISMATCH):
                self.agent.stop("nothing but a person helps", 1)
            if reason != DRAINING:
                raise EOFError  # The lane ends here.
            self.agent.open_another(self)
        elif kind not in (CREDIT, PONG, EVENT) and kind < 128:  # No stream of ours: its window is for nothing.
            raise Malformed(f"frame of type {kind} on the lane itself")

    def on_stream(self, kind, number, payload):
        stream = self.streams.get(number)
        if kind == OPEN:
            if number % 2 or number <= self.last_stream:
                raise Malformed(f"stream {number} after {self.last_stream}")
            self.last_stream = number
            self.open(number, payload)
        elif number > self.last_stream:
            raise Malformed(f"stream {number} was never opened")
        elif stream is None:
            pass  # It has just ended, and this crossed it.
        elif kind == DATA:
            stream.on_data(payload)
        elif kind == FIN:
            stream.on_fin()
        elif kind == CREDIT:
            stream.on_credit(*struct.unpack_from(">I", payload))
        elif kind == RESET:
            stream.drop()
        elif kind != EVENT and kind < 128:
            raise Malformed(f"frame of type {kind} on a stream")

    def open(self, number, payload):
        fields, at = {}, 0
        while at < len(payload):
            tag, size = struct.unpack_from(">BH", payload, at)
            fields[tag] = payload[at + 3 : at + 3 + size]
            if len(fields[tag]) < size:
                raise Malformed("OPEN ends within a field")
            at += 3 + size
        if text(fields[1]) != self.agent.key or fields.get(2, b"\1")[0] != KINDS[self.agent.bind["kind"]]:
            self.send(RESET, number, struct.pack(">BQ", NOT_HELD, 0))
            return
        self.empty.clear()
        self.streams[number] = Stream(self, number, *struct.unpack(">I", fields[4]))


class Agent:
    """One tunnel, and the lanes that it has: two for as long as an edge drains."""

    def __init__(self, options):
        self.edge, self.target = options.edge, options.target
        self.instance, self.secret = secrets.token_hex(16), secrets.token_urlsafe(32)
        self.bind = {"id": 1, "kind": options.kind, "target": "%s:%d" % options.target}
        if options.name:
            self.bind["name"] = options.name
        self.key = None
        self.lanes = []
        self.tasks = set()
        self.stopped = asyncio.Event()
        self.code = 0

    async def run(self):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, "asked to")
        self.keep_a_lane()
        await self.stopped.wait()
        for lane in [each for each in self.lanes if each.bound]:
            lane.say(UNBIND, id=1, reason="CLOSED", message="the agent is stopping")
            lane.go_away(DRAINING)
        waits = [asyncio.create_task(lane.empty.wait()) for lane in self.lanes]
        if waits:
            await asyncio.wait(waits, timeout=1)  # for what is under way (GOAWAY)
        for lane in [each for each in self.lanes if each.bound]:
            lane.go_away(CLOSED)
            lane.writer.write_eof()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=1)  # What was sent last could be lost if it were closed at once (GOAWAY).
        return self.code

    def keep_a_lane(self):
        task = asyncio.create_task(self.keep())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def keep(self):
        wait = 0.2
        while not self.stopped.is_set():
            lane = Lane(self)
            self.lanes.append(lane)
            try:
                await lane.run()
            except (OSError, Malformed) as e:
                print(f"lane: {e}", flush=True)
            self.lanes.remove(lane)
            if lane.followed or self.stopped.is_set():
                return
            wait = 0.2 if lane.bound else min(wait * 2, 10)
            await asyncio.sleep(wait)

    def open_another(self, lane):
        if not lane.followed:
            lane.followed = True
            self.keep_a_lane()

    def on_bound(self, lane, bound):
        if "refused" in bound:
            self.stop(f"{bound['refused']}: {bound['message']}", 1)
            return
        lane.bound = True
        self.key = bound["tunnel"]
        # The same name next time, and the proof that it is ours.
        self.bind["port" if self.bind["kind"] == "tcp" else "name"] = (
            int(bound["name"]) if self.bind["kind"] == "tcp" else bound["name"]
        )
        if "ticket" in bound:
            self.bind["ticket"] = bound["ticket"]
        print(f"online {bound['url']}", flush=True)

    def stop(self, why, code=0):
        print(f"stopping: {why}", flush=True)
        self.code = code
        self.stopped.set()



def address(value):
    host, _, port = value.rpartition(":")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--edge", type=address, required=True)
    parser.add_argument("--target", type=address, required=True)
    parser.add_argument("--name")
    parser.add_argument("--kind", choices=KINDS, default="http")
    options = parser.parse_args()

    async def run():
        return await Agent(options).run()

    sys.exit(asyncio.run(run()))


if __name__ == "__main__":
    main()
