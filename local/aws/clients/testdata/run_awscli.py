"""Runs commands of the AWS CLI, whichever this Python has, each in a child of one process that has loaded it: starting
it anew for each takes most of the time. Reads a list of lists of arguments, writes a list of [what it says, its code]."""
import json
import os
import sys
import tempfile

from awscli.clidriver import main


def run(arguments):
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.argv = ["aws"] + arguments
            code = 255
            try:
                code = main()
            except SystemExit as exit:
                code = exit.code
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code or 0)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return said.read().decode(), os.waitstatus_to_exitcode(status)


json.dump([run(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
