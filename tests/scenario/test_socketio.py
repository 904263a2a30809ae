# SPDX-License-Identifier: MIT
"""Socket.IO v5, row by row, on one worker and on four: bytes as they are on the wire."""
import json
import os
import time
from base64 import b64encode

import pytest

from dais import Server
from dais.engineio import EngineIO
from dais.protocol_echo import INTERVAL_S, configure
from dais.socketio import Packet, SocketIO
from dais.wait import scale

PLACEHOLDERS = '[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
BYTES = [bytes([1, 2, 3]), bytes([4, 5, 6])]


@pytest.fixture(scope="module", params=[1, 4], ids=["1worker", "4workers"])
def server(request):
    with configure(Server(), request.param) as running:
        yield running


@pytest.fixture
def sio(server):
    """A client that is connected to the main namespace."""
    with SocketIO(server) as client:
        assert client.connect().kind == 0
        assert client.event("auth") == [{}]
        yield client


@pytest.fixture
def bare(server):
    """A client that has no namespace yet."""
    with SocketIO(server) as client:
        yield client


@pytest.fixture
def polling(server):
    """Engine.IO by polling at the path of Socket.IO."""
    return EngineIO(server, "/socket.io/")


def packets_of(eio, sid, count):
    """So many packets by polling, heartbeats left out."""
    got = []
    while len(got) < count:
        for packet in eio.poll(sid):
            if packet == "2":
                eio.push(sid, "3")
            else:
                got.append(packet)
    return got


# --- connect ---


def test_connect_to_the_main_namespace(bare):
    bare.send("0")
    text = bare.raw()
    assert text.startswith('40{"sid":"')
    public = Packet(text).data
    assert list(public) == ["sid"] and public["sid"] != bare.opened["sid"]
    assert bare.raw() == '42["auth",{}]'


def test_connect_by_polling(polling):
    sid = polling.open()
    polling.push(sid, "40")
    first, second = packets_of(polling, sid, 2)
    assert first.startswith('40{"sid":"') and second == '42["auth",{}]'


def test_connect_with_a_payload(bare):
    assert bare.connect(auth={"token": "123"}).kind == 0
    assert bare.event("auth") == [{"token": "123"}]


def test_connect_with_a_payload_keeps_its_bytes(bare):
    """Slices of JSON pass through as they came."""
    bare.send('0{"token":"123","deep":{"a":[1,2.50,"\\u00e9"]},"n":1e3}')
    assert bare.raw().startswith('40{"sid":"')
    assert bare.raw() == '42["auth",{"token":"123","deep":{"a":[1,2.50,"\\u00e9"]},"n":1e3}]'


def test_connect_to_a_custom_namespace(bare):
    answer = bare.connect("/custom")
    assert answer.kind == 0 and list(answer.data) == ["sid"]
    assert bare.event("auth", "/custom") == [{}]


def test_connect_to_a_custom_namespace_with_a_payload(bare):
    assert bare.connect("/custom", {"token": "abc"}).kind == 0
    assert bare.event("auth", "/custom") == [{"token": "abc"}]


@pytest.mark.parametrize("packet", ["0/custom,", "0/custom", "0/custom,{}", "0/custom,{\"a\":1}"])
def test_connect_with_and_without_a_comma(bare, packet):
    bare.send(packet)
    assert bare.raw().startswith('40/custom,{"sid":"')


def test_connect_to_two_namespaces_on_one_connection(bare):
    main, custom = bare.connect().data["sid"], bare.connect("/custom").data["sid"]
    assert main != custom
    assert bare.event("auth") == [{}] and bare.event("auth", "/custom") == [{}]


@pytest.mark.parametrize("packet", ["0/random", "0/random,", '0/random,{"a":1}'])
def test_connect_to_an_unknown_namespace(bare, packet):
    bare.send(packet)
    assert bare.raw() == '44/random,{"message":"Invalid namespace"}'


def test_a_refused_namespace_leaves_the_others(sio):
    assert sio.connect("/random").kind == 4
    sio.emit("message", 1)
    assert sio.event("message-back") == [1]


