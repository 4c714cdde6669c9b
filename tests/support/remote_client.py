"""Uses remote control with python-socketio; prints what it saw as one JSON object.

python remote_client.py URL, with JSON on standard input: {"credentials": {name: {"auth": ..., "headers": ...}}, "jobId": ...}.
"""

import json
import queue
import sys

import socketio

NAMESPACE = "/remote-control"
SECONDS = 60


class Device:
    """A connection whose events can be waited for."""

    def __init__(self):
        self.client = socketio.Client(reconnection=False)
        self.events = queue.Queue()
        self.client.on("*", lambda name, *data: self.events.put((name, data[0] if data else None)), namespace=NAMESPACE)
        self.client.on("connect_error", lambda data=None: self.events.put(("connect_error", data)), namespace=NAMESPACE)

    def connect(self, url, transports, auth=None, headers=None):
        self.client.connect(
            url,
            namespaces=[NAMESPACE],
            transports=transports,
            auth=auth,
            headers=headers or {},
            wait_timeout=SECONDS,
        )

    def next(self, wanted):
        while True:
            name, data = self.events.get(timeout=SECONDS)
            if name == wanted:
                return data

    def ask(self, name, data):
        return self.client.call(name, data, namespace=NAMESPACE, timeout=SECONDS)


def outcome(url, transports, credential):
    """'connected', or why the connection was refused."""
    device = Device()
    try:
        device.connect(url, transports, **credential)
        device.next("client_presence")
        return "connected"
    except socketio.exceptions.ConnectionError:
        return device.next("connect_error")
    finally:
        device.client.disconnect()


def main():
    url = sys.argv[1]
    given = json.load(sys.stdin)
    credentials = given["credentials"]
    seen = {"outcomes": {name: outcome(url, ["websocket"], credential) for name, credential in credentials.items()}}
    seen["polling"] = outcome(url, ["polling"], credentials["token"])
    first, second = Device(), Device()
    first.connect(url, ["websocket"], **credentials["token"])
    seen["acknowledged"] = first.ask("new_remote_control_event", {"event": "seek", "value": 12.5})
    seen["echoed"] = first.next("new_remote_control_event")
    seen["refused"] = first.ask("new_remote_control_event", {"event": "seek"})
    seen["error"] = first.next("error")
    first.ask("state_sync", {"timecode": "12.5"})
    second.connect(url, ["websocket"], **credentials["token"])
    seen["replayed"] = second.next("state_sync")
    second.ask("join_job_room", given["jobId"])
    seen["progress"] = second.next("job:progress")
    print(json.dumps(seen))
    first.client.disconnect()
    second.client.disconnect()


main()
