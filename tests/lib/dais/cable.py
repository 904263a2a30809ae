# SPDX-License-Identifier: MIT
"""A network that can fail: a TCP port in front of a server, to be cut, and to lose what comes back."""
import selectors
import socket
import threading

from .server import LOCALHOST

CHUNK = 1 << 16


class Cable:
    """Passes bytes on between `port` and the server's.

    cut() ends all connections and refuses new ones; mend() takes them again; lose_answers() still
    carries what clients send, and nothing to them.
    """

    def __init__(self, server):
        self.target = (LOCALHOST, server.port)
        self.listener = socket.create_server((LOCALHOST, 0))
        self.port = self.listener.getsockname()[1]
        self.whole = True
        self.answers = True
        self.pairs = {}  # socket → the other one
        self.inward = set()  # sockets to the server
        self.orders = []
        self.wake_in, self.wake_out = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        for watched in (self.listener, self.wake_in):
            self.selector.register(watched, selectors.EVENT_READ)
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://{LOCALHOST}:{self.port}"

    # -- what tests do ------------------------------------------------------------------------

    def cut(self):
        self._order(self._cut)

    def mend(self):
        self._order(self._mend)

    def lose_answers(self):
        self._order(self._lose)

    def close(self):
        self._order(self._stop)
        self.thread.join()

    def _order(self, act):
        """Has the thread do something, and waits until it is done."""
        done = threading.Event()
        self.orders.append((act, done))
        self.wake_out.send(b"!")
        assert done.wait(10)

    # -- on the thread ------------------------------------------------------------------------

    def _run(self):
        while self.running:
            for key, _ in self.selector.select():
                self._ready(key.fileobj)
        for one in (self.listener, self.wake_in, self.wake_out):
            one.close()
        self.selector.close()

    def _ready(self, one):
        if one is self.listener:
            self._accept()
        elif one is self.wake_in:
            self.wake_in.recv(CHUNK)
            while self.orders:
                act, done = self.orders.pop(0)
                act()
                done.set()
        elif one in self.pairs:
            self._pass_on(one)

    def _accept(self):
        client = self.listener.accept()[0]
        try:
            server = socket.create_connection(self.target) if self.whole else None
        except OSError:
            server = None
        if server is None:
            client.close()
            return
        self.pairs[client], self.pairs[server] = server, client
        self.inward.add(server)
        for one in (client, server):
            self.selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one):
        try:
            data = one.recv(CHUNK)
            if data and (self.answers or one not in self.inward):
                self.pairs[one].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._end(one)

    def _end(self, one):
        for end in (one, self.pairs.pop(one)):
            self.pairs.pop(end, None)
            self.inward.discard(end)
            self.selector.unregister(end)
            end.close()

    def _cut(self):
        self.whole = False
        while self.pairs:
            self._end(next(iter(self.pairs)))

    def _mend(self):
        self.whole = self.answers = True

    def _lose(self):
        self.answers = False

    def _stop(self):
        self._cut()
        self.running = False
