// Tests of a merchant with Node's own test runner: node --test merchant.test.mjs
// `merchant` stands for your site: replace it by requests to your own routes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Vipps } from "./vipps-login-simulator.mjs";

const command = process.env.VIPPS_SIMULATOR ? JSON.parse(process.env.VIPPS_SIMULATOR) : undefined;
const REDIRECT_URI = "http://localhost:3000/callback";
let vipps;

before(async () => { vipps = await Vipps.start(command); });
after(() => vipps.stop());

async function merchant(vipps) {
  const provider = await (await fetch(vipps.discovery)).json();
  const state = crypto.randomUUID();
  const query = { client_id: vipps.clientId, response_type: "code", scope: "openid name", state, redirect_uri: REDIRECT_URI };
  return {
    authorizationUrl: `${provider.authorization_endpoint}?${new URLSearchParams(query)}`,
    async callback(location) {
      const answer = new URL(location).searchParams;
      if (answer.get("state") !== state) throw new Error("another state");
      if (answer.has("error")) throw new Error(answer.get("error"));
      const token = await fetch(provider.token_endpoint, {
        method: "POST",
        headers: { Authorization: `Basic ${btoa(`${vipps.clientId}:${vipps.clientSecret}`)}` },
        body: new URLSearchParams({ grant_type: "authorization_code", code: answer.get("code"), redirect_uri: REDIRECT_URI }),
      });
      if (!token.ok) throw new Error(`token endpoint: ${token.status}`);
      const { access_token } = await token.json();
      const headers = { Authorization: `Bearer ${access_token}` };
      return (await fetch(provider.userinfo_endpoint, { headers })).json();
    },
  };
}

test("a person logs in", async () => {
  const person = await vipps.person("kari");
  const shop = await merchant(vipps);
  const user = await shop.callback(await vipps.logIn(shop.authorizationUrl, person.key));
  assert.equal(user.name, person.name);
  assert.equal(user.sub, person.subjects[vipps.clientId]);
  assert.equal((await vipps.waitFor("token")).status, 200);
});

test("a person cancels", async () => {
  const shop = await merchant(vipps);
  const location = await vipps.logIn(shop.authorizationUrl, "kari", { action: "deny" });
  await assert.rejects(shop.callback(location), /access_denied/);
});

test("Vipps has a bad day for one person", async () => {
  const emil = await vipps.person("kari", { given_name: "Emil", simulate: "token_503" });
  const shop = await merchant(vipps);
  await assert.rejects(shop.callback(await vipps.logIn(shop.authorizationUrl, emil.key)), /503/);
});

test("a world of its own", async () => {
  const world = vipps.world("node");
  const shop = await merchant(world);
  const user = await shop.callback(await world.logIn(shop.authorizationUrl));
  assert.ok(user.sub);
  await assert.rejects(merchant(world).then(async (other) => other.callback(await vipps.logIn(other.authorizationUrl))), /400/);
});
