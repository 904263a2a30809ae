# SPDX-License-Identifier: MIT
"""`/ws` of a running server: who may say what, answers, errors, close codes, TLS, behind nginx."""
import json
import shutil
import socket
import struct
import time

import pytest

from dais import Server, eventually
from dais.events import Events
from dais.nginx import Nginx
from dais.plugins import row
from dais.server import LOCALHOST, build_folder, free_ports
from dais.socketio import SocketIO
from dais.tls import Certificate, context
from dais.wait import at_once, scale
from dais.websocket import BINARY, CLOSE, TEXT, Refused, WebSocket


def config(server, workers=4, limits="", more="", **keys):
    return (f"workers: {workers}\nlimits:\n  log_lines_per_second: 1000\n{limits}{more}"
            f"plugins:\n  auth: {{}}\n{row(server, 'talk', **keys)}")


@pytest.fixture(scope="module")
def server():
    """With TLS, too: `tls_port`."""
    running = Server()
    running.tls_port, = free_ports(1)
    pair = Certificate(running.folder, "own", "live.example")
    tls = (f'tls:\n  listen: ["{LOCALHOST}:{running.tls_port}"]\n'
           f"  certificates: [{{certificate: {pair.path}, key: {pair.key}}}]\n"
           "http:\n  trusted_proxies: [127.0.0.1]\n")
    running.config = config(running, more=tls)
    with running:
        yield running


@pytest.fixture(scope="module")
def user(server):
    return server.user()


@pytest.fixture
def client(server):
    with Events(server) as made:
        yield made


# --- who it is ---


def test_a_guest(client):
    heard = client.ask("talk:say", {"text": "hello"})
    assert heard["text"] == "hello" and heard["by"] and "role" not in heard


def test_a_guest_with_a_name_is_the_same_in_every_tab(server):
    with Events(server, guest="tab-1") as one, Events(server, guest="tab-1") as two:
        assert one.ask("talk:say", {"text": "a"})["by"] == two.ask("talk:say", {"text": "a"})["by"]


@pytest.mark.parametrize("name", ["a b", "a:b", "ü"])
def test_a_guest_with_a_name_that_cannot_be(server, name):
    with Events(server, guest=name) as client:
        assert client.event("error")["data"]["error"]["field"] == "guest"
        assert client.wait_closed() == 4003


def test_a_guest_with_a_name_that_is_too_long(server):
    with pytest.raises(Refused) as caught:
        Events(server, guest="x" * 65)
    caught.value.reply.expect(400)


def test_a_token_by_query(server, user):
    with Events(server, token=user.token) as client:
        assert client.ask("talk:user", {"text": "a"})["role"] == "attendee"


def test_a_token_by_header(server, user):
    with Events(server, headers={"Authorization": f"Bearer {user.token}"}) as client:
        assert client.ask("talk:user", {"text": "a"})["role"] == "attendee"


def test_a_token_by_the_first_message(client, user):
    client.ask("auth", {"token": user.token})
    assert client.ask("talk:user", {"text": "a"})["role"] == "attendee"


def test_a_bad_token_by_query_or_header(server):
    for how in ({"token": "nonsense"}, {"headers": {"Authorization": "Bearer nonsense"}}):
        with pytest.raises(Refused) as caught:
            Events(server, **how)
        assert caught.value.reply.expect(401).json["code"] == "unauthenticated"


def test_a_bad_token_by_the_first_message(client):
    assert client.problem("auth", {"token": "nonsense"})["code"] == "unauthenticated"
    assert client.wait_closed() == 4003


def test_a_guest_is_no_user(client):
    assert client.problem("talk:user", {"text": "a"})["code"] == "unauthenticated"


def test_a_role_is_asked_for(server, user):
    with Events(server, token=user.token) as client:
        assert client.problem("talk:admin", {"text": "a"})["code"] == "denied"
    with Events(server, token=server.user(role="admin").token) as client:
        assert client.ask("talk:admin", {"text": "a"})["role"] == "admin"


