// Adds a button to each block of code that copies it. Without script the page is complete, and code can be selected.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll(":is(.code, .source) > pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(block.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select the text to copy it";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 3000);
    });
    block.after(button);
  }
}

// Opens the entry that the address names, such as an answer of the FAQ. Without script, one click opens it.
function openEntry() {
  const entry = document.getElementById(location.hash.slice(1));
  if (entry instanceof HTMLDetailsElement) entry.open = true;
}
addEventListener("hashchange", openEntry);
openEntry();