@pytest.mark.parametrize("packet", ["abc", '2["message"]', "1", '4{"message":"no"}', "3[]", "0abc", "9", ""])
def test_a_first_packet_that_is_no_connect(bare, packet):
    bare.send(packet)
    bare.wait_closed()
    bare.eio.wait_gone(bare.opened["sid"])


def test_a_packet_for_a_namespace_that_is_not_joined(sio):
    sio.emit("message", 1, space="/custom")
    sio.wait_closed()


def test_no_connect_within_the_time_for_it(bare):
    started = time.monotonic()
    with pytest.raises(Exception) as caught:
        bare.raw()
    assert caught.type.__name__ == "Closed"
    assert 0.9 < time.monotonic() - started < 1.6 * scale()


# --- disconnect ---


def test_disconnect_from_the_main_namespace(sio):
    """The connection stays, and its heart beats."""
    sio.send("1")
    for _ in range(2):
        assert sio.ws.recv() == "2"
        sio.ws.send("3")
    assert sio.connect().kind == 0


def test_disconnect_from_a_custom_namespace(sio):
    assert sio.connect("/custom").kind == 0
    sio.event("auth", "/custom")
    sio.send("1/custom")
    sio.emit("message", "still")
    assert sio.event("message-back") == ["still"]


def test_a_namespace_can_be_joined_again(sio):
    first = sio.connect("/custom").data["sid"]
    sio.send("1/custom,")
    assert sio.connect("/custom").data["sid"] != first


# --- messages ---


def test_a_message(sio):
    sio.send('2["message",1,"2",{"3":[true]}]')
    assert sio.raw() == '42["message-back",1,"2",{"3":[true]}]'


@pytest.mark.parametrize("args", ["", ",null", ",1.0e5", ",\"\\ud83d\\ude00\"", ",[],{}", ", 1 , 2 "])
def test_a_message_keeps_its_bytes(sio, args):
    sio.send(f'2["message"{args}]')
    got = sio.raw()
    assert got.replace(" ", "") == f'42["message-back"{args}]'.replace(" ", "")
    assert json.loads(got[2:])[1:] == json.loads(f'["x"{args}]')[1:]


def test_messages_by_polling_keep_their_order(polling):
    sid = polling.open()
    polling.push(sid, "40")
    packets_of(polling, sid, 2)
    polling.push(sid, *[f'42["message",{i}]' for i in range(40)])
    assert packets_of(polling, sid, 40) == [f'42["message-back",{i}]' for i in range(40)]


def test_a_message_in_the_form_of_a_number(sio):
    """A number is a name as well; nobody listens to it."""
    sio.send("2[5,1]")
    sio.emit("message", "after")
    assert sio.event("message-back") == ["after"]


def test_an_event_that_nobody_knows_leaves_the_connection(sio):
    sio.emit("unheard-of", 1)
    sio.emit("message", "after")
    assert sio.event("message-back") == ["after"]


def test_a_large_message(sio):
    text = "x" * 900000
    sio.emit("message", text)
    assert sio.event("message-back") == [text]


# --- acks ---


def test_an_ack(sio):
    sio.send('2456["message-with-ack",1,"2",{"3":[false]}]')
    assert sio.raw() == '43456[1,"2",{"3":[false]}]'


@pytest.mark.parametrize("number", [0, 1, 2**31, 2**53, 2**63 - 1])
def test_an_ack_with_any_number(sio, number):
    assert sio.call("message-with-ack", "a", ack=number) == ["a"]


def test_an_ack_is_due_also_for_an_unknown_event(sio):
    """Clients with retries would wait for it for ever."""
    answer, = sio.call("unheard-of", 1, ack=7)
    assert answer["ok"] is False and answer["error"]


def test_many_acks_at_the_same_time(sio):
    for i in range(100):
        sio.emit("message-with-ack", i, ack=i)
    assert [sio.ack(i) for i in range(100)] == [[i] for i in range(100)]


# --- binary ---


