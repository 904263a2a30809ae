# SPDX-License-Identifier: MIT
"""The chat on the watch page, as people have it: windows of a real browser, and a network that fails."""
import subprocess
import time

import pytest
from windows import HERE, Browser

from dais import Server
from dais.cable import Cable
from dais.wait import at_once, eventually

CONFIG = "rates: {login: {user: 0, address: 0}, write: {user: 0, address: 0}, connect: {address: 0}}\n"
PASSWORD = "correct horse battery"
ROWS = """() => [...document.querySelectorAll("#chat-list .chat-text")].map((node) => node.textContent)"""
SHOWS = """(text) => [...document.querySelectorAll("#chat-list li:not(.pending) .chat-text")]
    .some((node) => node.textContent === text)"""
LACKS = f"(text) => !({SHOWS})(text)"
SAYS = """(text) => document.getElementById("chat-notice").textContent.includes(text)"""
IS_GUEST = """() => document.getElementById("sign-open").offsetParent"""
READY = """() => document.getElementById("chat-input").offsetParent &&
    !document.getElementById("chat-notice").textContent.includes("onnect")"""


class Person:
    """Somebody with an account, and the window in which he is signed in."""

    def __init__(self, place, name, role):
        self.place = place
        self.name = name
        if role == "attendee":
            body = {"name": name, "email": f"{name.lower()}@example.org", "password": PASSWORD}
            answer = place.server.api().post("/api/auth/register", body).expect(201).json
        else:
            place.server.cli("user", "add", f"{name.lower()}@example.org", "--role", role,
                             env={"DAIS_PASSWORD": PASSWORD})
            body = {"email": f"{name.lower()}@example.org", "password": PASSWORD}
            answer = place.server.api().post("/api/auth/login", body).expect(200).json
        self.api = place.server.api(answer["token"])
        self.id = answer["user"]["id"]
        self.window = None

    def visit(self, stream, **options):
        """Opens the stream's page in his window, and signs in where he is not yet."""
        url = f"{self.place.cable.url}/watch/{stream['playbackId']}"
        if self.window is None:
            self.window = self.place.browser.open(self.name, url, **options)
            self.sign_in()
        else:
            self.window.go(url)
        self.window.until(READY)
        return self.window

    def sign_in(self):
        self.window.click("#sign-open")
        self.window.fill("#sign-email", f"{self.name.lower()}@example.org")
        self.window.fill("#sign-password", PASSWORD)
        self.window.press("Enter")

    def say(self, text):
        self.window.fill("#chat-input", text)
        self.window.press("Enter")


class Place:
    """A server, the network before it, a browser, and people."""

    def __init__(self, server):
        self.server = server
        self.cable = Cable(server)
        self.browser = Browser()
        self.ana, self.ben, self.mo = (Person(self, *who) for who in [
            ("Ana", "attendee"), ("Ben", "attendee"), ("Mo", "admin")])

    def stream(self):
        return self.server.stream(self.mo.api)

    def post(self, stream, text, who=None):
        path = f"/api/chat/session/{stream['id']}"
        return (who or self.mo).api.post(path, {"message": text}).expect(201).json

    def history(self, stream):
        page = self.mo.api.get(f"/api/chat/session/{stream['id']}?limit=100").expect(200).json
        return [one["message"] for one in page["messages"] if one["type"] == "comment"]

    def close(self):
        self.browser.close()
        self.cable.close()


@pytest.fixture(scope="module")
def place():
    with Server(config=CONFIG) as server:
        made = Place(server)
        yield made
        made.close()


def set_chat(place, stream, **settings):
    place.mo.api.patch(f"/api/chat/rooms/{stream['id']}/settings", settings).expect(200)


