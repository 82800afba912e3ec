"""Runs the script of the first boot and tells the token that it used, which it tells nobody itself.

Arguments: the script, the file to tell the token in, and the script's own argument.
"""
import importlib.util
import sys


def main(script, told_file, settings):
    spec = importlib.util.spec_from_file_location("first_boot", script)
    first_boot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(first_boot)
    do = first_boot.Vault.do

    def told(vault, *arguments):
        if vault.token:
            with open(told_file, "w", encoding="utf-8") as file:
                file.write(vault.token)
        return do(vault, *arguments)

    first_boot.Vault.do = told
    return first_boot.main([settings])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
