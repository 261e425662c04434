// Adds a button to each block of code that copies it. Without script the page is complete, and code can be selected.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll("main pre:not(.value)")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      const lines = block.classList.contains("source-lines")
        ? [...block.querySelectorAll("[id^=L]")].map((line) => line.textContent.slice(line.firstElementChild.textContent.length))
        : [block.textContent];
      try {
        await navigator.clipboard.writeText(lines.join(""));
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select the text to copy it";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 3000);
    });
    const frame = document.createElement("div");
    frame.className = "copy-frame";
    block.before(frame);
    frame.append(block, button);
  }
}