def test_a_logout_closes(server):
    leaving = server.user()
    with Events(server, token=leaving.token) as client:
        client.ask("talk:user", {"text": "a"})
        began = time.monotonic()
        leaving.post("/api/auth/logout").expect(200)
        client.event("auth:revoked")
        assert client.wait_closed() == 4003
        assert time.monotonic() - began < at_once()


def test_a_role_that_changes_counts_at_once(server):
    boss, other = server.user(role="admin"), server.user()
    with Events(server, token=other.token) as client:
        client.problem("talk:admin", {"text": "a"})
        path = f"/api/users/{other.user['id']}/role"
        boss.patch(path, {"role": "admin"}).expect(200)
        eventually(lambda: client.call("talk:admin", {"text": "a"})["ok"], 0.25)


# --- what is said ---


@pytest.mark.parametrize("number", [1, 0, "seven", "ü\"\\"])
def test_an_answer_has_the_id_of_its_question(client, number):
    client.send("talk:say", {"text": "a"}, id=number)
    assert client.answer(number)["ok"] is True


def test_without_an_id_there_is_no_answer(client):
    client.send("talk:say", {"text": "a"})
    client.send("talk:say", {"text": "b"}, id=2)
    assert client.recv()["data"]["text"] == "b"


def test_answers_keep_the_order_of_their_questions(client):
    client.send("talk:wait", {"number": 50, "text": "slow"}, id=1)
    for i in range(2, 40):
        client.send("talk:say", {"text": str(i)}, id=i)
    assert [client.recv()["id"] for _ in range(39)] == list(range(1, 40))


def test_an_unknown_event(client):
    assert client.problem("talk:unheard-of", {})["code"] == "not_found"
    client.send("talk:unheard-of", {})
    error = client.event("error")["data"]
    assert error["event"] == "talk:unheard-of" and error["error"]["code"] == "not_found"


def test_a_field_that_is_wrong_is_named(client):
    for data, field in [({"text": ""}, "text"), ({"number": "x"}, "number"), ({"other": 1}, "other")]:
        problem = client.problem("talk:say", data)
        assert (problem["code"], problem["field"]) == ("invalid", field)
    assert client.problem("talk:say", [1])["code"] == "invalid"


def test_a_handler_that_fails(client):
    assert client.problem("talk:fail", {"number": -5})["code"] == "conflict"
    problem = client.problem("talk:fail", {"number": -4, "text": "x"})
    assert (problem["code"], problem["field"], problem["detail"]) == (
        "not_found", "number", "it was asked for")
    assert problem["status"] == 404


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "{}", '{"event":1}', '{"event":""}',
                                  '{"event":"talk:say","id":{}}', '{"event":"talk:say","x":1}'])
def test_what_is_no_envelope(client, text):
    """It is told, or ends the connection; the server goes on."""
    client.ws.send(text)
    try:
        assert client.recv()["event"] == "error"
    except Exception as closed:
        assert getattr(closed, "code", None) in (1003, 1007, 1008)


def test_data_of_every_kind_passes(client):
    text = "ü€\U0001f600\\\"\n\u2028"
    assert client.ask("talk:say", {"text": text})["text"] == text


# --- to others ---


def test_everybody_hears(server):
    with Events(server) as one, Events(server) as two, SocketIO(server) as three:
        three.connect()
        one.ask("talk:all", {"text": "to all"})
        assert one.event("talk:heard")["data"]["text"] == "to all"
        assert two.event("talk:heard")["data"]["text"] == "to all"
        assert three.event("talk:heard")[0]["text"] == "to all"


def test_a_user_hears_on_all_connections(server, user):
    with Events(server) as guest, Events(server, token=user.token) as one, \
            SocketIO(server) as two:
        two.connect(auth={"token": user.token})
        one.ask("talk:say", {"text": "there"})
        guest.ask("talk:to", {"to": user.user["id"], "text": "psst"})
        assert one.event("talk:heard")["data"]["text"] == "psst"
        assert two.event("talk:heard")[0]["text"] == "psst"
        guest.ask("talk:say", {"text": "x"})
        assert not guest.kept


