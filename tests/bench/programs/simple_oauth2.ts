export { ClientCredentials } from "npm:simple-oauth2@5.1.0";
