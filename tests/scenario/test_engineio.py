# SPDX-License-Identifier: MIT
"""Engine.IO v4, row by row: what every client relies on, on one worker and on four."""
import json
import os
import time
from base64 import b64encode

import pytest

from dais import Server
from dais.engineio import SEPARATOR, EngineIO, wait_closed
from dais.protocol_echo import INTERVAL_S, TIMEOUT_S, configure
from dais.wait import scale
from dais.websocket import PING, PONG, Closed, Refused, WebSocket

BINARY = bytes([1, 2, 3, 4])
ORIGIN = {"Origin": "https://pages.example"}


@pytest.fixture(scope="module", params=[1, 4], ids=["1worker", "4workers"])
def eio(request):
    server = configure(Server(), request.param)
    with server:
        yield EngineIO(server)


def refused(eio, status, code, **query):
    """The WebSocket is refused by an answer of HTTP, before it is one."""
    with pytest.raises(Refused) as caught:
        eio.websocket(**query)
    reply = caught.value.reply.expect(status)
    assert reply.json["code"] == code
    return reply


# --- handshake ---


def test_handshake_by_polling(eio):
    reply = eio.get().expect(200)
    assert reply.headers["content-type"].lower() == "text/plain; charset=utf-8"
    assert "no-store" in reply.headers["cache-control"]
    assert reply.text[0] == "0"
    opened = json.loads(reply.text[1:])
    assert opened.pop("sid").isascii()
    assert opened == {"upgrades": ["websocket"], "pingInterval": 300, "pingTimeout": 200,
                      "maxPayload": 1000000}


def test_handshake_by_websocket(eio):
    with eio.websocket() as ws:
        text = ws.recv()
        assert text[0] == "0"
        opened = json.loads(text[1:])
        assert len(opened.pop("sid")) == 20
        assert opened == {"upgrades": [], "pingInterval": 300, "pingTimeout": 200,
                          "maxPayload": 1000000}


def test_sids_are_long_and_all_different(eio):
    sids = {eio.open() for _ in range(50)}
    assert len(sids) == 50
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert all(len(sid) == 20 and set(sid) <= alphabet for sid in sids)


def test_the_path_is_known_with_and_without_its_last_slash(eio):
    bare = EngineIO(eio.server, "/engine.io")
    assert bare.handshake()
    assert bare.get(transport="none").expect(400)


def test_cache_busters_and_unknown_parameters_are_ignored(eio):
    assert eio.handshake(t="abc123", _="1", streamKey="x%20y", empty="")


@pytest.mark.parametrize("query, code", [
    ({"transport": None}, 0), ({"transport": "abc"}, 0), ({"version": None}, 5),
    ({"version": "abc"}, 5), ({"version": "3"}, 5)], ids=str)
def test_errors_of_the_handshake_by_polling(eio, query, code):
    reply = eio.get(**query).expect(400)
    assert reply.json["code"] == code
    assert reply.json["message"] == ("Transport unknown" if code == 0
                                     else "Unsupported protocol version")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_errors_of_the_handshake_with_another_method(eio, method):
    assert eio.request(method).reply().expect(400).json == {
        "code": 2, "message": "Bad handshake method"}


def test_errors_of_the_handshake_by_websocket(eio):
    refused(eio, 400, 5, version=None)
    refused(eio, 400, 5, version="abc")
    with pytest.raises(Refused) as caught:
        WebSocket.open(eio.server, eio.url(transport="abc"))
    assert caught.value.reply.expect(400).json == {"code": 0, "message": "Transport unknown"}
    assert refused(eio, 400, 1, sid="AAAAAAAAAAAAAAAAAAAA").json["message"] == "Session ID unknown"


def test_errors_of_a_websocket_that_is_no_upgrade(eio):
    assert eio.get(transport="websocket").expect(400).json["code"] == 3


def test_errors_of_an_unknown_session(eio):
    for sid in ["unknown", "AAAAAAAAAAAAAAAAAAAA", "x" * 300, "%00", "_" * 20]:
        assert eio.get(sid).expect(400).json == {"code": 1, "message": "Session ID unknown"}
        assert eio.post(sid, "4a").expect(400).json["code"] == 1


