export {
  clientCredentialsGrantRequest,
  ClientSecretBasic,
  processClientCredentialsResponse,
} from "npm:oauth4webapi@3.8.8";
