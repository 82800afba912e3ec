#!/usr/bin/python3
"""First boot of a Vault node: runs before the server, each time, and lets it start once the node belongs to the cluster.

Until then Vault listens to this machine alone, because who reaches an uninitialised Vault may initialise it. One node,
the first, initialises it; the others join. Its data becomes everybody's with one call: the recovery keys, encrypted to
their holders, become the only version of their secret, which Secrets Manager takes once and never changes. By then the
root token has done its work and is revoked. What was begun before and was interrupted is nobody's, and is begun anew.

What happened is noted beside the data, in this order, so that a run that follows goes on from there:
  nothing   no data, or data of a run that was interrupted
  offered   all is set up and the root token is revoked; the recovery keys may or may not be stored
  joining   another node's data is or will be here
  member    the node belongs to the cluster; there is nothing left to do

It uses what Amazon Linux 2023 brings: Python 3.9 and the AWS CLI. The only argument is the file of its settings.
"""
import contextlib
import fcntl
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

# Secrets Manager takes a value for a version once: the same value again is taken in silence, another one is refused.
# docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
RECORD = "drawbridge-first-boot-of-this-vault"

# Statuses of developer.hashicorp.com/vault/api-docs/system/health
ACTIVE, STANDBY, UNINITIALISED, SEALED = 200, 429, 501, 503

# What people are told of a server that gives another status than it should, and what they can do.
TROUBLE = {
    None: "unreachable: %(problem)s. What the server says itself is beside this message: its certificate, its volume "
    "and its KMS key must be there",
    UNINITIALISED: "not initialised: no other node lets it in. The first boot of the first node must end, so look at what "
    "it says there, and this node must reach the others' ports 8200 and 8201",
    SEALED: "sealed: its KMS key does not unseal it. The key must be enabled, and the role of this node must be allowed "
    "kms:Decrypt by it; the server tries again by itself",
}

# Seconds between two messages of a run that waits for others.
TELL_SECONDS = 15


class Refused(Exception):
    """Something that this run cannot go on with; the text is for people."""


