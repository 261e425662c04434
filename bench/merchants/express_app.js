// A merchant with express-openid-connect, as its documentation shows it.
const crypto = require("crypto");
const express = require("express");
const { auth } = require("express-openid-connect");

const { ORIGIN, ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const app = express();
app.use(auth({
  authRequired: false,
  baseURL: ORIGIN,
  issuerBaseURL: ISSUER,
  clientID: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  clientAuthMethod: "client_secret_basic",
  secret: crypto.randomBytes(32).toString("hex"),
  authorizationParams: { response_type: "code", response_mode: "query", scope: "openid name email phoneNumber address" },
}));

app.get("/", (request, response) => response.send(request.oidc.isAuthenticated()
  ? 'Hello customer <a href="/logout">Log out</a>'
  : '<a href="/login">Log in with Vipps</a>'));
app.get("/account", (request, response) => response.send(request.oidc.isAuthenticated()
  ? `Account <b>${request.oidc.user.sub}</b>` : "Please log in."));
app.listen(Number(PORT), "127.0.0.1");