def test_a_room(server):
    with Events(server) as one, Events(server) as two, SocketIO(server) as three:
        three.connect()
        assert one.ask("talk:join", {"to": "r1"})["members"] == 1
        assert two.ask("talk:join", {"to": "r1", "dialect": "short"})["members"] == 2
        answer, = three.call("talk:join", {"to": "r1"})
        assert answer["ok"] and answer["data"]["members"] == 3
        one.ask("talk:shout", {"to": "r1", "text": "hear"})
        heard = one.event("talk:heard")
        assert heard["room"] == "talk:r1" and heard["seq"] == 1 and heard["epoch"] > 0
        assert two.event("t")["data"]["text"] == "hear"
        message, = three.event("talk:heard")
        assert (message["room"], message["seq"], message["text"]) == ("talk:r1", 1, "hear")
        two.ask("talk:leave", {"to": "r1"})
        assert two.problem("talk:leave", {"to": "r1"})["code"] == "not_found"


def test_a_room_that_is_closed(client):
    assert client.problem("talk:join", {"to": "closed"})["code"] == "denied"


def test_who_comes_back_misses_nothing(server):
    with Events(server) as speaker:
        with Events(server) as first:
            first.ask("talk:join", {"to": "r2"})
            speaker.ask("talk:shout", {"to": "r2", "text": "0"})
            last = first.event("talk:heard")
        for i in range(1, 4):
            speaker.ask("talk:shout", {"to": "r2", "text": str(i)})
        seen = {"talk:r2": {"epoch": last["epoch"], "seq": last["seq"]}}
        with Events(server, resume=json.dumps(seen)) as again:
            assert again.ask("talk:join", {"to": "r2"})["resumed"] == 1
            assert [again.event("talk:heard")["data"]["text"] for _ in range(3)] == ["1", "2", "3"]


def test_who_was_away_for_an_epoch_is_told(server):
    seen = {"talk:r3": {"epoch": 1, "seq": 1}}
    with Events(server, resume=json.dumps(seen)) as client:
        assert client.ask("talk:join", {"to": "r3"})["resumed"] == 2
        assert client.event("room:resync")["data"]["room"] == "talk:r3"


# --- the end ---


@pytest.mark.parametrize("code", [1000, 4003, 4008])
def test_a_plugin_closes(client, code):
    client.send("talk:close", {"number": code})
    assert client.wait_closed() == code


@pytest.mark.parametrize("opcode, payload, options, code", [
    (BINARY, b"x", {}, 1003), (TEXT, b"\xff", {}, 1007), (TEXT, b"{}", {"masked": False}, 1002),
    (TEXT, b"{}", {"rsv": 4}, 1002), (3, b"", {}, 1002), (CLOSE, b"\x03", {}, 1002),
    (0, b"x", {}, 1002), (9, b"x" * 126, {}, 1002), (TEXT, b"x" * (2 << 20), {}, 1009),
    (CLOSE, struct.pack(">H", 1000), {}, 1000), (CLOSE, b"", {}, 1005),
    (CLOSE, struct.pack(">H", 999), {}, 1002)], ids=lambda value: str(value)[:12])
def test_close_codes(client, opcode, payload, options, code):
    client.ws.send_frame(opcode, payload, **options)
    assert client.wait_closed() in (code, 1000 if code == 1005 else code)


def test_a_server_that_stops_says_so(own_server):
    server = own_server(start=False)
    server.config = config(server, workers=2)
    server.start()
    clients = [Events(server) for _ in range(8)]
    for each in clients:
        each.ask("talk:say", {"text": "a"})
    server.stop()
    assert [each.wait_closed() for each in clients] == [1001] * 8


# --- the handshake ---


def test_a_request_that_is_no_websocket(server):
    reply = server.api().get("/ws").expect(426)
    assert reply.headers["upgrade"].lower() == "websocket"
    assert server.api().post("/ws", {}).status in (405, 413)


@pytest.mark.parametrize("headers, status", [
    ({"Sec-WebSocket-Version": "12"}, 426), ({"Sec-WebSocket-Key": "short"}, 400),
    ({"Sec-WebSocket-Key": None}, 400)], ids=str)
def test_a_handshake_that_is_wrong(server, headers, status):
    with pytest.raises(Refused) as caught:
        WebSocket.open(server, "/ws", headers)
    caught.value.reply.expect(status)