def test_errors_have_an_order(eio):
    """Transport, session, method, and the version last."""
    assert eio.request("POST", transport="x", version="3").reply().json["code"] == 0
    assert eio.request("POST", version="3").reply().json["code"] == 2
    assert eio.get("unknown", version="3").json["code"] == 1


# --- messages ---


def test_a_message_by_polling(eio):
    sid = eio.open()
    eio.push(sid, "4hello")
    assert eio.poll(sid) == ["4hello"]


def test_the_answer_of_a_post_is_ok_as_html(eio):
    reply = eio.post(eio.open(), "4x").expect(200)
    assert reply.text == "ok" and reply.headers["content-type"].startswith("text/html")


def test_several_messages_by_polling(eio):
    sid = eio.open()
    eio.push(sid, "4test1", "4test2", "4test3")
    assert eio.poll(sid) == ["4test1", "4test2", "4test3"]


def test_text_and_binary_by_polling(eio):
    sid = eio.open()
    eio.push(sid, "4hello", "b" + b64encode(BINARY).decode())
    assert eio.poll(sid) == ["4hello", "bAQIDBA=="]


@pytest.mark.parametrize("payload", [b"", b"\0", bytes(range(256)), os.urandom(70001)],
                         ids=len)
def test_binary_of_every_size_by_polling(eio, payload):
    sid = eio.open()
    eio.push(sid, "b" + b64encode(payload).decode())
    assert eio.poll(sid) == ["b" + b64encode(payload).decode()]


def test_a_poll_is_held_until_there_is_something(eio):
    sid = eio.open()
    held = eio.request(sid=sid)
    eio.push(sid, "4late")
    assert held.reply().expect(200).text == "4late"


def test_sixteen_packets_at_most_by_one_poll(eio):
    """More of them in one body end the polling of python-socketio."""
    sid = eio.open()
    eio.push(sid, *[f"4{i}" for i in range(40)])
    got = []
    while len(got) < 40:
        packets = eio.poll(sid)
        assert len(packets) <= 16
        got += [packet for packet in packets if packet != "2"]
    assert got == [f"4{i}" for i in range(40)]


def test_a_message_by_websocket(eio):
    ws, _ = eio.open_websocket()
    with ws:
        ws.send("4hello")
        assert ws.recv() == "4hello"


def test_binary_by_websocket(eio):
    ws, _ = eio.open_websocket()
    with ws:
        for payload in (BINARY, b"", os.urandom(300000)):
            ws.send(payload)
            assert skip_pings(ws) == payload


def skip_pings(ws):
    """The next message that is no heartbeat; those are answered."""
    while (message := ws.recv()) == "2":
        ws.send("3")
    return message


def test_a_fragmented_message_by_websocket(eio):
    ws, _ = eio.open_websocket()
    with ws:
        ws.send_frame(1, b"4\xc3", fin=False)
        ws.send_frame(PING, b"between")
        ws.send_frame(0, b"\xa9t", fin=False)
        ws.send_frame(0, b"\xc3\xa9")
        assert ws.recv_frame() == (True, PONG, b"between")
        assert ws.recv() == "4\xe9t\xe9"


def test_an_umlaut_by_polling_and_by_websocket(eio):
    sid = eio.open()
    eio.push(sid, "4€ äöü \U0001f600")
    assert eio.poll(sid) == ["4€ äöü \U0001f600"]
    ws, _ = eio.open_websocket()
    with ws:
        ws.send("4€ äöü \U0001f600")
        assert ws.recv() == "4€ äöü \U0001f600"


# --- what ends a session ---


@pytest.mark.parametrize("packet", ["abc", "7", "2", "", "4a" + SEPARATOR + "x", "bxx§x"])
def test_an_invalid_packet_by_polling(eio, packet):
    sid = eio.open()
    eio.post(sid, packet).expect(400)
    eio.get(sid).expect(400)


