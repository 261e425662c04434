// Renews the marked part of a workshop page every few seconds, without loading the page: a text that is being typed,
// the focus and open details stay. Without script the page reloads itself. A page that is not visible asks nothing.
const seconds = Number(document.currentScript.dataset.seconds);
const marked = "[data-part]";

async function renew() {
  if (document.hidden) return;
  const response = await fetch(location.href, { cache: "no-store", redirect: "error" });
  if (!response.ok) return;
  const shown = document.querySelector(marked);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(marked);
  if (!fresh || fresh.outerHTML === shown.outerHTML) return;
  const focused = shown.contains(document.activeElement) && document.activeElement.id;
  const [scrolled] = shown.querySelectorAll("[tabindex]");
  const left = scrolled?.scrollLeft;
  shown.replaceWith(fresh);
  if (scrolled) fresh.querySelector("[tabindex]")?.scrollTo(left, 0);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function follow() {
  await renew().catch(() => {}); // the next time may work
  setTimeout(follow, seconds * 1000); // one request at a time
}

setTimeout(follow, seconds * 1000);
