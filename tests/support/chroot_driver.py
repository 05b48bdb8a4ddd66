"""Runs a loader over many files inside one chroot; a program of its own, standard library only, for `real_loader`.

Standard input holds one JSON object: ``root``, ``qemu`` (path of an interpreter outside the root, or null),
``command`` (the argument list up to the file), ``files`` (paths inside the root), ``environment`` (variables, none
when left out), ``alone`` (the files themselves are started, without a command) and ``timeout`` in seconds a file.
Standard output gets one JSON object a line, in the order of ``files``: ``exit`` (negative: the signal),
``stdout`` and ``stderr`` (bytes as latin-1).
"""

import json
import os
import resource
import select
import signal
import sys

OUTPUT_LIMIT = 256 << 20
"""Bytes a loader may write to one of its outputs before it is killed by SIGXFSZ."""


def _child(executable: int | str, command: list[bytes], environment: dict[str, str], out: int, err: int) -> None:
    os.dup2(os.open("/", os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_LIMIT, OUTPUT_LIMIT))
    os.execve(executable, command, environment)


def _all_of(handle: int) -> str:
    size = os.lseek(handle, 0, os.SEEK_END)
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(handle, "rb") as stream:
        return stream.read(size).decode("latin-1")


def run(executable: int | str, command: list[bytes], environment: dict[str, str], timeout: float) -> dict[str, object]:
    """One run: the exit status (negative signal number when killed) and both outputs whole."""
    out, err = os.memfd_create("stdout"), os.memfd_create("stderr")
    pid = os.fork()
    if pid == 0:
        try:
            _child(executable, command, environment, out, err)
        except OSError as error:
            os.write(err, f"cannot execute: {error}\n".encode())
        finally:
            os._exit(126)
    watch = os.pidfd_open(pid)
    if not select.select([watch], [], [], timeout)[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(watch)
    _pid, status = os.waitpid(pid, 0)
    return {"exit": os.waitstatus_to_exitcode(status), "stdout": _all_of(out), "stderr": _all_of(err)}


def main() -> None:
    """Read the request, enter the root, answer file by file."""
    request = json.load(sys.stdin)
    command = [os.fsencode(word) for word in request["command"]]
    executable: int | str = request["command"][0] if request["command"] else ""
    if request["qemu"]:
        # Opened before the chroot and executed by descriptor: the root itself stays as it is.
        executable = os.open(request["qemu"], os.O_RDONLY)
        command = [b"qemu", *command]
    os.chroot(request["root"])
    os.chdir("/")
    environment = request.get("environment", {})
    for file in request["files"]:
        words = command if request.get("alone") else [*command, os.fsencode(file)]
        program = file if request.get("alone") else executable
        answer = run(program, words or [os.fsencode(file)], environment, request["timeout"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
