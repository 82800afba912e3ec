"""Runs the script of the first boot and kills it, and all it started, at the first of its steps where that was not done yet.

Arguments: the script, a file with the steps where a run was killed, the script's own argument, and the only step where it
is to be killed, if not at each.
"""
import importlib.util
import os
import signal
import sys


def main(script, killed_file, settings, only=None):
    spec = importlib.util.spec_from_file_location("first_boot", script)
    first_boot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(first_boot)

    def kill_once(step):
        if only not in (None, step):
            return
        with open(killed_file, "a+", encoding="utf-8") as file:
            file.seek(0)
            if step in file.read().split("\n"):
                return
            file.write(step + "\n")
            file.flush()
        os.killpg(0, signal.SIGKILL)

    def watched(function, name):
        def step(*arguments, **options):
            kill_once("before " + name(*arguments, **options))
            result = function(*arguments, **options)
            kill_once("after " + name(*arguments, **options))
            return result

        return step

    first_boot.Vault.do = watched(first_boot.Vault.do, lambda vault, method, path, *_: method + " " + path)
    first_boot.aws = watched(first_boot.aws, lambda _, *arguments, **__: arguments[1])
    first_boot.write_journal = watched(first_boot.write_journal, lambda _, **entry: "journal: " + entry["state"])
    for step in ("empty_data", "start_server", "stop_server"):
        setattr(first_boot, step, watched(getattr(first_boot, step), lambda *_, step=step: step))
    return first_boot.main([settings])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