def test_two_windows_talk_are_cut_off_and_come_back(place):
    stream = place.stream()
    windows = [place.ana.visit(stream), place.ben.visit(stream)]
    place.ana.say("Hello, Ben")
    windows[1].until(SHOWS, "Hello, Ben")
    place.ben.say("Hello, Ana")
    windows[0].until(SHOWS, "Hello, Ana")
    gone = place.post(stream, "soon gone")
    for window in windows:
        window.until(SHOWS, "soon gone")
    place.cable.cut()
    for number in range(3):
        place.post(stream, f"missed {number}")
        place.ana.say(f"late {number}")
    place.mo.api.delete(f"/api/chat/{gone['id']}").expect(204)
    windows[0].until(SAYS, "connection is lost")
    place.cable.mend()
    for window in windows:
        window.until(SHOWS, "late 2")
        window.until(LACKS, "soon gone")
    wanted = place.history(stream)
    assert [text for text in wanted if text.startswith("late")] == ["late 0", "late 1", "late 2"]
    for window in windows:
        assert eventually(lambda: window.look(ROWS) == wanted), window.look(ROWS)
        assert not window.errors()


def test_a_window_knows_what_the_room_knows():
    subprocess.run(["node", str(HERE / "chat_model.mjs"), "1000", "1"], check=True)


def test_a_message_whose_answer_got_lost_is_there_once(place):
    stream = place.stream()
    window = place.ana.visit(stream)
    place.cable.lose_answers()
    place.ana.say("once")
    eventually(lambda: place.history(stream) == ["once"])
    place.cable.cut()
    place.cable.mend()
    window.until("""() => !document.querySelector("#chat-list .pending")""")
    assert window.look(ROWS) == ["once"] == place.history(stream)


def test_a_window_without_a_network_comes_back(place):
    stream = place.stream()
    window = place.ben.visit(stream)
    window.offline(True)
    window.until(SAYS, "connection is lost")
    place.cable.cut()  # what is open stays open in an emulation
    place.ben.say("from the tunnel")
    place.post(stream, "into the tunnel")
    place.cable.mend()
    window.offline(False)
    window.until(SHOWS, "from the tunnel")
    assert eventually(lambda: window.look(ROWS) == place.history(stream))


def test_after_a_crash_of_the_server_the_history_is_read_anew(place):
    stream = place.stream()
    window = place.ana.visit(stream)
    gone, _ = place.post(stream, "to be removed"), place.post(stream, "stays")
    window.until(SHOWS, "stays")
    place.cable.cut()
    place.mo.api.delete(f"/api/chat/{gone['id']}").expect(204)
    place.server.kill(place.server.worker_pid)
    eventually(place.server.is_ready)
    place.post(stream, "afterwards")
    place.cable.mend()
    window.until(SHOWS, "afterwards")
    assert eventually(lambda: window.look(ROWS) == ["stays", "afterwards"])


def test_a_guest_reads_and_makes_an_account(place):
    stream = place.stream()
    place.post(stream, "for everybody")
    window = place.browser.open("guest", f"{place.cable.url}/watch/{stream['playbackId']}")
    window.until(SHOWS, "for everybody")
    assert window.look("""() => document.getElementById("chat-form").hidden""")
    window.click("#sign-open")
    for selector, text in [("#sign-email", "eve@example.org"), ("#sign-password", "not this one")]:
        window.fill(selector, text)
    window.press("Enter")
    window.until("""() => document.getElementById("sign-said").textContent.includes("wrong")""")
    window.click("#sign-switch")
    window.fill("#sign-name", "Eve")
    window.press("Enter")
    window.until(READY)
    window.fill("#chat-input", "I am new")
    window.press("Enter")
    window.until(SHOWS, "I am new")
    window.go(f"{place.cable.url}/watch/{stream['playbackId']}")
    window.until(READY)  # this tab remembers who it is
    eve = place.mo.api.get("/api/users", query={"q": "eve@"}).expect(200).json["users"][0]
    place.mo.api.patch(f"/api/users/{eve['id']}/status", {"status": "disabled"}).expect(200)
    window.until(IS_GUEST)
    place.post(stream, "without her")
    window.until(SHOWS, "without her")
    assert window.look(ROWS) == ["for everybody", "I am new", "without her"]


