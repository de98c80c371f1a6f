export { allowInsecureRequests, clientCredentialsGrant, Configuration, customFetch } from "npm:openid-client@6.8.9";
