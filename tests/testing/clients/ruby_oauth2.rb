# A client with ruby-oauth2. Its argument: the seconds to wait until its token has expired.
require "oauth2"

def fetch_token(secret)
  places = { site: ENV.fetch("M2M_ENDPOINT"), token_url: ENV.fetch("M2M_TOKEN_ENDPOINT") }
  client = OAuth2::Client.new(ENV.fetch("M2M_CLIENT_ID"), secret, **places, auth_scheme: :basic_auth)
  client.client_credentials.get_token(scope: "api:read")
end

secret = ENV.fetch("M2M_CLIENT_SECRET")
token = fetch_token(secret)
[0, 0, Float(ARGV.fetch(0))].each do |pause|
  sleep(pause)
  token = fetch_token(secret) if token.expired?
  puts token.get("/v1/projects").status
end
begin
  fetch_token("another")
rescue OAuth2::Error
  puts "refused"
end