@pytest.mark.parametrize("packet", ["abc", "7", "2", ""])
def test_an_invalid_packet_by_websocket(eio, packet):
    ws, sid = eio.open_websocket()
    with ws:
        ws.send(packet)
        wait_closed(ws)
        eio.wait_gone(sid)


def test_text_that_is_no_utf8_by_websocket(eio):
    ws, sid = eio.open_websocket()
    with ws:
        ws.send_frame(1, b"4\xff\xfe")
        assert wait_closed(ws) in (1007, None)
        eio.wait_gone(sid)


def test_a_frame_without_a_mask(eio):
    ws, _ = eio.open_websocket()
    with ws:
        ws.send_frame(1, b"4a", masked=False)
        assert wait_closed(ws) in (1002, None)


def test_a_body_of_bytes_is_refused(eio):
    sid = eio.open()
    eio.post(sid, "4a", headers={"Content-Type": "application/octet-stream"}).expect(400)


def test_a_body_over_max_payload(eio):
    sid = eio.open()
    eio.post(sid, "4" + "x" * 1000000).expect(413)
    other = eio.open()
    eio.push(other, "4" + "x" * 999999)
    assert len(eio.poll(other)[0]) == 1000000


def test_a_message_over_max_payload_by_websocket(eio):
    ws, sid = eio.open_websocket()
    with ws:
        ws.send("4" + "x" * 1000000)
        assert wait_closed(ws) in (1009, None)
        eio.wait_gone(sid)


def test_two_polls_at_the_same_time(eio):
    """The first ends with a close packet, the second with an error, and the session is gone."""
    sid = eio.open()
    polls = [eio.request(sid=sid) for _ in range(2)]
    replies = [poll.reply() for poll in polls]
    good = [reply for reply in replies if reply.status == 200]
    assert [reply.text for reply in good] == ["1"]
    assert all(reply.status in (200, 400, 500) for reply in replies)
    eio.get(sid).expect(400)


def test_two_posts_at_the_same_time(eio):
    sid = eio.open()
    with eio.server.connect() as first:
        head = f"POST {eio.url(sid)} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
        first.sendall(head.encode() + b"4a")
        eio.post(sid, "4b")
        first.sendall(b"bc")
        answer = first.recv(4096)
    assert answer.split()[1] in (b"200", b"400")


def test_a_dropped_poll_ends_the_session(eio):
    sid = eio.open()
    held = eio.request(sid=sid)
    time.sleep(0.02)  # it is on its way: nothing tells from outside when the server holds it
    held.drop()
    eio.wait_gone(sid)


# --- heartbeat ---


def test_a_heartbeat_by_polling(eio):
    sid = eio.open()
    for _ in range(3):
        started = time.monotonic()
        assert eio.poll(sid) == ["2"]
        assert time.monotonic() - started > INTERVAL_S / 2
        eio.push(sid, "3")


def test_a_heartbeat_by_websocket(eio):
    ws, sid = eio.open_websocket()
    with ws:
        for _ in range(3):
            assert ws.recv() == "2"
            ws.send("3")
        assert eio.get(sid).expect(400).json["code"] == 3


def test_no_heartbeat_by_polling(eio):
    """Exactly interval and time-out after the handshake it is over, not a timer's turn later."""
    sid = eio.open()
    time.sleep(INTERVAL_S + TIMEOUT_S)
    eio.get(sid).expect(400)


def test_no_heartbeat_by_websocket(eio):
    ws, _ = eio.open_websocket()
    with ws:
        started = time.monotonic()
        ws.wait_closed()
        assert INTERVAL_S < time.monotonic() - started < (INTERVAL_S + TIMEOUT_S + 0.5) * scale()


# --- close ---


def test_a_close_packet_by_polling(eio):
    sid = eio.open()
    held = eio.request(sid=sid)
    eio.push(sid, "1")
    assert held.reply().expect(200).text == "6"
    eio.get(sid).expect(400)


