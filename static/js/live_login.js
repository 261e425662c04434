// Follow the login on the page guide/inspector/live: the server says when something was recorded, and the page's own
// address has the new steps. The stream ends by itself; then a link offers to go on.
const PART = "[data-live]";

function say(when) {
  for (const line of document.querySelectorAll("[data-when]")) line.hidden = line.dataset.when !== when;
}

async function update() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) return;
  const shown = document.querySelector(PART);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(PART);
  const known = shown.dataset.login === fresh.dataset.login ? shown.querySelectorAll(".steps > li").length : 0;
  const steps = [...fresh.querySelectorAll(".steps > li")].slice(known);
  if (known === 0) shown.querySelector(".steps").replaceChildren();
  for (const step of steps) step.classList.add("live__new");
  shown.querySelector(".steps").append(...steps);
  shown.querySelector(".live__now").replaceChildren(...fresh.querySelector(".live__now").childNodes);
  Object.assign(shown.dataset, fresh.dataset);
}

function follow({ live, seen }) {
  const events = new EventSource(`${live}?seen=${encodeURIComponent(seen)}`);
  events.addEventListener("open", () => say("on"));
  let last = Promise.resolve(); // one update after the other, or steps would be added twice
  events.addEventListener("login", () => (last = last.then(update).catch(() => say("off"))));
  events.addEventListener("end", () => {
    events.close();
    say("over");
  });
  // The browser connects again by itself after a lost connection, and not after an answer that is no stream.
  events.addEventListener("error", () => say(events.readyState === EventSource.CLOSED ? "over" : "off"));
}

follow(document.querySelector(PART).dataset);
