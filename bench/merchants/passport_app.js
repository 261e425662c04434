// A merchant with passport-openidconnect, as its documentation shows it.
const crypto = require("crypto");
const express = require("express");
const session = require("express-session");
const passport = require("passport");
const OpenIDConnectStrategy = require("passport-openidconnect");

const { ORIGIN, PROVIDER, ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(session({ secret: crypto.randomBytes(16).toString("hex"), resave: false, saveUninitialized: false }));
passport.use(new OpenIDConnectStrategy({
  issuer: ISSUER,
  authorizationURL: `${PROVIDER}/access-management-1.0/access/oauth2/auth`,
  tokenURL: `${PROVIDER}/access-management-1.0/access/oauth2/token`,
  userInfoURL: `${PROVIDER}/vipps-userinfo-api/userinfo`,
  clientID: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  callbackURL: `${ORIGIN}/callback`,
  scope: ["name", "email", "phoneNumber", "address"],
}, (issuer, profile, done) => done(null, { id: profile.id, name: profile.displayName })));
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));
app.use(passport.session());

const escape = (text) => String(text).replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
app.get("/", (request, response) => response.send(request.user
  ? `Hello ${escape(request.user.name)} <form method="post" action="/logout"><button>Log out</button></form>`
  : '<a href="/login">Log in with Vipps</a>'));
app.get("/account", (request, response) =>
  response.send(request.user ? `Account <b>${escape(request.user.id)}</b>` : "Please log in."));
app.get("/login", passport.authenticate("openidconnect"));
app.get("/callback", passport.authenticate("openidconnect", { failureRedirect: "/" }),
  (request, response) => response.redirect("/"));
app.post("/logout", (request, response, next) =>
  request.logout((error) => error ? next(error) : response.redirect("/")));
app.listen(Number(PORT), "127.0.0.1");
