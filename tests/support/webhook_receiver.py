"""A receiver of webhooks that verifies messages with the package standardwebhooks.

python webhook_receiver.py SECRET: prints the port as one line, then a line of JSON for each message.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            message = webhook.verify(body.decode(), dict(self.headers))
            seen = {"verified": True, "type": message["type"], "jobId": message["data"].get("jobId")}
        except WebhookVerificationError:
            seen = {"verified": False}
        # One write, so that lines of several threads do not mix.
        sys.stdout.write(json.dumps(seen) + "\n")
        sys.stdout.flush()
        self.send_response(204 if seen["verified"] else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