def test_what_comes_right_behind_the_handshake_is_not_lost(server):
    from dais.websocket import frame, read_head
    with server.connect() as connection, connection.makefile("rb") as stream:
        head = ("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        message = b'{"event":"talk:say","data":{"text":"early"},"id":1}'
        connection.sendall(head.encode() + frame(TEXT, message))
        assert read_head(stream)[0] == 101
        assert b"early" in stream.read(2 + stream.peek(2)[1])


# --- behind TLS, behind nginx ---


def secure(port):
    plain = socket.create_connection((LOCALHOST, port), timeout=10 * scale())
    return context().wrap_socket(plain, server_hostname="live.example")


def test_by_tls(server):
    with Events(server, secure(server.tls_port)) as client:
        for i in range(50):
            assert client.ask("talk:say", {"text": str(i)})["text"] == str(i)
        client.send("talk:say", {"text": "x" * 100}, id="long")
        assert client.answer("long")["data"]["text"] == "x" * 100


def test_by_tls_many_at_the_same_time(server):
    clients = [Events(server, secure(server.tls_port)) for _ in range(20)]
    for each in clients:
        each.ask("talk:join", {"to": "tls"})
    for i in range(20):
        clients[0].send("talk:shout", {"to": "tls", "text": str(i)})
    for each in clients:
        with each:
            assert [each.event("talk:heard")["seq"] for _ in range(20)] == list(range(1, 21))


def test_behind_nginx(server, user):
    nginx = Nginx(server)
    try:
        nginx.start()
        with Events(server, secure(nginx.port), token=user.token) as client:
            assert client.ask("talk:user", {"text": "a"})["role"] == "attendee"
        with SocketIO(server, connection=secure(nginx.port)) as client:
            client.connect()
            assert client.call("talk:say", {"text": "b"})[0]["data"]["text"] == "b"
        reply = nginx.api().get("/socket.io/?EIO=4&transport=polling").expect(200)
        assert reply.text.startswith('0{"sid"')
    finally:
        nginx.stop()
        shutil.rmtree(nginx.folder)


# --- namespaces of Socket.IO ---


def test_a_namespace_that_refuses(server, user):
    with SocketIO(server) as client:
        refused = client.connect("/private")
        assert refused.kind == 4 and refused.data["data"]["code"] == "unauthenticated"
    with SocketIO(server) as client:
        assert client.connect("/private", {"token": user.token}).kind == 0
        answer, = client.call("talk:say", {"text": "a"}, space="/private")
        assert answer["data"]["role"] == "attendee"


def test_socketio_with_a_bad_token(server):
    with SocketIO(server) as client:
        refused = client.connect(auth={"token": "nonsense"})
        assert refused.kind == 4 and refused.data["data"]["code"] == "unauthenticated"
        assert refused.data["message"]


# --- plugins that are out ---


def test_events_of_a_plugin_that_is_out(own_server):
    server = own_server(start=False)
    server.config = config(server, workers=1)
    server.start()
    server.stop()
    (server.folder / "talk.so").write_bytes(b"no plugin any more")
    server.config = config(server, workers=1, required="false")
    server.start()
    with Events(server) as client:
        problem = client.problem("talk:say", {"text": "a"})
        assert (problem["status"], problem["code"]) == (503, "unavailable")
        assert "is no shared object" in problem["detail"]
        assert client.problem("talk:unheard-of", {})["code"] == "not_found"


@pytest.mark.skipif("DAIS_SANITIZE:STRING=\n" not in (build_folder() / "CMakeCache.txt").read_text(),
                    reason="sanitizers handle the signals of a crash themselves")
def test_a_crash_names_the_event(own_server):
    server = own_server(start=False)
    server.config = config(server, workers=2)
    server.start()
    with Events(server) as client:
        client.send("talk:crash")
        assert client.wait_closed() is None
    eventually(server.is_ready)
    crash = eventually(lambda: [line for line in server.cli("plugin", "list").stdout.splitlines()
                                if "last crash" in line])
    assert "talk:crash" in crash[0]
    with Events(server) as client:
        assert client.ask("talk:say", {"text": "again"})["text"] == "again"
