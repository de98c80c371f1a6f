"""A client with requests-oauthlib. Its argument: the seconds to wait until its token has expired."""

import os
import sys
import time

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error, TokenExpiredError
from requests_oauthlib import OAuth2Session

client_id = os.environ["M2M_CLIENT_ID"]
session = OAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=["api:read"]))


def fetch_token(secret=os.environ["M2M_CLIENT_SECRET"]):
    session.fetch_token(os.environ["M2M_TOKEN_ENDPOINT"], client_id=client_id, client_secret=secret)


def call():
    print(session.get(os.environ["M2M_ENDPOINT"] + "/v1/projects").status_code)


fetch_token()
call()
call()
time.sleep(float(sys.argv[1]))
try:
    call()
except TokenExpiredError:
    fetch_token()
    call()
try:
    fetch_token("another")
except OAuth2Error:
    print("refused")
