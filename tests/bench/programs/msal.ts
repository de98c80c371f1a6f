export { ConfidentialClientApplication } from "npm:@azure/msal-node@7.2.1";