def test_a_moderator_removes_a_message_in_both_windows(place):
    stream = place.stream()
    place.post(stream, "rude words", place.ben)
    windows = [place.ana.visit(stream), place.mo.visit(stream)]
    for window in windows:
        window.until(SHOWS, "rude words")
    windows[1].hover("#chat-list li")
    windows[1].click("#chat-list .chat-tools button:last-child")
    windows[1].photograph("chat-moderator")
    windows[1].click('.menu button:text-is("Delete")')
    windows[1].click('dialog button:text-is("Delete")')
    for window in windows:
        window.until(LACKS, "rude words")
    place.mo.say("Please be kind")
    windows[1].until(SHOWS, "Please be kind")
    windows[1].hover("#chat-list li")
    windows[1].click("#chat-list .chat-tools button:last-child")
    windows[1].click('.menu button:text-is("Pin")')
    pinned = """() => document.getElementById("chat-pins").textContent.includes("Please be kind")"""
    for window in windows:
        window.until(pinned)


def test_people_answer_and_mention_each_other(place):
    stream = place.stream()
    ana, ben = place.ana.visit(stream), place.ben.visit(stream)
    place.ana.say("Who is there?")
    ben.until(SHOWS, "Who is there?")
    ben.click("#chat-input")
    ben.type("@an")
    ana.until("""() => document.getElementById("chat-typing").textContent === "Ben is typing …" """)
    ben.press("Enter")  # takes the name
    ben.type("I am")
    ben.press("Enter")
    ana.until("""() => document.querySelector("li.to-me .chat-mention")?.textContent === "@Ana" """)
    ana.until("""() => document.getElementById("chat-typing").textContent === "" """)
    ana.hover("#chat-list li:last-child")
    ana.click("#chat-list li:last-child .chat-tools button:nth-child(2)")
    place.ana.say("Good")
    ben.until("""() => document.querySelector("li.to-me .chat-quote")?.textContent
        === "↩ Ben @Ana I am" """)
    ana.until(SHOWS, "Good")
    ana.press("ArrowUp")
    place.ana.say("Good!")
    for window in (ana, ben):
        window.until("""() => document.querySelector("#chat-list li:last-child .chat-line")
            .textContent.endsWith("Ana: Good! (edited)")""")


def test_moderators_have_a_window_of_their_own(place):
    stream = place.stream()
    place.post(stream, "cheap coins", place.ana)
    ben, mo = place.ben.visit(stream), place.mo.visit(stream)
    ben.until(SHOWS, "cheap coins")
    ben.hover("#chat-list li")
    ben.click("#chat-list .chat-tools button:last-child")
    ben.click('.menu button:text-is("Report")')
    ben.fill("dialog textarea", "again")
    ben.click('dialog button:text-is("Report")')
    ben.until(SAYS, "Thank you")
    mo.until("""() => document.getElementById("chat-moderate").textContent === "Moderate (1)" """)
    mo.click("#chat-moderate")
    mo.click('dialog button:text-is("Time out 10 min")')
    mo.until("""() => document.querySelector("dialog .tab-panel").textContent.includes("no open")""")
    mo.click('dialog button:text-is("Banned")')
    mo.until("""() => document.querySelector("dialog .entries b")?.textContent === "Ana" """)
    mo.photograph("chat-bars")
    mo.click('dialog button:text-is("Lift")')
    mo.until("""() => document.querySelector("dialog .tab-panel").textContent.includes("Nobody")""")
    mo.click('dialog button:text-is("Settings")')
    mo.choose('.field:has-text("Between two") select', "60")
    mo.click('dialog button:text-is("Save")')
    ben.until(SAYS, "Slow mode: one message every 60 s.")
    place.post(stream, "last words")
    for window in (ben, mo):
        window.until(SHOWS, "last words")
    mo.click('dialog button:text-is("Clear the chat …")')
    mo.click('dialog button:text-is("Clear the chat")')
    for window in (ben, mo):
        window.until(LACKS, "last words")


