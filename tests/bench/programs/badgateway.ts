export { OAuth2Client, OAuth2Fetch } from "npm:@badgateway/oauth2-client@3.3.1";
