"""A network between the nodes of a cluster and their clients, on loopback, that can be partitioned.

Every address of a node is a port of this module, which passes the bytes on. Clients have ports of
their own. Of a connection between nodes the network learns from the kernel's table of sockets which
node has opened it, so no node takes part in this.
"""

import asyncio
import socket
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

READ_BYTES = 65_536
OUTSIDE = ""
"""The name of the place of all clients."""

Result = TypeVar("Result")
Pids = Callable[[], Collection[int]]


class Link:
    """A connection through the network to a node. `from_port`: the port of the node that opened it;
    None = a client has.
    """

    def __init__(self, from_port: int | None, to: str) -> None:
        self.from_port = from_port
        self.to = to
        self.is_open = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """End it; what is on its way is lost."""
        for writer in self.writers:
            writer.transport.abort()


class Network:
    """Ports that lead to nodes. `pids`: the processes of each node, by its name."""

    def __init__(self, pids: Mapping[str, Pids]) -> None:
        self._pids = pids
        self._links: set[Link] = set()
        self._blocked: Callable[[str, str], bool] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="network")
        self._thread.start()

    def close(self) -> None:
        """End all connections."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def port_to(self, node: str, port: int, *, for_clients: bool = False) -> int:
        """A new port that leads to a port of a node."""

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            from_port = None if for_clients else writer.get_extra_info("peername")[1]
            with suppress(asyncio.CancelledError):
                await self._pass_on(Link(from_port, node), port, reader, writer)

        async def open_port() -> int:
            listener = socket.create_server(("127.0.0.1", 0))
            await asyncio.start_server(pass_on, sock=listener)
            opened: int = listener.getsockname()[1]
            return opened

        return self._run(open_port())

    def isolate(self, node: str, *, also_from_clients: bool) -> None:
        """From now on nothing reaches a node from the others, or them from it."""

        def blocked(sender: str, to: str) -> bool:
            if node not in (sender, to):
                return False
            return also_from_clients or OUTSIDE not in (sender, to)

        self._run(self._block(blocked))

    def heal(self) -> None:
        """Everything that was held back arrives."""
        self._run(self._block(None))

    def hold(self, pairs: Collection[tuple[str, str]]) -> None:
        """Hold back what passes on connections that the first node of a pair has opened to the
        second, in both directions.
        """
        self._run(self._block(lambda sender, to: (sender, to) in pairs))

    def cut(self, node: str) -> None:
        """End all connections to a node; what is held back is lost."""

        async def end() -> None:
            for link in [link for link in self._links if link.to == node]:
                link.cut()

        self._run(end())

    async def _block(self, blocked: Callable[[str, str], bool] | None) -> None:
        self._blocked = blocked
        owners = dict(self._owners()) if blocked else {}
        for link in self._links:
            self._set(link, owners)

    def _set(self, link: Link, owners: dict[int, str]) -> None:
        sender = owners.get(link.from_port, OUTSIDE) if link.from_port else OUTSIDE
        if self._blocked and self._blocked(sender, link.to):
            link.is_open.clear()
        else:
            link.is_open.set()

    async def _pass_on(
        self, link: Link, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        link.writers.append(writer)
        self._links.add(link)
        self._set(link, dict(self._owners()) if self._blocked and link.from_port else {})
        try:
            await link.is_open.wait()
            there, back = await asyncio.open_connection("127.0.0.1", port)
            link.writers.append(back)
            await asyncio.gather(_copy(link, reader, back), _copy(link, there, writer))
        except OSError:  # nobody listens there
            writer.transport.abort()
        finally:
            self._links.discard(link)
            for end in link.writers:
                end.close()

    def _owners(self) -> Iterator[tuple[int, str]]:
        """Every port of a socket of a node's processes, with the node."""
        ports = dict(_ports_by_inode())
        for node, pids in self._pids.items():
            for pid in pids():
                for inode in _sockets_of(pid):
                    if inode in ports:
                        yield ports[inode], node

    def _run(self, asked: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result()


async def _copy(link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until one end closes, which then closes the other one."""
    with suppress(OSError):
        while data := await reader.read(READ_BYTES):
            await link.is_open.wait()
            writer.write(data)
            await writer.drain()
        await link.is_open.wait()
    writer.close()


def _ports_by_inode() -> Iterator[tuple[str, int]]:
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        yield fields[9], int(fields[1].rpartition(":")[2], 16)


def _sockets_of(pid: int) -> Iterator[str]:
    """The inodes of a process's sockets."""
    with suppress(OSError):  # it ended meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]