def test_slow_mode_counts_down(place):
    stream = place.stream()
    window = place.ana.visit(stream)
    set_chat(place, stream, slowModeSeconds=3)
    window.until(SAYS, "Slow mode")
    place.ana.say("first")
    waits = """() => /in [123] s/.test(document.getElementById("chat-wait").textContent)"""
    window.until(waits)
    place.ana.say("second")
    assert window.look("""() => document.getElementById("chat-input").value""") == "second"
    window.until(f"() => !({waits})()")
    window.press("Enter")
    window.until(SHOWS, "second")
    assert place.history(stream) == ["first", "second"]
    place.post(stream, "elsewhere", place.ben)
    ben = place.ben.visit(stream)
    place.ben.say("too soon")  # this window cannot know: the server refuses, and the text is back
    ben.until(SAYS, "Slow mode is on")
    ben.until(waits)
    assert ben.look("""() => document.getElementById("chat-input").value""") == "too soon"


def test_who_may_not_write_learns_why(place):
    stream = place.stream()
    window = place.ana.visit(stream)
    set_chat(place, stream, isChatEnabled=False)
    window.until(SAYS, "The chat is off.")
    set_chat(place, stream, isChatEnabled=True, writers="moderators")
    window.until(SAYS, "Only moderators can write here.")
    set_chat(place, stream, writers="everyone", isChatFollowersOnly=True)
    window.until(SAYS, "Only followers can write here.")
    window.click('#chat-notice button:text-is("Follow")')
    window.until(f"() => !({SAYS})('Only')")
    place.ana.say("I follow")
    window.until(SHOWS, "I follow")
    told = window.look("""() => [...document.querySelectorAll("#chat-list li.system")].length""")
    assert told >= 2
    window.photograph("chat-system")


def test_a_ban_is_seen_at_once_and_stays(place):
    stream = place.stream()
    window = place.ben.visit(stream)
    bar = f"/api/chat/rooms/{stream['id']}/bars/{place.ben.id}"
    seen = window.begin_until(SAYS, "You are banned")
    eventually(lambda: window.look("() => 1"))  # the page looks by now
    began = time.time()
    place.mo.api.put(bar, {"reason": "spam"}).expect(200)
    assert seen() - began <= at_once()
    assert window.look("""() => document.getElementById("chat-input").readOnly""")
    window.go(f"{place.cable.url}/watch/{stream['playbackId']}")
    window.until(SAYS, "You are banned from this chat. Reason: spam")
    place.mo.api.delete(bar).expect(204)
    window.until("""() => !document.getElementById("chat-input").readOnly""")
    place.mo.api.put(bar, {"seconds": 1}).expect(200)
    window.until(SAYS, "You are timed out until")
    window.until("""() => !document.getElementById("chat-input").readOnly""")
    place.ben.say("here again")
    window.until(SHOWS, "here again")


def test_authors_see_a_delayed_message_at_once(place):
    stream = place.stream()
    set_chat(place, stream, isChatDelayed=True, chatDelaySeconds=3)
    ana, ben = place.ana.visit(stream), place.ben.visit(stream)
    place.ana.say("a bit later")
    ana.until("""() => document.querySelector("#chat-list .chat-note")?.textContent
        .startsWith("Visible to others in")""")
    assert ben.look(ROWS) == []
    ben.until(SHOWS, "a bit later")
    ana.until("""() => !document.querySelector("#chat-list .chat-note")""")
    assert ana.look(ROWS) == ["a bit later"]


def test_texts_are_never_html(place):
    stream = place.stream()
    texts = ['<img src=x onerror="document.title=1">', "javascript:alert(1)", "<b>https://a.example/?q=1</b>"]
    for text in texts:
        place.post(stream, text)
    window = place.ana.visit(stream)
    window.until(SHOWS, texts[2])
    assert window.look(ROWS) == texts
    links = window.look("""() => [...document.querySelectorAll("#chat-list a")]
        .map(({ href, rel, target }) => [href, rel, target])""")
    assert links == [["https://a.example/?q=1", "noopener nofollow ugc", "_blank"]]
    assert not window.look("""() => document.querySelector("#chat-list img, #chat-list script")""")


