"""A client with Authlib. Its argument: the seconds to wait until its token has expired."""

import os
import sys
import time

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session


def open_session(secret):
    session = OAuth2Session(
        os.environ["M2M_CLIENT_ID"],
        secret,
        scope="api:read",
        token_endpoint=os.environ["M2M_TOKEN_ENDPOINT"],
        grant_type="client_credentials",
    )
    session.fetch_token()
    return session


session = open_session(os.environ["M2M_CLIENT_SECRET"])
for pause in (0, 0, float(sys.argv[1])):
    time.sleep(pause)
    print(session.get(os.environ["M2M_ENDPOINT"] + "/v1/projects").status_code)
try:
    open_session("another")
except OAuthError:
    print("refused")
