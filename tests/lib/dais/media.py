# SPDX-License-Identifier: MIT
"""Encoders that publish: FFmpeg with a moving picture and a tone."""
import subprocess
import tempfile

from .wait import scale


class Publisher:
    """FFmpeg publishing testsrc2 and a sine by RTMP, in real time, until stop()."""

    def __init__(self, url, size="640x360", fps=30, gop_s=1, seconds=None, reconnect=False,
                 video_args=(), audio=True):
        self.url = url
        self._log = tempfile.TemporaryFile()
        command = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning",
                   "-re", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}"]
        if audio:
            command += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
                        "-c:a", "aac", "-b:a", "96k", "-ac", "2"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                    "-pix_fmt", "yuv420p", "-g", str(int(fps * gop_s)), "-b:v", "800k", *video_args]
        if seconds:
            command += ["-t", str(seconds)]
        # FFmpeg's RTMP has no reconnection of its own; its fifo muxer starts the output anew, but
        # does not ask the encoder for the codec headers that FLV needs.
        if reconnect:
            command += ["-flags", "+global_header", "-map", "0:v", *(["-map", "1:a"] if audio else []),
                        "-f", "fifo", "-fifo_format", "flv", "-attempt_recovery", "1",
                        "-recover_any_error", "1", "-recovery_wait_time", "0.2"]
        else:
            command += ["-f", "flv"]
        self.process = subprocess.Popen([*command, url], stdin=subprocess.DEVNULL,
                                        stdout=self._log, stderr=subprocess.STDOUT)

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def running(self):
        return self.process.poll() is None

    def wait(self, timeout_s=30.0):
        """Waits for FFmpeg to end by itself; returns its exit status."""
        return self.process.wait(timeout_s * scale())

    def stop(self):
        """Ends the encoder in order: it says goodbye (FCUnpublish, deleteStream)."""
        if self.running():
            self.process.terminate()
        try:
            self.process.wait(10 * scale())
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        """Ends the encoder without a word, as a lost network does."""
        self.process.kill()
        self.process.wait()