def test_older_messages_come_by_scrolling(place):
    stream = place.stream()
    for number in range(130):
        place.post(stream, f"number {number}")
    window = place.ana.visit(stream)
    window.until(SHOWS, "number 129")
    top = """() => { document.getElementById("chat-log").scrollTop = 0; }"""
    for _ in range(2):
        count = len(window.look(ROWS))
        window.look(top)
        window.until(f"() => ({ROWS})().length > {count}")
    assert window.look(ROWS) == [f"number {number}" for number in range(130)]
    before = window.look("""() => document.getElementById("chat-log").scrollTop""")
    place.post(stream, "number 130")
    window.until("""() => document.getElementById("chat-new").textContent === "1 new message" """)
    assert window.look("""() => document.getElementById("chat-log").scrollTop""") == before
    window.click("#chat-new")
    window.until("""() => document.getElementById("chat-new").hidden""")


def test_everything_is_reached_by_the_keyboard(place):
    stream = place.stream()
    place.post(stream, "by hand")
    window = place.ben.visit(stream)
    focused = "() => document.activeElement.ariaLabel ?? document.activeElement.id"
    window.look("""() => document.getElementById("chat-input").focus()""")
    window.type("without a mouse")
    window.press("Enter")
    window.until(SHOWS, "without a mouse")
    window.press("Shift+Tab")
    window.press("ArrowUp")
    window.press("Tab")
    assert window.look(focused) == "React to the message of mo"
    window.press("Enter")
    window.press("ArrowRight")
    window.press("Enter")
    window.until("""() => document.querySelector(".chat-reaction")?.textContent === "❤️ 1" """)
    assert window.look(focused) == "React to the message of mo"
    window.press("Tab")
    window.press("Tab")
    window.press("Enter")
    assert window.look("() => document.activeElement.textContent") == "Report"
    window.press("Enter")
    window.until("""() => document.querySelector("dialog")?.open""")
    window.press("Escape")
    window.until("""() => !document.querySelector("dialog")""")
    window.press("Escape")
    window.press("Escape")
    assert window.look(focused) == "chat-input"


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_chat_on_a_phone(place, scheme):
    stream = place.stream()
    for text in ["Good morning!", "What a view https://example.org/" + "long" * 30, "W" * 200]:
        place.post(stream, text)
    url = f"{place.cable.url}/watch/{stream['playbackId']}"
    window = place.browser.open(f"phone-{scheme}", url, width=390, height=844, colorScheme=scheme)
    window.until(SHOWS, "Good morning!")
    fits = """() => document.documentElement.scrollWidth <= innerWidth &&
        document.getElementById("chat").getBoundingClientRect().bottom <= innerHeight"""
    assert window.look(fits)
    assert window.audit() == []
    window.photograph(f"chat-phone-{scheme}")
    if scheme == "light":
        return
    window.click("#sign-open")
    window.fill("#sign-email", "ana@example.org")
    window.fill("#sign-password", PASSWORD)
    window.press("Enter")
    window.until(READY)
    window.resize(390, 480)  # the keyboard is there
    window.click("#chat-input")
    assert window.look("""() => {
        const { top, bottom } = document.getElementById("chat-input").getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight &&
            getComputedStyle(document.getElementById("chat-input")).fontSize === "16px"; }""")
    window.click("#chat-account")
    window.press("Enter")
    window.until(IS_GUEST)


def test_pages_have_names_and_contrast(place):
    stream = place.stream()
    place.post(stream, "for the audit")
    window = place.mo.visit(stream)
    window.until(SHOWS, "for the audit")
    window.hover("#chat-list li")
    assert window.audit() == []
    window.click("#chat-moderate")
    window.until("""() => document.querySelector("dialog select")""")
    assert window.audit() == []
    window.photograph("chat-settings")
    window.press("Escape")
