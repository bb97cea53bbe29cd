// The lasting copy: a thread is put together from its lines when the address names it, and the filter hides rows.
"use strict";

const { lines, threads, mails } = JSON.parse(document.getElementById("data").textContent);
const inbox = document.getElementById("inbox");
const rows = [...document.querySelectorAll(".row")];
const list = document.getElementById("rows");
const thread = document.getElementById("thread");
const filter = document.getElementById("q");
document.documentElement.classList.add("js");

function text(numbers) {
  return numbers.map((number) => lines[number]).join("\n");
}

function show(place) {
  thread.innerHTML = text(threads[place]);
  thread.scrollTop = 0;
  for (const frame of thread.querySelectorAll("iframe")) frame.srcdoc = text(mails[frame.dataset.mail]);
  rows.forEach((row, index) => {
    if (index === place) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
}

function follow() {
  if (location.hash === "#thread") return;
  const place = Number(/^#grower-(\d+)$/.exec(location.hash)?.[1] ?? NaN);
  if (place in threads) show(place);
  inbox.classList.toggle("chosen", place in threads);
}

const nobody = document.createElement("li");
nobody.className = "none";

function sift() {
  const words = filter.value.trim().toLowerCase();
  let found = 0;
  for (const row of rows) {
    const fits = row.dataset.find.includes(words);
    row.parentElement.hidden = !fits;
    found += fits;
  }
  nobody.textContent = `Nobody matches “${filter.value.trim()}”.`;
  if (found || !rows.length) nobody.remove();
  else list.append(nobody);
}

addEventListener("hashchange", follow);
filter.addEventListener("input", sift);
filter.form.addEventListener("submit", (event) => event.preventDefault());
if (threads.length) show(0);
follow();
sift();
