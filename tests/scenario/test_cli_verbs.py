# SPDX-License-Identifier: MIT
"""The command `dais`: what it says, and how it ends."""
import json
import os
import pty
import re
import subprocess
import uuid

from dais.server import build_folder

PASSWORD = "correct horse battery"
DAIS = str(build_folder() / "bin" / "dais")


def run(*words, cwd, env=None, stdin=""):
    return subprocess.run([DAIS, *words], cwd=cwd, env={**os.environ, **(env or {})}, input=stdin,
                          capture_output=True, text=True, timeout=60, check=False)


def new_email():
    return f"{uuid.uuid4().hex}@example.org"


# -- without a server ---------------------------------------------------------------------------


def test_help_and_version(tmp_path):
    listed = run("help", cwd=tmp_path)
    assert listed.returncode == 0
    for verb in ("serve", "check", "doctor", "help", "version"):
        assert f"\n  {verb} " in listed.stdout
    assert "none is running" in listed.stdout
    assert run("--version", cwd=tmp_path).stdout.startswith("dais 0.")
    assert "--safe" in run("serve", "--help", cwd=tmp_path).stdout


def test_an_unknown_verb_gets_the_nearest(tmp_path):
    answer = run("sevre", cwd=tmp_path)
    assert answer.returncode == 2
    assert "did you mean 'serve'" in answer.stderr


def test_a_verb_of_the_server_without_a_server(tmp_path):
    answer = run("plugin", "list", cwd=tmp_path, env={"DAIS_DATA": str(tmp_path / "data")})
    assert answer.returncode == 1
    assert f"no server is running on {tmp_path}/data" in answer.stderr
    assert "dais serve" in answer.stderr
    other = run("plugin", "list", "--data", "elsewhere", cwd=tmp_path)
    assert f"no server is running on {tmp_path}/elsewhere" in other.stderr


def test_arguments_that_are_wrong(tmp_path):
    for words, says in ((["serve", "--port", "1"], "no option --port"),
                        (["serve", "now"], "one argument too many")):
        answer = run(*words, cwd=tmp_path)
        assert answer.returncode == 2
        assert says in answer.stderr


# -- check --------------------------------------------------------------------------------------


def check(tmp_path, text):
    (tmp_path / "dais.yaml").write_text(text)
    return run("check", cwd=tmp_path)


def test_check_of_nothing_and_of_a_good_file(tmp_path):
    assert run("check", cwd=tmp_path).returncode == 0
    answer = check(tmp_path, "http:\n  listen: ['127.0.0.1:0']\nworkers: 2\n")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "dais.yaml is fine\n"


def test_check_tells_every_problem_with_its_line(tmp_path):
    answer = check(tmp_path, "workers: 100000\n"
                             "http:\n"
                             "  lisen: 8080\n"
                             "limits:\n"
                             "  body_bytes: lots\n")
    assert answer.returncode == 1
    lines = answer.stderr.splitlines()
    assert any("dais.yaml:1:" in line and "workers" in line for line in lines), lines
    assert any("dais.yaml:3:" in line and "lisen" in line for line in lines), lines
    assert any("dais.yaml:5:" in line and "body_bytes" in line for line in lines), lines


def test_check_knows_the_keys_of_plugins(tmp_path):
    answer = check(tmp_path, "plugins:\n  auth:\n    no_such_key: 1\n")
    assert answer.returncode == 1
    assert "dais.yaml:3:" in answer.stderr
    assert "no_such_key" in answer.stderr
    answer = check(tmp_path, "plugins:\n  nosuchplugin: {}\n")
    assert answer.returncode == 1
    assert "nosuchplugin" in answer.stderr


def test_check_of_a_file_that_is_no_yaml_or_missing(tmp_path):
    answer = check(tmp_path, "workers: [1\nhttp:\n")
    assert answer.returncode == 1
    assert "dais.yaml:" in answer.stderr
    answer = run("check", "nowhere.yaml", cwd=tmp_path)
    assert answer.returncode == 1
    assert "nowhere.yaml" in answer.stderr


def test_serve_refuses_a_broken_configuration(tmp_path):
    (tmp_path / "dais.yaml").write_text("workers: many\n")
    answer = run("serve", cwd=tmp_path)
    assert answer.returncode == 1
    assert "dais.yaml:1:" in answer.stderr


# -- doctor -------------------------------------------------------------------------------------


def findings(answer):
    """{concern: grade} of what was printed."""
    found = {}
    for line in answer.stdout.splitlines():
        grade, _, rest = line.partition(" ")
        assert grade in ("ok", "warn", "fail"), line
        found[rest.strip().partition(":")[0]] = grade
    return found


def test_doctor_looks_at_everything(tmp_path):
    tmp_path.chmod(0o755)
    answer = run("doctor", cwd=tmp_path, env={"DAIS_DATA": "/tmp/dais-doctor-none", "PORT": "0"})
    found = findings(answer)
    for concern in ("configuration", "account", "data directory", "disk", "server", "database",
                    "http", "file descriptors", "backlog", "ffmpeg"):
        assert concern in found, answer.stdout
    assert answer.returncode == ("fail" in found.values())


