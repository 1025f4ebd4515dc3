"""Prose of the OpenAPI description: how to sign in, what may change, what the tags mean."""

from __future__ import annotations

import json
from dataclasses import dataclass

UPLOADS = "Uploads"
DOCUMENTS = "Documents"
USERS = "Users"
DESCRIPTION = "Description"

TAGS = (
    (UPLOADS, "Upload URLs: the file goes straight to S3, not through the API."),
    (DOCUMENTS, "Records of uploaded files with the metadata extracted from them."),
    (USERS, "Users who own documents."),
    (DESCRIPTION, "This OpenAPI description."),
)
"""Names and descriptions, in the order of the operations."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where users of a stage get their ID tokens."""

    url: str
    """Of the Cognito API."""
    client_id: str
    """App client of the stage's user pool."""

    def command(self) -> str:
        """A command that prints an ID token."""
        body = {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": self.client_id,
            "AuthParameters": {"USERNAME": "EMAIL", "PASSWORD": "PASSWORD"},
        }
        return (
            f"curl --fail-with-body --silent {self.url.rstrip('/')}/ \\\n"
            "  --header 'Content-Type: application/x-amz-json-1.1' \\\n"
            "  --header 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \\\n"
            f"  --data '{json.dumps(body)}'"
        )


def description(sign_in: SignIn) -> str:
    """The description of the API in Markdown."""
    return f"""\
Upload files to S3 and read the metadata extracted from them.

## Sign in

Every operation but this description requires the ID token of a user of the service's Amazon
Cognito user pool, in the header `Authorization`: `Bearer` and the token, or the token alone. An
access token is rejected. The operation `InitiateAuth` of Cognito returns the token as
`AuthenticationResult.IdToken`; after `ExpiresIn` seconds it expires, and `REFRESH_TOKEN_AUTH` with
`RefreshToken` returns another:

```
{sign_in.command()}
```

## Upload a file

1. `POST /uploads` with its name, type and size returns an upload URL.
2. PUT the file to the URL with the headers that the response lists.
3. `GET /documents/{{document_id}}` until `status` is neither `PENDING` nor `SCANNING`.

## Compatibility

Responses are open: fields, statuses, failure codes and error codes may be added. Ignore fields that
you do not know, and treat an unknown code like its HTTP status. Requests are closed: an unknown
field or parameter is an error.
"""
