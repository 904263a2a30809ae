# SPDX-License-Identifier: MIT
"""Reading HLS the way a player does (RFC 8216)."""
import re
import subprocess
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from .wait import scale

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


def attributes(text):
    """The attribute list of a tag as a dict; quotes removed."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


@dataclass
class Segment:
    url: str
    duration_s: float
    sequence: int
    discontinuity: bool = False
    date_time: str = None
    map_url: str = None


@dataclass
class Playlist:
    """A parsed playlist: variants and renditions of a master, or segments of a media playlist."""
    url: str
    text: str
    tags: dict = field(default_factory=dict)
    variants: list = field(default_factory=list)
    renditions: list = field(default_factory=list)
    segments: list = field(default_factory=list)

    @property
    def media_sequence(self):
        return int(self.tags.get("EXT-X-MEDIA-SEQUENCE", 0))

    @property
    def target_duration_s(self):
        return int(self.tags["EXT-X-TARGETDURATION"])

    @property
    def ended(self):
        return "EXT-X-ENDLIST" in self.tags


def parse(url, text):
    """Parses a playlist that was read from `url`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines and lines[0] == "#EXTM3U", f"no playlist: {text[:80]!r}"
    playlist = Playlist(url, text)
    pending = {}
    for line in lines[1:]:
        if line.startswith("#"):
            _read_tag(playlist, pending, *line[1:].partition(":")[::2])
        else:
            _read_uri(playlist, pending, urljoin(url, line))
    return playlist


def _read_tag(playlist, pending, name, value):
    if name == "EXTINF":
        pending["duration_s"] = float(value.split(",")[0])
    elif name == "EXT-X-STREAM-INF":
        pending["variant"] = attributes(value)
    elif name == "EXT-X-MEDIA":
        rendition = attributes(value)
        if "URI" in rendition:
            rendition["url"] = urljoin(playlist.url, rendition["URI"])
        playlist.renditions.append(rendition)
    elif name == "EXT-X-DISCONTINUITY":
        pending["discontinuity"] = True
    elif name == "EXT-X-PROGRAM-DATE-TIME":
        pending["date_time"] = value
    elif name == "EXT-X-MAP":
        playlist.tags["map_url"] = urljoin(playlist.url, attributes(value)["URI"])
    else:
        playlist.tags[name] = value


def _read_uri(playlist, pending, url):
    if "variant" in pending:
        playlist.variants.append({**pending.pop("variant"), "url": url})
        return
    sequence = playlist.media_sequence + len(playlist.segments)
    playlist.segments.append(Segment(url, sequence=sequence,
                                     map_url=playlist.tags.get("map_url"), **pending))
    pending.clear()


class Hls:
    """A player's view of one stream."""

    def __init__(self, server, playback_id):
        self.api = server.api()
        self.url = f"{server.url}/hls/{playback_id}/master.m3u8"

    def read(self, url):
        """Fetches and parses a playlist."""
        return parse(url, self.api.get_url(url).expect(200).text)

    def master(self):
        return self.read(self.url)

    def media(self):
        """The media playlists: those of the variants, then those of the other renditions."""
        master = self.master()
        urls = [variant["url"] for variant in master.variants]
        urls += [rendition["url"] for rendition in master.renditions if "url" in rendition]
        return [self.read(url) for url in dict.fromkeys(urls)]

    def bytes(self, url):
        """The bytes of a segment or an initialization section."""
        return self.api.get_url(url).expect(200).body

    def path(self, url):
        return urlsplit(url).path


def decode_errors(url, seconds=4):
    """What FFmpeg complains about while it decodes `seconds` of `url`; empty when all is well."""
    done = subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-xerror",
                           "-i", url, "-t", str(seconds), "-f", "null", "-"],
                          capture_output=True, text=True, timeout=60 * scale(), check=False)
    if done.returncode != 0 and not done.stderr:
        return f"ffmpeg ended with {done.returncode}"
    return done.stderr