def test_a_binary_message(sio):
    sio.send('52-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', *BYTES)
    assert sio.raw() == ('452-["message-back",{"_placeholder":true,"num":0},'
                         '{"_placeholder":true,"num":1}]')
    assert [sio.raw(), sio.raw()] == BYTES


def test_a_binary_message_with_an_ack(sio):
    sio.send('52-789["message-with-ack",{"_placeholder":true,"num":0},'
             '{"_placeholder":true,"num":1}]', *BYTES)
    assert sio.raw() == f'462-789{PLACEHOLDERS}'
    assert [sio.raw(), sio.raw()] == BYTES


def test_a_binary_message_by_polling(polling):
    sid = polling.open()
    polling.push(sid, "40")
    packets_of(polling, sid, 2)
    items = ["b" + b64encode(part).decode() for part in BYTES]
    polling.push(sid, '452-["message",' + PLACEHOLDERS[1:], *items)
    assert packets_of(polling, sid, 3) == ['452-["message-back",' + PLACEHOLDERS[1:], *items]


def test_a_binary_message_without_attachments(sio):
    sio.send('50-["message",1]')
    packet = sio.packet()
    assert packet.data == ["message-back", 1] and packet.attachments == []


def test_ten_attachments_and_no_more(sio):
    def send(count):
        holders = ",".join(json.dumps({"_placeholder": True, "num": i}) for i in range(count))
        sio.send(f'5{count}-["message",{holders}]', *[bytes([i]) for i in range(count)])

    send(10)
    assert sio.packet().attachments == [bytes([i]) for i in range(10)]
    sio.ws.send('4511-["message"]')
    sio.wait_closed()


def test_a_large_attachment(sio):
    blob = os.urandom(900000)
    sio.send('51-["message",{"_placeholder":true,"num":0}]', blob)
    assert sio.packet().attachments == [blob]


# --- what ends a connection ---


@pytest.mark.parametrize("packet", [
    "abc", "2{}", "2", "2[]", "2[{}]", "2[null]", '2abc["message"]', '2["message"', '2["message"]x', '2"x"',
    '2["connect"]', '2["connect_error"]', '2["disconnect"]', '2["disconnecting"]', '2["newListener"]',
    '2["removeListener"]', '31{}', "7", "9", '51["message",{"_placeholder":true,"num":0}]',
    '4{"message":"no"}'])
def test_an_invalid_packet(sio, packet):
    sio.send(packet)
    sio.wait_closed()
    sio.eio.wait_gone(sio.opened["sid"])


def test_binary_that_nothing_announced(sio):
    sio.ws.send(b"\1\2\3")
    sio.wait_closed()


def test_text_where_an_attachment_is_due(sio):
    sio.send('51-["message",{"_placeholder":true,"num":0}]')
    sio.send('2["message"]')
    sio.wait_closed()


def test_an_invalid_packet_by_polling(polling):
    sid = polling.open()
    polling.push(sid, "40")
    packets_of(polling, sid, 2)
    polling.post(sid, "42{}")
    polling.wait_gone(sid)


# --- with the transport below ---


def test_messages_keep_their_order_across_an_upgrade(polling):
    sid = polling.open()
    polling.push(sid, "40", *[f'42["message",{i}]' for i in range(20)])
    with polling.websocket(sid) as ws:
        ws.send("2probe")
        assert ws.recv() == "3probe"
        ws.send("5")
        for i in range(20, 40):
            ws.send(f'42["message",{i}]')
        got = []
        while len(got) < 42:
            message = ws.recv()
            if message == "2":
                ws.send("3")
            else:
                got.append(message)
    assert got[0].startswith("40{") and got[1] == '42["auth",{}]'
    assert got[2:] == [f'42["message-back",{i}]' for i in range(40)]


def test_the_heart_beats_below_an_idle_namespace(sio):
    started = time.monotonic()
    for _ in range(3):
        assert sio.ws.recv() == "2"
        sio.ws.send("3")
    assert time.monotonic() - started > 2 * INTERVAL_S
