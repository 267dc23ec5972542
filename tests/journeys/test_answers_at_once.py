"""The API's answers leave at once: asyncio sets TCP_NODELAY only where a socket names its protocol."""

import socket

from butterfly_gitops.wiring import Options, build


async def test_the_listening_socket_names_tcp(tmp_path):
    async with build(Options(state=tmp_path / "state", create=True, port=0)) as engine:
        assert engine._listening.proto == socket.IPPROTO_TCP
