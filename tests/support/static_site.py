"""A web server for exported pages, with the headers of a CloudFront distribution."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cfnlint.decode import decode_str


class _SiteHandler(SimpleHTTPRequestHandler):
    """Serves files with further headers, and the configuration beside them."""

    def __init__(
        self, *arguments: Any, headers: Mapping[str, str], config: Mapping[str, str], **named: Any
    ) -> None:
        self.further_headers = headers
        self.config = json.dumps(config).encode()
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        """Serve config.json, or a file."""
        if self.path != "/config.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self.config)

    def end_headers(self) -> None:
        """Add the distribution's headers."""
        for name, value in self.further_headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""


@contextmanager
def served_site(folder: Path, template: Path, config: Mapping[str, str]) -> Iterator[str]:
    """The URL at which a site is served while the block lasts.

    Args:
        folder: the exported pages.
        template: the CloudFormation template whose response headers the pages get.
        config: content of config.json; its URLs lead to one local AWS.
    """
    origin = "/".join(config["apiUrl"].split("/")[:3])
    headers = response_headers(template.read_text(encoding="utf-8"), origin)
    handler = partial(_SiteHandler, directory=str(folder), headers=headers, config=config)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def response_headers(template: str, origin: str) -> Mapping[str, str]:
    """The headers of the template's policy, where API, Cognito and buckets have this origin."""
    decoded, problems = decode_str(template)
    assert not problems
    policy = decoded["Resources"]["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    csp = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    for name in (
        "${ApiOrigin}",
        "${BucketOrigins}",
        "https://cognito-idp.${AWS::Region}.amazonaws.com",
    ):
        assert name in csp
        csp = csp.replace(name, origin)
    custom = {item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]}
    return {
        "Content-Security-Policy": csp,
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        **custom,
    }