def test_a_close_packet_before_the_poll(eio):
    """The two requests race on two connections: also in the other order the poll ends with 6."""
    sid = eio.open()
    eio.push(sid, "1")
    assert eio.get(sid).expect(200).text == "6"
    eio.get(sid).expect(400)


def test_a_close_packet_by_websocket(eio):
    ws, sid = eio.open_websocket()
    with ws:
        ws.send("1")
        wait_closed(ws)
        eio.wait_gone(sid)


def test_a_websocket_that_ends_takes_its_session_along(eio):
    ws, sid = eio.open_websocket()
    ws.drop()
    eio.wait_gone(sid)


# --- upgrade ---


def test_an_upgrade(eio):
    ws, _ = eio.upgraded()
    with ws:
        ws.send("4hello")
        assert ws.recv() == "4hello"


def test_a_held_poll_ends_with_6_while_upgrading(eio):
    sid = eio.open()
    held = eio.request(sid=sid)
    with eio.websocket(sid) as ws:
        ws.send("2probe")
        assert ws.recv() == "3probe"
        assert held.reply().expect(200).text == "6"
        assert eio.poll(sid) == ["6"]
        ws.send("5")
        ws.send("4after")
        assert ws.recv() == "4after"


def test_messages_keep_their_order_across_an_upgrade(eio):
    sid = eio.open()
    with eio.websocket(sid) as ws:
        ws.send("2probe")
        assert ws.recv() == "3probe"
        assert eio.poll(sid) == ["6"]
        eio.push(sid, *[f"4{i}" for i in range(20)])
        ws.send("5")
        for i in range(20, 30):
            ws.send(f"4{i}")
        assert [skip_pings(ws) for _ in range(30)] == [f"4{i}" for i in range(30)]


def test_polls_after_an_upgrade_are_refused(eio):
    ws, sid = eio.upgraded()
    with ws:
        ws.send("4a")
        assert ws.recv() == "4a"
        assert eio.get(sid).expect(400).json["code"] == 3
        assert eio.post(sid, "4b").expect(400).json["code"] == 3
        ws.send("4c")
        assert ws.recv() == "4c"


def test_a_second_websocket_after_an_upgrade_is_closed(eio):
    ws, sid = eio.upgraded()
    with ws:
        ws.send("4a")
        assert ws.recv() == "4a"
        try:
            with eio.websocket(sid) as second:
                wait_closed(second)
        except Refused as answer:
            answer.reply.expect(400)
        ws.send("4still")
        assert ws.recv() == "4still"


def test_another_packet_than_the_probe_closes_the_upgrade(eio):
    sid = eio.open()
    with eio.websocket(sid) as ws:
        ws.send("4a")
        with pytest.raises(Closed):
            ws.recv()
    eio.push(sid, "4b")
    assert eio.poll(sid) == ["4b"]


def test_an_upgrade_that_is_left_leaves_the_polling(eio):
    sid = eio.open()
    with eio.websocket(sid) as ws:
        ws.send("2probe")
        assert ws.recv() == "3probe"
    eio.push(sid, "4b")
    while (packets := eio.poll(sid)) == ["6"]:
        pass  # the server has not noticed yet that the WebSocket is gone
    assert packets == ["4b"]


def test_many_sessions_upgrade_at_the_same_time(eio):
    ways = [eio.upgraded()[0] for _ in range(20)]
    for i, ws in enumerate(ways):
        ws.send(f"4{i}")
    for i, ws in enumerate(ways):
        with ws:
            assert skip_pings(ws) == f"4{i}"


# --- pages of others ---


def test_cors_of_polling(eio):
    reply = eio.get(headers=ORIGIN).expect(200)
    assert reply.headers["access-control-allow-origin"] in ("*", ORIGIN["Origin"])
    reply = eio.get(transport="x", headers=ORIGIN).expect(400)
    assert reply.headers["access-control-allow-origin"] in ("*", ORIGIN["Origin"])


def test_cors_preflight(eio):
    asked = {"Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type", **ORIGIN}
    reply = eio.request("OPTIONS", "any", headers=asked).reply().expect(204)
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert "content-type" in reply.headers["access-control-allow-headers"].lower()