def test_doctor_finds_what_is_wrong(tmp_path):
    tmp_path.chmod(0o755)
    answer = run("doctor", cwd=tmp_path,
                 env={"DAIS_DATA": "/etc/hostname/dais", "PORT": "0", "PATH": "/nowhere"})
    found = findings(answer)
    assert found["data directory"] == "fail"
    assert found["ffmpeg"] == "warn"
    assert answer.returncode == 1


def test_doctor_counts_file_descriptors(tmp_path):
    limited = subprocess.run(["bash", "-c", f"ulimit -n 512 && exec {DAIS} doctor"], cwd=tmp_path,
                             env={**os.environ, "PORT": "0"}, capture_output=True, text=True,
                             timeout=60, check=False)
    assert findings(limited)["file descriptors"] == "fail"
    assert "at most 512" in limited.stdout
    room = int(re.search(r"room for about (\d+) sockets", limited.stdout)[1])
    assert 300 < room < 512


# -- with a server ------------------------------------------------------------------------------


def test_the_server_brings_its_verbs(server):
    listed = server.cli("help")
    assert "\n  user add " in listed.stdout
    assert "\n  plugin list " in listed.stdout
    explained = server.cli("help", "user", "add")
    assert "usage: dais user add <email>" in explained.stdout
    assert server.cli("user", "ad").stderr.count("did you mean 'user add'") == 1


def test_doctor_beside_a_running_server(server):
    answer = server.cli("doctor")
    assert findings(answer)["http"] == "ok"
    assert "is running on this data directory" in answer.stdout


def test_plugin_list(server):
    listed = server.cli("plugin", "list")
    assert listed.returncode == 0
    for plugin in ("auth", "streams", "rtmp", "hls"):
        assert any(line.split()[0] == plugin for line in listed.stdout.splitlines() if line), plugin


def test_describe(server):
    answer = server.cli("describe")
    assert answer.returncode == 0
    assert "/api/streams" in answer.stdout
    assert "routes" in json.loads(server.cli("describe", "--format", "json").stdout)


def test_describe_needs_no_server(tmp_path):
    whole = run("describe", cwd=tmp_path, env={"DAIS_DATA": str(tmp_path / "data")})
    assert whole.returncode == 0, whole.stderr
    topic = run("describe", "routes", cwd=tmp_path, env={"DAIS_DATA": str(tmp_path / "data")})
    assert topic.stdout.startswith("routes\n")
    assert topic.stdout in whole.stdout
    assert "/api/streams" in topic.stdout
    assert "DATABASE_URL" not in topic.stdout
    unknown = run("describe", "rotes", cwd=tmp_path, env={"DAIS_DATA": str(tmp_path / "data")})
    assert unknown.returncode == 2
    assert "the topics are plugins routes config" in unknown.stderr
    assert not list(tmp_path.iterdir())


def test_user_add(server):
    email = new_email()
    added = server.cli("user", "add", email, "--role", "speaker", env={"DAIS_PASSWORD": PASSWORD})
    assert added.returncode == 0, added.stderr
    assert server.login(email, PASSWORD).user["role"] == "speaker"
    again = server.cli("user", "add", email, "--role", "speaker", env={"DAIS_PASSWORD": PASSWORD})
    assert again.returncode == 1
    assert again.stderr.startswith("dais user add: ")


def test_user_add_refuses_bad_arguments(server):
    env = {"DAIS_PASSWORD": PASSWORD}
    for words in (["user", "add", "not-an-address", "--role", "speaker"],
                  ["user", "add", new_email(), "--role", "emperor"],
                  ["user", "add"]):
        answer = server.cli(*words, env=env)
        assert answer.returncode != 0, words
        assert answer.stderr
    answer = server.cli("user", "add", new_email(), "--role", "speaker", f"--password={PASSWORD}")
    assert answer.returncode == 2
    assert "DAIS_PASSWORD" in answer.stderr


def test_the_password_comes_from_a_pipe(server):
    email = new_email()
    added = run("user", "add", email, "--role", "speaker", cwd=server.folder, env=server.env,
                stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
    assert server.login(email, PASSWORD)


def test_the_password_is_asked_for_without_echo(server):
    email = new_email()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(server.folder)
        os.execve(DAIS, [DAIS, "user", "add", email, "--role", "speaker"], server.env)
    screen = b""

    def read_until(text):
        nonlocal screen
        while text not in screen:
            screen += os.read(terminal, 1024)
    read_until(b"password: ")
    os.write(terminal, PASSWORD.encode() + b"\n")
    read_until(b"password, again: ")
    os.write(terminal, PASSWORD.encode() + b"\n")
    try:
        while chunk := os.read(terminal, 1024):
            screen += chunk
    except OSError:
        pass  # the other side of the terminal is closed
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, screen
    assert PASSWORD.encode() not in screen
    assert server.login(email, PASSWORD)