class Vault:
    """The server of this machine, by its HTTP API: tokens and keys are in no command line."""

    def __init__(self, settings):
        self.address = settings["address"]
        self.tls = ssl.create_default_context(cafile=settings["caFile"])
        self.token = None
        self.problem = "it was not asked yet"

    def status(self):
        """Status of the server, or None while nobody answers."""
        try:
            return self.call("GET", "sys/health")[0]
        except OSError as error:
            self.problem = "%s answers with %s" % (self.address, error)
            return None

    def trouble(self, status):
        """What a status that nobody wants means."""
        return "Vault is " + TROUBLE.get(status, "up, but answers with status %s" % status) % {"problem": self.problem}

    def do(self, method, path, body=None):
        try:
            status, answer = self.call(method, path, body)
        except OSError as error:
            raise Refused("Vault must %s %s, but is unreachable: %s" % (method, path, error)) from error
        if status not in (200, 204):
            raise Refused("Vault must %s %s, got %s %s" % (method, path, status, answer.get("errors")))
        return answer

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            "%s/v1/%s" % (self.address, path),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        if self.token:
            request.add_header("X-Vault-Token", self.token)
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=60) as response:
                return response.status, decoded(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, decoded(error.read())


def decoded(body):
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return {}


def aws(settings, *arguments, given=None):
    """Standard output of the AWS CLI. What is given comes in by standard input, for a command line is everybody's to read."""
    ended = subprocess.run(
        ["aws", "--region", settings["region"], "--output", "json", *arguments],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    if ended.returncode != 0:
        raise AwsError("aws %s: %s" % (" ".join(arguments[:2]), ended.stderr.strip()))
    return ended.stdout


class AwsError(Refused):
    """A call to AWS that failed."""


def is_recorded(settings):
    """Whether the recovery keys of a Vault are stored. Whatever else goes wrong is no answer and ends the run."""
    described = json.loads(
        aws(settings, "secretsmanager", "describe-secret", "--secret-id", settings["recoverySecret"])
    )
    if described.get("DeletedDate"):
        raise Refused("the secret of the recovery keys is to be deleted: restore it before Vault starts")
    return bool(described.get("VersionIdsToStages"))


def record(settings, offer):
    """Stores the recovery keys. False when those of another Vault are stored."""
    try:
        aws(
            settings,
            *("secretsmanager", "put-secret-value", "--secret-id", settings["recoverySecret"]),
            *("--client-request-token", RECORD, "--secret-string", "file:///dev/stdin"),
            given=offer,
        )
    except AwsError as error:
        if "(ResourceExistsException)" in str(error):
            return False
        raise
    return True


def read_journal(settings):
    try:
        with open(journal_file(settings), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"state": "nothing"}


def write_journal(settings, **entry):
    """Writes it whole or not at all, also when the machine loses power."""
    file = journal_file(settings)
    with open(os.open(file + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as new:
        json.dump(entry, new)
        new.flush()
        os.fsync(new.fileno())
    os.rename(file + ".new", file)
    sync_folder(settings["dataFolder"])
    return entry


def journal_file(settings):
    return os.path.join(settings["dataFolder"], "first-boot.json")


def data_folder(settings):
    return os.path.join(settings["dataFolder"], "raft")


def sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def empty_data(settings):
    folder = data_folder(settings)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    os.mkdir(folder, 0o700)
    sync_folder(settings["dataFolder"])


@contextlib.contextmanager
def closed_server(settings):
    """Vault with the settings that let it listen to this machine alone."""
    server = start_server(settings)
    try:
        yield Watched(Vault(settings), server)
    finally:
        stop_server(server)


def start_server(settings):
    arguments = ["-config=" + file for file in settings["serverConfigs"]]
    return subprocess.Popen([settings["vault"], "server", *arguments], stdin=subprocess.DEVNULL, stdout=sys.stderr)


def stop_server(server):
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


class Watched:
    """A running server."""

    def __init__(self, vault, process):
        self.vault = vault
        self.process = process

    def wait_for(self, *wanted, seconds=None):
        """Waits for one of the statuses; for ever, and not in silence, when no seconds are given."""
        began = told = time.monotonic()
        while True:
            status = self.vault.status()
            if status in wanted:
                return
            if self.process.poll() is not None:
                raise Refused(
                    "Vault is unreachable: its server ended with %s. It says why beside this message; most often its KMS "
                    "key, its certificate or its volume is not there" % self.process.returncode
                )
            now = time.monotonic()
            if seconds is not None and now - began >= seconds:
                raise Refused("after %ss " % seconds + self.vault.trouble(status))
            if seconds is None and now - told >= TELL_SECONDS:
                say("waits, for " + self.vault.trouble(status))
                told = now
            time.sleep(0.25)


def set_up(settings):
    """Initialises Vault, does all that takes the root token, and revokes it. Gives what is stored of it."""
    with open(settings["auditCalls"], encoding="utf-8") as file:
        audit = json.load(file)
    with closed_server(settings) as server:
        vault = server.vault
        server.wait_for(UNINITIALISED, seconds=120)
        holders = settings["recovery"]["holders"]
        answer = vault.do(
            "PUT",
            "sys/init",
            {
                "recovery_shares": len(holders),
                "recovery_threshold": settings["recovery"]["threshold"],
                "recovery_pgp_keys": [holder["publicKey"] for holder in holders],
            },
        )
        keys = answer["recovery_keys_base64"]
        if len(keys) != len(holders):
            raise Refused("Vault must give a recovery key for each of %s holders, got %s" % (len(holders), len(keys)))
        vault.token = answer["root_token"]
        server.wait_for(ACTIVE, seconds=120)
        # Vault itself learns its identity in AWS from the instance. What comes after the audit devices is in their files.
        for path, body in {**audit, **settings["calls"]}.items():
            vault.do("POST", path, body)
        vault.do("POST", "auth/token/revoke-self")
        status, _ = vault.call("GET", "auth/token/lookup-self")
        if status != 403:
            raise Refused("the root token must be revoked, but Vault answers it with %s" % status)
    return json.dumps(
        {
            "threshold": settings["recovery"]["threshold"],
            "keys": [
                {"holder": holder["name"], "fingerprint": holder["fingerprint"], "encryptedKey": key}
                for holder, key in zip(holders, keys)
            ],
        }
    )


def begin(settings):
    """The first entry of the journal."""
    if not settings["initialises"]:
        return write_journal(settings, state="joining")
    has_data = os.path.isdir(data_folder(settings)) and os.listdir(data_folder(settings))
    if is_recorded(settings):
        if has_data:
            raise Refused(
                "%s holds data of which the journal knows nothing, and a Vault is set up already: "
                "move it away if this node shall join that one" % data_folder(settings)
            )
        say("a Vault is set up already, this node joins it")
        return write_journal(settings, state="joining")
    # Nobody but a run that was interrupted could have written here: no other node starts before the keys are stored.
    say("begins anew" if has_data else "begins")
    empty_data(settings)
    offer = set_up(settings)
    say("Vault is set up and its root token is revoked")
    return write_journal(settings, state="offered", offer=offer)


def settle(settings, offer):
    """Makes the data of this node everybody's, unless another node was first."""
    if record(settings, offer):
        say("the recovery keys are stored")
        # They stay here as well, encrypted to their holders, should somebody spoil the secret.
        return write_journal(settings, state="member", offer=offer)
    say("the recovery keys of another Vault are stored, this node joins it")
    empty_data(settings)
    return write_journal(settings, state="joining")


def join(settings):
    os.makedirs(data_folder(settings), 0o700, exist_ok=True)
    with closed_server(settings) as server:
        server.wait_for(ACTIVE, STANDBY)
    say("joined")
    return write_journal(settings, state="member")


def run(settings):
    os.umask(0o077)
    with open(os.path.join(settings["dataFolder"], "first-boot.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        journal = read_journal(settings)
        if journal["state"] == "nothing":
            journal = begin(settings)
        if journal["state"] == "offered":
            journal = settle(settings, journal["offer"])
        if journal["state"] == "joining":
            journal = join(settings)


def say(text):
    print("first boot: " + text, file=sys.stderr, flush=True)


def main(arguments):
    with open(arguments[0], encoding="utf-8") as file:
        settings = json.load(file)
    try:
        run(settings)
    except Refused as error:
        say(str(error))
        return 1
    except (subprocess.TimeoutExpired, OSError) as error:
        say("%s must be usable, and so must the AWS CLI: %s" % (settings["dataFolder"], error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
