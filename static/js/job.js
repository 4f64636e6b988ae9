// Follows a job that waits or runs: shows its progress each second and opens what comes of it. The
// page itself stays where it is, so that nobody who reads or listens is thrown back to its top.
const bar = document.getElementById("progress");
const words = document.querySelector("label[for=progress]");

async function look() {
  try {
    const answer = await fetch(location.href);
    if (answer.redirected) {
      location.replace(answer.url);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("progress");
    if (answer.ok && !now) {
      location.reload();
      return;
    }
    if (now) {
      bar.value = now.value;
      words.textContent = page.querySelector("label[for=progress]").textContent;
    }
  } catch {
    // No network at this moment: look again.
  }
  setTimeout(look, 1000);
}

if (bar) setTimeout(look, 1000);
