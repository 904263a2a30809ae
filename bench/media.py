# SPDX-License-Identifier: MIT
"""Clips and publishers for the benchmarks of media."""
import subprocess

from harness import ROOT, Peer

CLIPS = ROOT / "build" / "bench"


def clip(megabits):
    """Twenty seconds of 1080p30 High with two B-frames, GOP of two seconds, AAC; made once."""
    path = CLIPS / f"clip-{megabits}m.flv"
    if not path.exists():
        CLIPS.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.flv")
        rate = f"{megabits}M"
        subprocess.run(["ffmpeg", "-y", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
                        "testsrc2=size=1920x1080:rate=30,noise=alls=20:allf=t", "-f", "lavfi", "-i",
                        "sine=frequency=440:sample_rate=48000", "-t", "20", "-c:v", "libx264",
                        "-preset", "ultrafast", "-profile:v", "high", "-bf", "2", "-g", "60",
                        "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-b:v", rate, "-minrate", rate,
                        "-maxrate", rate, "-bufsize", rate, "-x264-params", "nal-hrd=cbr", "-c:a",
                        "aac", "-b:a", "128k", "-ac", "2", str(part)], check=True)
        part.rename(path)
    return path


def publisher(url, megabits=5):
    """Publishes the clip over and over in real time, without encoding."""
    return Peer(["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i",
                 clip(megabits), "-c", "copy", "-f", "flv", url])
