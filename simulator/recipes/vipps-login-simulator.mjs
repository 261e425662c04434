// Drives the Vipps Login simulator from JavaScript or TypeScript tests (Node 18 or later). One file, no dependencies:
// copy it into your project. The control API that it uses is described at /control/openapi.json.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class Vipps {
  /** @param {string} url @param {{clientId?: string, clientSecret?: string, controlToken?: string}} [options] */
  constructor(url, { clientId = "demo", clientSecret = "demo-secret", controlToken = "" } = {}) {
    this.url = url.replace(/\/$/, "");
    this.clientId = clientId;
    this.clientSecret = clientSecret;
    this.controlToken = controlToken;
    this.issuer = `${this.url}/access-management-1.0/access/`;
    this.discovery = `${this.issuer}.well-known/openid-configuration`;
    /** @type {import("node:child_process").ChildProcess | null} */
    this.process = null;
  }

  /** Starts a simulator on a free port. @param {string[]} [command] */
  static async start(command = ["vipps-login-simulator"]) {
    const [program, ...first] = command;
    const child = spawn(program, [...first, "serve", "--port", "0", "--json"], { stdio: ["ignore", "pipe", "inherit"] });
    const line = once(createInterface({ input: child.stdout }), "line");
    const ended = once(child, "exit").then(([code]) => { throw new Error(`the simulator ended with ${code}`); });
    ended.catch(() => {});
    const [text] = await Promise.race([line, ended]);
    const facts = JSON.parse(text);
    const vipps = new Vipps(facts.url, { clientId: facts.client_id, clientSecret: facts.client_secret });
    vipps.process = child;
    return vipps;
  }

  /** Ends the simulator that `start` started. */
  async stop() {
    if (!this.process) return;
    const exit = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await exit;
    this.process = null;
  }

  /** A world with its own issuer, keys and persons, made at its first use. @param {string} name */
  world(name) {
    return new Vipps(`${this.url}/w/${name}`, this);
  }

  /** Logs a person in without screens; returns the redirect to your callback.
   * @param {string} authorizationUrl @param {string} [person] @param {object} [script] such as {action: "deny"} */
  async logIn(authorizationUrl, person = "kari", script = {}) {
    const body = { authorization_url: authorizationUrl, person, ...script };
    return (await this.control("POST", "authorize", body)).location;
  }

  /** Adds a person like another one, with their own number and address. @param {string} [like] @param {object} [changes] */
  person(like = "kari", changes = {}) {
    return this.control("POST", "persons", { like, ...changes });
  }

  /** Changes a person. @param {string} key @param {object} changes */
  change(key, changes) {
    return this.control("PATCH", `persons/${key}`, changes);
  }

  /** Waits for a call to an endpoint ("authorize", "token", "userinfo"). @param {string} endpoint */
  async waitFor(endpoint, { after = 0, seconds = 10 } = {}) {
    const query = new URLSearchParams({ after: String(after), endpoint, wait: String(seconds) });
    const { requests } = await this.control("GET", `requests?${query}`);
    const found = requests.find((call) => call.endpoint === endpoint);
    if (!found) throw new Error(`no call to ${endpoint} within ${seconds} seconds`);
    return found;
  }

  /** Stops the clock, sets it ahead by seconds, or makes it the real one.
   * @param {{stopped_at?: string, ahead?: number}} [clock] */
  setClock(clock = {}) {
    return this.control("PUT", "clock", clock);
  }

  snapshot() {
    return this.control("GET", "snapshot");
  }

  /** @param {object} snapshot */
  restore(snapshot) {
    return this.control("PUT", "snapshot", snapshot);
  }

  reset() {
    return this.control("POST", "reset", {});
  }

  /** Calls the control API. @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  async control(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = { "Content-Type": "application/json" };
    if (this.controlToken) headers.Authorization = `Bearer ${this.controlToken}`;
    const answer = await fetch(`${this.url}/control/${path}`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
