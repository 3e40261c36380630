# SPDX-License-Identifier: MIT
"""Stands between the program and PostgreSQL, and disturbs what they say to each other."""

import contextlib
import socket
import threading


class Proxy:
    """Passes bytes between clients and a port, until it is told to drop them silently, as a firewall does."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.silent = set()
        self.hear = lambda data: None  # what a client sends, before the server has it
        self.change = lambda data: data  # what the server sends, on its way to the client; None ends the connection
        self.pairs = []
        self.hangs, self.hung = False, []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                if self.hangs:
                    self.hung.append(client)
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:  # nobody is there now
                    client.close()
                    continue
                pair = (client, server)
                self.pairs.append(pair)
                for one, other in (pair, pair[::-1]):
                    threading.Thread(target=self._pass, args=(pair, one, other), daemon=True).start()

    def _pass(self, pair, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if pair in self.silent:
                    continue
                if one is pair[0]:
                    self.hear(data)
                else:
                    data = self.change(data)
                if data is None:
                    self._end(pair)
                    return
                other.sendall(data)
        if pair not in self.silent:
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_WR)

    def cut(self):
        """Forgets all connections there are: bytes into them vanish."""
        self.silent.update(self.pairs)

    def hang(self):
        """As a machine that is frozen: connections there are are silent, others are taken and never answered."""
        self.hangs = True
        self.cut()

    def hang_up(self):
        """Ends all connections there are, as a server does that goes; none that are made meanwhile."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self._end(pair)

    @staticmethod
    def _end(pair):
        for sock in pair:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        for pair in [*self.pairs, self.hung]:
            for sock in pair:
                sock.close()
