"""A client of yaml-language-server: what an editor asks over the language server protocol (LSP 3.17), and no more."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SERVER = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
NODE = shutil.which("node")

# No catalogue of schemas is fetched: the only schema is the one that a file names in its first line.
SETTINGS: dict[str, Any] = {
    "yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}
}


def absence() -> str:
    """Why the server cannot be asked, and what to do; empty when it can."""
    hint = "NO EDITOR WAS ASKED about completion, hover and diagnostics: run `make editor`, which needs node and npm"
    if NODE is None:
        return f"node is not installed. {hint}"
    return "" if SERVER.exists() else f"{SERVER.name} is not installed. {hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What an editor offers, and what it says of it."""

    label: str
    says: str
    inserts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """What an editor underlines: line and column count from 0."""

    line: int
    column: int
    message: str


class LanguageServer:
    """The server with the documents that were opened in it; each has a path, which need not exist."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._requests = 0
        self._diagnostics: dict[str, list[Diagnostic]] = {}

    def open(self, path: Path, text: str) -> list[Diagnostic]:
        """Open a document, and return what is wrong in it."""
        uri = path.as_uri()
        self._tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        # Closing a document clears its diagnostics, which is told as well; only the answer to the opening counts.
        self.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        self._diagnostics.pop(uri, None)
        self._tell(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]},
        )
        while uri not in self._diagnostics:
            self._take(self._read())
        return self._diagnostics[uri]

    def complete(self, path: Path, line: int, column: int) -> dict[str, Completion]:
        """Return what is offered at a place of an open document, by its label."""
        answer = self.ask("textDocument/completion", _place(path, line, column))
        items = [
            Completion(
                label=item["label"],
                says=_words(item.get("documentation")),
                inserts=item.get("insertText", ""),
            )
            for item in answer["items"]
        ]
        return {item.label: item for item in items}

    def hover(self, path: Path, line: int, column: int) -> str:
        """Return what is shown of the thing at a place of an open document."""
        answer = self.ask("textDocument/hover", _place(path, line, column))
        return _words(answer["contents"]) if answer else ""

    def ask(self, method: str, params: Any) -> Any:
        """Send a request, and answer the server's own until its answer is there."""
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._requests and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._take(message)

    def start(self) -> None:
        """Say what this editor can do."""
        completion = {"completionItem": {"documentationFormat": ["markdown"], "snippetSupport": True}}
        text = {"completion": completion, "hover": {"contentFormat": ["markdown"]}, "publishDiagnostics": {}}
        capabilities = {"textDocument": text, "workspace": {"configuration": True}}
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self._tell("initialized", {})

    def stop(self) -> None:
        """End the server as the protocol asks."""
        self.ask("shutdown", None)
        self._tell("exit", None)
        self._process.wait()

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = [
                Diagnostic(
                    line=each["range"]["start"]["line"],
                    column=each["range"]["start"]["character"],
                    message=each["message"],
                )
                for each in message["params"]["diagnostics"]
            ]
        elif message.get("method") == "workspace/configuration":
            wanted = [SETTINGS.get(item["section"]) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": wanted})
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        size = 0
        while header := self._process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        assert size, "the language server has ended"
        return json.loads(self._process.stdout.read(size))


def _place(path: Path, line: int, column: int) -> dict[str, Any]:
    return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}


def _words(documentation: Any) -> str:
    return documentation["value"] if isinstance(documentation, dict) else documentation or ""


@contextlib.contextmanager
def running() -> Iterator[LanguageServer]:
    """A server for as long as it is needed."""
    assert NODE is not None
    with subprocess.Popen(
        [NODE, str(SERVER), "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        server = LanguageServer(process)
        try:
            server.start()
            yield server
            server.stop()
        finally:
            process.kill()
